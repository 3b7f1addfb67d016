#!/bin/sh
# Restores everything, and deletes it again if the restore fails, together with the
# schema that marks the restore: the next try must not take another program's data for
# its own. Only a killed try leaves that to the next one.
# The service's user runs the dump: its statements may be anyone's. In binary mode the
# client knows no commands but DELIMITER, so it runs no shell and reads no file; the
# sandbox is a second guard, where the client has it.
# Views, triggers, routines and events run as their definer. A user may name only itself
# as one, so it becomes the definer of all.
# A dump writes a value in twice its size, which may exceed what the server accepts. The
# server's own limit is kept in the schema, because a killed try leaves it raised.
# A pipe hides that a part of it has failed, so files say that each has succeeded.

sql() { @client@ --max-allowed-packet=1G; }
sandbox=
if mariadb --help | grep -q '^ *--sandbox '; then sandbox=--sandbox; fi
restoring() {
  MYSQL_PWD=$ATOLL_PASSWORD mariadb @login@ --user="$ATOLL_USER" --max-allowed-packet=1G --binary-mode --local-infile=0 $sandbox "$ATOLL_DATABASE"
}
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
# Rows begin with neither CREATE nor a comment. The first line of newer dumps is a command
# that older clients do not know, and that binary mode excludes.
definers() {
  user="$tick([^$tick]|$tick$tick)*$tick"
  LC_ALL=C sed -E "1s,^/[*]M?!999999[\\]- .*,,
s,^((CREATE|/[*]M?![0-9]+ CREATE[*]/ /[*]M?![0-9]+|/[*]M?![0-9]+) (OR REPLACE )?)DEFINER=$user(@$user)?,\\1DEFINER=CURRENT_USER,"
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
SQL
{ gzip -dc "$ATOLL_FILE" && : > /scratch/unpacked; } | { definers && : > /scratch/read; } | restoring
if ! [ -f /scratch/unpacked ] || ! [ -f /scratch/read ]; then echo "the backup could not be read to its end" >&2; exit 1; fi
trap - EXIT
finished
