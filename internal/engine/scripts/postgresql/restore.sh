#!/bin/sh
# The service's user restores everything in one transaction: statements in a dump may be
# anyone's, so they never run as the administrator. pg_restore sends them to the server.
# psql would run its own commands in them, such as \!.
# Before that, the administrator creates the extensions, and the owner the schemas that
# they may be in. Only their names come from the dump. Some extensions have tables whose
# rows are dumped, such as the reference systems of PostGIS; the owner may write to them
# meanwhile.
# The database's comment marks the restore, with the number of objects before it. The next
# try sees from the number whether a try that was killed has committed.

@connect@
admin() { psql -v ON_ERROR_STOP=1 -XAtq --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE"; }
marked() {
  admin <<'SQL'
SELECT shobj_description(oid, 'pg_database') AS mark FROM pg_database WHERE datname = current_database();
SQL
}
mark() {
  admin <<SQL
\\getenv database ATOLL_DATABASE
COMMENT ON DATABASE :"database" IS $1;
SQL
}
objects() {
  admin <<'SQL'
SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database());
SQL
}
# A statement of a killed try may still run.
sessions() {
  admin <<'SQL'
\getenv restore ATOLL_RESTORE
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :'restore';
SQL
}
write() {
  admin <<SQL
\\getenv owner ATOLL_OWNER
SELECT format('$1 %s %s $2 %I', CASE relkind WHEN 'S' THEN 'UPDATE ON SEQUENCE' ELSE 'INSERT ON TABLE' END, c.oid::regclass, :'owner')
  FROM pg_extension, unnest(extconfig) config JOIN pg_class c ON c.oid = config WHERE pg_get_userbyid(relowner) <> :'owner' \\gexec
SQL
}
# An entry of the list begins with its number and two object identifiers.
entry='^[0-9]+; [0-9]+ [0-9]+ '
statements() {
  grep -E "$entry$1 - " /scratch/contents > /scratch/part || true
  pg_restore --use-list /scratch/part --no-owner --no-privileges --file - "$ATOLL_FILE" > /scratch/statements
  grep "^CREATE $1 " /scratch/statements || true
}
prepare() {
  pg_restore --list "$ATOLL_FILE" > /scratch/contents
  if grep -E "$entry(ACCESS METHOD|EVENT TRIGGER|FOREIGN DATA WRAPPER|OPERATOR CLASS|OPERATOR FAMILY|PROCEDURAL LANGUAGE|SUBSCRIPTION|TEXT SEARCH PARSER|TEXT SEARCH TEMPLATE) " /scratch/contents > /scratch/refused; then
    echo "the backup holds what only the administrator may create, and a restore runs as the service's user:" >&2
    sed -E "s/$entry/  /" /scratch/refused >&2
    exit 1
  fi
  statements SCHEMA > /scratch/schemas
  statements EXTENSION > /scratch/extensions
  if [ "$(grep -cE "${entry}EXTENSION - " /scratch/contents)" != "$(grep -c '' /scratch/extensions)" ]; then
    echo "the statements that create the backup's extensions have an unknown form" >&2
    exit 1
  fi
  # parse_ident refuses what is no name.
  admin <<'SQL'
\getenv owner ATOLL_OWNER
\set schemas `cat /scratch/schemas`
\set extensions `cat /scratch/extensions`
SET client_min_messages = warning;
BEGIN;
SET LOCAL ROLE :"owner";
SELECT format('CREATE SCHEMA IF NOT EXISTS %I', VARIADIC parse_ident(substring(line FROM '^CREATE SCHEMA (.*);$')))
  FROM regexp_split_to_table(:'schemas', '\n') WITH ORDINALITY AS lines (line, place) WHERE line <> '' ORDER BY place \gexec
RESET ROLE;
SELECT CASE WHEN trusted THEN format('SET LOCAL ROLE %I', :'owner') ELSE 'RESET ROLE' END,
    format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I', VARIADIC parse_ident(names[1]) || parse_ident(names[2]))
  FROM regexp_split_to_table(:'extensions', '\n') WITH ORDINALITY AS lines (line, place),
    regexp_match(line, '^CREATE EXTENSION (?:IF NOT EXISTS )?(.*) WITH SCHEMA (.*);$') names,
    LATERAL (SELECT bool_or(trusted) AS trusted FROM pg_available_extension_versions WHERE ARRAY[name::text] = parse_ident(names[1])) versions
  WHERE line <> '' ORDER BY place \gexec
COMMIT;
SQL
  write GRANT TO
  # CREATE EXTENSION writes the comment of the extension.
  grep -vE "${entry}(SCHEMA - |EXTENSION - |COMMENT - EXTENSION )" /scratch/contents > /scratch/part || true
}
failed() {
  write REVOKE FROM || true
  [ "$(objects)" = "$before" ] || echo "the backup holds statements that end the restore's transaction: a part of it is in the database" >&2
  mark NULL || true
  exit 1
}
while [ -n "$(sessions)" ]; do sleep 1; done
mark=$(marked)
before=
case $mark in "filling by $ATOLL_RESTORE from "*) before=${mark##* } ;; esac
if [ "$mark" != "filled by $ATOLL_RESTORE" ]; then
  if [ -n "$before" ] && [ "$(objects)" != "$before" ]; then
    echo "an earlier try has restored the backup"
  else
    prepare
    before=$(objects)
    mark "'filling by $ATOLL_RESTORE from $before'"
    PGUSER=$ATOLL_USER PGPASSWORD=$ATOLL_PASSWORD PGOPTIONS='' PGAPPNAME=$ATOLL_RESTORE pg_restore --single-transaction \
      --use-list /scratch/part --no-owner --no-privileges --role "$ATOLL_OWNER" --dbname "$ATOLL_DATABASE" "$ATOLL_FILE" || failed
  fi
  mark "'filled by $ATOLL_RESTORE'"
fi
write REVOKE FROM
