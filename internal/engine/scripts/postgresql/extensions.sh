#!/bin/sh
# Creates the extensions ATOLL_EXTENSIONS in the database, with those that they need. If
# the server does not have some, it creates none, writes their names into the termination
# message, and ends with the code for that. They go into the schema public.

# shellcheck disable=SC2242 # @lacking@ is a number.
@connect@
admin() { psql -v ON_ERROR_STOP=1 -XAtq --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE"; }
lacking=$(admin <<'SQL'
\getenv extensions ATOLL_EXTENSIONS
SELECT string_agg(name, ', ') FROM unnest(string_to_array(:'extensions', ' ')) name
  WHERE name NOT IN (SELECT name FROM pg_available_extensions);
SQL
)
if [ -n "$lacking" ]; then
  echo "$lacking" > /dev/termination-log
  echo "the image does not contain the extensions $lacking" >&2
  exit @lacking@
fi
admin <<'SQL'
\getenv extensions ATOLL_EXTENSIONS
SELECT 'SET search_path = public', format('CREATE EXTENSION IF NOT EXISTS %I CASCADE', name) FROM unnest(string_to_array(:'extensions', ' ')) WITH ORDINALITY AS wanted (name, place) ORDER BY place \gexec
SQL
