#!/bin/sh
# Reads the whole dump.

pg_restore --file /dev/null "$ATOLL_FILE"
