#!/bin/sh
# A part: client for the server in the same container.
# shellcheck disable=SC2034 # client reads both.

ATOLL_HOST=127.0.0.1
ATOLL_PORT=6379
@client@
