#!/bin/sh
# A part: tells PostgreSQL's clients where the server is.

export PGHOST="$ATOLL_HOST" PGPORT="$ATOLL_PORT" PGPASSWORD="$ATOLL_ADMIN_PASSWORD"
