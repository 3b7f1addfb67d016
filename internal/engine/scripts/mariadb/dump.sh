#!/bin/sh
# Writes a dump. It is compressed at once, because the disk may not hold it uncompressed too.
# A pipe hides a failure of the dump, so a file says that it succeeded.

{ MYSQL_PWD=$ATOLL_ADMIN_PASSWORD mariadb-dump @login@ --max-allowed-packet=1G --single-transaction --quick --routines --triggers --events --hex-blob "$ATOLL_DATABASE" && : > "$ATOLL_FILE.dumped"; } | gzip -c > "$ATOLL_FILE"
[ -f "$ATOLL_FILE.dumped" ] || { echo "the dump failed" >&2; exit 1; }
rm "$ATOLL_FILE.dumped"
