#!/bin/sh
# Dumps the database to the volume "backup". A file gets the name of a backup only when
# it is complete and was read back: every file of that name can be restored.

folder=/backup/$ATOLL_SERVICE
mkdir -p "$folder"
find "$folder" -name '.*.partial*' -mmin +1440 -delete
began=$(date -u +%Y-%m-%dT%H:%M:%SZ)
name=$(date -u +%Y%m%dT%H%M%SZ).$ATOLL_EXTENSION
ATOLL_FILE=$folder/.$name.partial
trap 'rm -f "$ATOLL_FILE" "$ATOLL_FILE".*' EXIT
echo "dumping to $name"
{
@dump@
}
echo "reading $name back"
{
@verify@
} >/dev/null
sum=$(sha256sum < "$ATOLL_FILE" | cut -d ' ' -f 1)
echo "$sum  $name" > "$folder/$name.sha256"
mv "$ATOLL_FILE" "$folder/$name"
sync
size=$(wc -c < "$folder/$name" | tr -d ' ')
# shellcheck disable=SC2034 # The part that follows writes the report.
report="{\"time\":\"$began\",\"size\":$size,\"location\":\"$ATOLL_LOCATION/$name\"}"
