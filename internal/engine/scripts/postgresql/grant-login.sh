#!/bin/sh
# A part: creates the user and sets its password. The statement holds the password,
# so the server must not log it.

psql -v ON_ERROR_STOP=1 -Xq --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE" <<'SQL'
\getenv owner ATOLL_OWNER
\getenv user ATOLL_USER
\getenv password ATOLL_PASSWORD
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
BEGIN;
SELECT format('CREATE ROLE %I', :'user') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'user') \gexec
ALTER ROLE :"user" LOGIN PASSWORD :'password';
GRANT :"owner" TO :"user";
ALTER ROLE :"user" SET role TO :"owner";
COMMIT;
SQL
