#!/bin/sh
# Writes the databases whose text indexes were sorted by another C library into the
# termination message, and ends with the code for that. PostgreSQL records the version
# of a database since version 15.

@connect@
export PGCONNECT_TIMEOUT=10 PGOPTIONS="$PGOPTIONS -c statement_timeout=60s"
changed=$(psql -v ON_ERROR_STOP=1 -XAtq --username "$ATOLL_ADMIN" --dbname postgres <<'SQL'
SELECT current_setting('server_version_num')::int >= 150000 AS recorded \gset
\if :recorded
SELECT string_agg(datname, ', ' ORDER BY datname) FROM pg_database
  WHERE datallowconn AND datcollversion IS NOT NULL
    AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid);
\endif
SQL
)
if [ -n "$changed" ]; then
  echo "$changed" > /dev/termination-log
  echo "the collation version has changed for $changed" >&2
  # shellcheck disable=SC2242 # @changed@ is a number.
  exit @changed@
fi
