#!/bin/sh
# Writes a dump.

@connect@
pg_dump --format=custom --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE" --file "$ATOLL_FILE"
