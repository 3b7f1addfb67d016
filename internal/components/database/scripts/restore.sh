#!/bin/sh
# Restores a backup. A database that holds data is not changed.

@dated@
folder=/backup/$ATOLL_SERVICE
held() {
@filled@
}
held=$(held)
if [ -n "$held" ]; then
  echo "the database is not empty: it holds $held" | tr '\n' ' ' >&2
  exit 1
fi
name=$ATOLL_BACKUP
if [ -z "$name" ] && [ -d "$folder" ]; then
  files=$(ls -1 "$folder")
  name=$(printf '%s\n' "$files" | dated | tail -n 1)
fi
if [ -z "$name" ] || [ ! -f "$folder/$name" ]; then
  echo "there is no backup ${ATOLL_BACKUP:-with the extension $ATOLL_EXTENSION} at $ATOLL_LOCATION" >&2
  exit 1
fi
ATOLL_FILE=$folder/$name
if [ -f "$ATOLL_FILE.sha256" ]; then
  (cd "$folder" && sha256sum -c "$name.sha256" >/dev/null) || { echo "backup $name at $ATOLL_LOCATION is damaged: its checksum differs" >&2; exit 1; }
fi
{
@verify@
} >/dev/null
echo "restoring $name"
@restore@
printf %s "$ATOLL_LOCATION/$name" > /dev/termination-log
echo "restored $ATOLL_LOCATION/$name"
