#!/bin/sh
# Writes the file of the users, once: afterwards the server keeps it. The service may
# do everything except change the server; it may read the configuration.

hash() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
if [ ! -s /data/users.acl ]; then
  umask 077
  {
    echo "user default on #$(hash "$ATOLL_PASSWORD") ~* &* +@all -@admin +config|get +client|list +client|info +slowlog|get +latency|latest"
    echo "user $ATOLL_ADMIN on #$(hash "$ATOLL_ADMIN_PASSWORD") ~* &* +@all"
  } > /data/users.acl.partial
  mv /data/users.acl.partial /data/users.acl
fi
