#!/bin/sh
# A part: client talks to the server as the administrator and fails if the server
# answers with an error. The list of processes does not show the password.

@tool@
client() {
  REDISCLI_AUTH=$ATOLL_ADMIN_PASSWORD $(tool cli) -e --no-auth-warning --user "$ATOLL_ADMIN" -h "$ATOLL_HOST" -p "$ATOLL_PORT" "$@"
}
