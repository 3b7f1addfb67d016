#!/bin/sh
# In a volume the container that wrote the new backup deletes the old ones.
# shellcheck disable=SC2154 # Continues backup-dump.sh, which sets the variables.

printf %s "$report" > /dev/termination-log
listed() { ls -1 "$folder"; }
deleted() { rm -f "$folder/$1" "$folder/$1.sha256"; }
@prune@
echo "backed up $size bytes to $ATOLL_LOCATION/$name"
