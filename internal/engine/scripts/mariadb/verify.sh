#!/bin/sh
# Reads the whole dump. mariadb-dump ends a complete dump with a line that says so.

gzip -t "$ATOLL_FILE"
gzip -dc "$ATOLL_FILE" | tail -n 1 | grep -q '^-- Dump completed' || { echo "the dump is not complete" >&2; exit 1; }
