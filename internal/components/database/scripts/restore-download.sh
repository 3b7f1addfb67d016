#!/bin/sh
# Copies the backup from the bucket. The list is stored first: a pipe would hide that the
# bucket could not be listed, and a wrong key would be reported as a missing backup.

@dated@
mkdir -p "/backup/$ATOLL_SERVICE"
name=$ATOLL_BACKUP
if [ -z "$name" ]; then
  files=$(rclone lsf --files-only --include "/*.$ATOLL_EXTENSION" "store:$ATOLL_PATH/")
  name=$(printf '%s\n' "$files" | dated | tail -n 1)
fi
if [ -n "$name" ]; then
  rclone copy --include "/$name" --include "/$name.sha256" "store:$ATOLL_PATH/" "/backup/$ATOLL_SERVICE"
fi
