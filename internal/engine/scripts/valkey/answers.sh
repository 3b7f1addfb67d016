#!/bin/sh
# A part: fails if the server does not answer within two seconds, its name's lookup included.

timeout 2 "$(command -v valkey-cli || command -v redis-cli)" -h "$ATOLL_HOST" -p "$ATOLL_PORT" PING
