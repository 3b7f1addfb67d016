#!/bin/sh
# A part: fails if the server does not answer within two seconds, its name's lookup included.

timeout 2 mariadb-admin --no-defaults --host="$ATOLL_HOST" --port="$ATOLL_PORT" --user="$ATOLL_ADMIN" --skip-ssl-verify-server-cert ping
