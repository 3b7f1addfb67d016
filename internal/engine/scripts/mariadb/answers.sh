#!/bin/sh
# A part: fails if the server does not answer within two seconds.

mariadb-admin --no-defaults --host="$ATOLL_HOST" --port="$ATOLL_PORT" --user="$ATOLL_ADMIN" --skip-ssl-verify-server-cert --connect-timeout=2 ping
