#!/bin/sh
# Restores everything in one transaction, which also writes into the database's
# comment that the restore has filled it: an interrupted try leaves nothing, and a
# complete one is never repeated.
# The owner becomes the owner of what the dump holds, except of extensions that only
# the administrator can create. Extensions come after the schemas that they may be in,
# and before everything that may use them. Some have tables whose rows are dumped, such
# as the reference systems of PostGIS; the owner may write to them meanwhile.
# With --single-transaction pg_restore writes a COMMIT at its end, and no other around
# large objects. As the last part has it, psql commits only if pg_restore has read the
# whole dump; its BEGIN does nothing.

@connect@
admin() { psql -v ON_ERROR_STOP=1 -XAtq --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE"; }
filled() {
  admin <<'SQL'
\getenv restore ATOLL_RESTORE
SELECT 'filled' FROM pg_database
  WHERE datname = current_database() AND shobj_description(oid, 'pg_database') = 'filled by ' || :'restore';
SQL
}
begin() {
  cat <<'SQL'
BEGIN;
\getenv database ATOLL_DATABASE
\getenv owner ATOLL_OWNER
\getenv restore ATOLL_RESTORE
\set mark 'filled by ' :restore
COMMENT ON DATABASE :"database" IS :'mark';
SQL
}
makers() {
  sed "s/^CREATE EXTENSION IF NOT EXISTS \"*\([^\" ]*\).*/SELECT set_config('role', CASE WHEN bool_or(trusted) THEN :'owner' ELSE 'none' END, false) FROM pg_available_extension_versions WHERE name = '\1'; &/"
}
write() {
  cat <<SQL
\\getenv owner ATOLL_OWNER
SELECT format('$1 %s %s $2 %I', CASE relkind WHEN 'S' THEN 'UPDATE ON SEQUENCE' ELSE 'INSERT ON TABLE' END, c.oid::regclass, :'owner')
  FROM pg_extension, unnest(extconfig) config JOIN pg_class c ON c.oid = config \\gexec
SQL
}
part() {
  sed -nE "$1" /scratch/contents > /scratch/part
  shift
  pg_restore --use-list /scratch/part --no-owner --no-privileges --file - "$@" "$ATOLL_FILE"
}
schemas='^[0-9]+; [0-9]+ [0-9]+ SCHEMA - '
extensions='^[0-9]+; [0-9]+ [0-9]+ EXTENSION - '
comments='^[0-9]+; [0-9]+ [0-9]+ COMMENT - (SCHEMA|EXTENSION) '
mark=$(filled)
if [ -z "$mark" ]; then
  pg_restore --list "$ATOLL_FILE" > /scratch/contents
  part "/$schemas/p" --role "$ATOLL_OWNER" > /scratch/schemas
  part "/$extensions/p" > /scratch/extensions
  part "/$comments/p" > /scratch/comments
  {
    begin
    sed 's/^CREATE SCHEMA /CREATE SCHEMA IF NOT EXISTS /' /scratch/schemas
    makers < /scratch/extensions
    echo 'RESET ROLE;'
    cat /scratch/comments
    write GRANT TO
    echo 'SET client_min_messages = error;'
    part "/$schemas|$extensions|$comments/!p" --single-transaction --role "$ATOLL_OWNER"
  } | admin >/dev/null
  mark=$(filled)
  [ -n "$mark" ] || { echo "the backup could not be read to its end" >&2; exit 1; }
fi
write REVOKE FROM | admin
