#!/bin/sh
# A part: fails if the server does not answer within two seconds, its name's lookup included. The
# name of the user is not used.

timeout 2 pg_isready -q -U postgres -h "$ATOLL_HOST" -p "$ATOLL_PORT"
