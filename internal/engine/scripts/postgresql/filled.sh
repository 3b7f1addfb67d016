#!/bin/sh
# Prints what the database holds.

@connect@
psql -v ON_ERROR_STOP=1 -XAtq --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE" <<'SQL'
\getenv restore ATOLL_RESTORE
SELECT count(*) || ' tables, views or sequences, among them ' || min(c.oid::regclass::text)
  FROM pg_class c
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    AND NOT EXISTS (SELECT FROM pg_database d, shobj_description(d.oid, 'pg_database') mark
      WHERE datname = current_database() AND (mark = 'filled by ' || :'restore' OR starts_with(mark, 'filling by ' || :'restore' || ' ')))
  HAVING count(*) > 0;
SQL
