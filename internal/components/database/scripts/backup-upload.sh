#!/bin/sh
# Copies the backup to the bucket. rclone compares it by its checksum.

name=$(cat /backup/name)
folder=/backup/$ATOLL_SERVICE
rclone copy --include "/$name" --include "/$name.sha256" "$folder" "store:$ATOLL_PATH/"
rclone check --one-way --download --include "/$name" --include "/$name.sha256" "$folder" "store:$ATOLL_PATH/"
cat /backup/report > /dev/termination-log
listed() { rclone lsf --files-only --include "/*.$ATOLL_EXTENSION" "store:$ATOLL_PATH/"; }
deleted() {
  rclone deletefile "store:$ATOLL_PATH/$1" || return 1
  rclone deletefile "store:$ATOLL_PATH/$1.sha256" || echo "$1 had no checksum"
}
@prune@
echo "backed up to $ATOLL_LOCATION/$name"
