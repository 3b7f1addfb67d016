#!/bin/sh
# Restores everything, and deletes it again if the restore fails, together with the
# schema that marks the restore: the next try must not take another program's data for
# its own. Only a killed try leaves that to the next one.
# A dump writes a value in twice its size, which may exceed what the server accepts. The
# server's own limit is kept in the schema, because a killed try leaves it raised.
# The definer of views, triggers and routines may be a user of the service that was
# backed up, or of one that this service was once restored from. They work only while
# such a user exists and has the rights. Users created here cannot log in.

sql() { @client@ --max-allowed-packet=1G "$@"; }
tick=$(printf '\140')
database=$tick$ATOLL_DATABASE$tick
finished() {
  sql <<SQL
SELECT CONCAT('SET GLOBAL max_allowed_packet = ', bytes) INTO @limit FROM $ATOLL_RESTORE.packet;
EXECUTE IMMEDIATE @limit;
DROP DATABASE $ATOLL_RESTORE;
SQL
}
failed() {
  code=$?
  trap - EXIT
  echo "CREATE OR REPLACE DATABASE $database;" | sql && finished
  exit "$code"
}
# shellcheck disable=SC1087 # $tick is no array: a bracket expression of grep follows it.
definers() {
  gzip -dc "$ATOLL_FILE" | LC_ALL=C grep -aE '^(/[*]!|CREATE )' |
    LC_ALL=C grep -aoE "DEFINER=$tick[^$tick]+$tick@$tick[^$tick]+$tick" | sort -u |
    sed "/=$tick$ATOLL_ADMIN$tick@/d
s/^DEFINER=\(.*\)/CREATE USER IF NOT EXISTS \1 IDENTIFIED VIA mysql_native_password USING 'invalid' ACCOUNT LOCK; GRANT ALL PRIVILEGES ON $database.* TO \1;/"
}
sql <<SQL
CREATE DATABASE IF NOT EXISTS $ATOLL_RESTORE;
CREATE TABLE IF NOT EXISTS $ATOLL_RESTORE.packet (bytes BIGINT NOT NULL);
INSERT INTO $ATOLL_RESTORE.packet SELECT @@GLOBAL.max_allowed_packet FROM DUAL WHERE NOT EXISTS (SELECT * FROM $ATOLL_RESTORE.packet);
SQL
trap failed EXIT
sql <<SQL
CREATE OR REPLACE DATABASE $database;
SET GLOBAL max_allowed_packet = 1073741824;
$(definers)
SQL
gzip -dc "$ATOLL_FILE" | sql "$ATOLL_DATABASE"
trap - EXIT
finished
