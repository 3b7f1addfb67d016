#!/bin/sh
# Locks the retired user. A pool that resets its sessions creates objects as the user
# itself. They go to the owner first.

@connect@
psql -v ON_ERROR_STOP=1 -Xq --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE" <<'SQL'
\getenv owner ATOLL_OWNER
\getenv retired ATOLL_RETIRED_USER
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', rolname), format('REASSIGN OWNED BY %I TO %I', rolname, :'owner')
  FROM pg_roles WHERE rolname = :'retired' \gexec
SELECT FROM pg_stat_activity, pg_terminate_backend(pid) WHERE usename = :'retired';
SQL
