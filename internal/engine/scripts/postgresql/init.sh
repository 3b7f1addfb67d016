#!/bin/sh
# Part of the startup probe: creates the service's user, and its owner role, in a database
# that this start has created. It can run again. The folder of the image's own scripts for
# the first start stays as it is.

if [ -e "@begun@" ]; then
export PGPASSWORD="$POSTGRES_PASSWORD"
psql -v ON_ERROR_STOP=1 -Xq --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE" <<'SQL'
\getenv owner ATOLL_OWNER
\getenv database ATOLL_DATABASE
SELECT format('CREATE ROLE %I', :'owner') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner') \gexec
ALTER DATABASE :"database" OWNER TO :"owner";
ALTER SCHEMA public OWNER TO :"owner";
SQL
@login@
fi
