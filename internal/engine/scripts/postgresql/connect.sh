#!/bin/sh
# A part: tells PostgreSQL's clients where the server is. The administrator calls no
# function or operator that the owner has created: names are looked up in pg_catalog only.

export PGHOST="$ATOLL_HOST" PGPORT="$ATOLL_PORT" PGPASSWORD="$ATOLL_ADMIN_PASSWORD" PGOPTIONS="-c search_path=pg_catalog"
