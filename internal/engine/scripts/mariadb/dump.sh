#!/bin/sh
# Writes a dump.

MYSQL_PWD=$ATOLL_ADMIN_PASSWORD mariadb-dump @login@ --max-allowed-packet=1G --single-transaction --quick --routines --triggers --events --hex-blob --result-file="$ATOLL_FILE.sql" "$ATOLL_DATABASE"
gzip -c "$ATOLL_FILE.sql" > "$ATOLL_FILE"
rm "$ATOLL_FILE.sql"
