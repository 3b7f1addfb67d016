#!/bin/sh
# Deletes all but the newest backups. listed prints the files. The new backup is reported
# by then: it counts even if the old ones cannot be deleted.
# shellcheck disable=SC2154 # Continues backup-dump.sh or backup-upload.sh, which sets the variables.

@dated@
if files=$(listed); then
  printf '%s\n' "$files" | dated | sort -r | tail -n "+$((ATOLL_KEEP + 1))" | while read -r old; do
    [ "$old" != "$name" ] || continue
    echo "deleting $old, of which more than $ATOLL_KEEP newer ones are there"
    deleted "$old" || echo "warning: $old could not be deleted and is kept, though more than $ATOLL_KEEP newer ones are there" >&2
  done
else
  echo "warning: the older backups could not be listed and are all kept" >&2
fi
