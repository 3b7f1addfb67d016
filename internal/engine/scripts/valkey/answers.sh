#!/bin/sh
# A part: fails if the server does not answer within two seconds.

timeout 2 "$(command -v valkey-cli || command -v redis-cli)" -h "$ATOLL_HOST" -p "$ATOLL_PORT" PING
