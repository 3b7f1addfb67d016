#!/bin/sh
# Part of the startup probe: changes the persistence to the one that is asked for, after
# the server has loaded its data. It succeeds when all data is written there; until then
# no client reaches the server.

@note@
if [ "$(cat @noted@ 2>/dev/null)" != "$ATOLL_APPENDONLY" ]; then
  info=$(client INFO persistence | tr -d '\r')
  is() { echo "$info" | grep -qx "$1"; }
  if [ "$ATOLL_APPENDONLY" = yes ]; then
    is aof_enabled:1 || { client CONFIG SET appendonly yes; exit 1; }
    is aof_rewrite_in_progress:0 && is aof_rewrite_scheduled:0 && is aof_last_bgrewrite_status:ok || exit 1
  else
    is rdb_bgsave_in_progress:0 || exit 1
    if is aof_enabled:1; then
      [ -n "$(find @home@/dump.rdb -newer @home@/.atoll-started 2>/dev/null)" ] || { client BGSAVE; exit 1; }
      client CONFIG SET appendonly no || exit 1
    fi
  fi
  note @noted@ "$ATOLL_APPENDONLY"
fi
