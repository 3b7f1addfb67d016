#!/bin/sh
# A part: fails if the server does not answer within two seconds. The name of the user is not used.

pg_isready -q -t 2 -U postgres -h "$ATOLL_HOST" -p "$ATOLL_PORT"
