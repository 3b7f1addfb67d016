#!/bin/sh
# Prints what the database holds. A user that cannot log in marks a restore that began
# or is complete: the data is its own.
# The answers are stored first, because a pipe would hide a failure.

@client@
users=$(client ACL LIST)
loading=$(client INFO persistence)
keys=$(client INFO keyspace)
echo "$loading" | grep -q '^loading:0' || { echo "the server is still loading its data" >&2; exit 1; }
if ! echo "$users" | grep -qE "^user ${ATOLL_RESTORE}(_done)? "; then
  echo "$keys" | sed -n 's/^db\([0-9]*\):keys=\([0-9]*\).*/\2 keys in database \1/p'
fi
