#!/bin/sh
# The image's entry point runs it after it has created the database.

psql -v ON_ERROR_STOP=1 -Xq --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv owner ATOLL_OWNER
\getenv database ATOLL_DATABASE
CREATE ROLE :"owner";
ALTER DATABASE :"database" OWNER TO :"owner";
ALTER SCHEMA public OWNER TO :"owner";
SQL
@login@
