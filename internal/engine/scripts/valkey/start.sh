#!/bin/sh
# Starts the server with the persistence that it used last, the append-only file or
# snapshots: it would load no data, or old data, from the other one. A note remembers
# it. For a volume from before these notes the files tell, if there are only those of
# one kind; the API allows no other names for them.

@note@
if [ ! -s @noted@ ]; then
  appendonly=$ATOLL_APPENDONLY
  if [ -s @home@/dump.rdb ] && [ ! -e @home@/appendonlydir ] && [ ! -e @home@/appendonly.aof ]; then
    appendonly=no
  elif [ ! -e @home@/dump.rdb ] && [ -e @home@/appendonlydir ]; then
    appendonly=yes
  fi
  note @noted@ "$appendonly"
fi
appendonly=$(cat @noted@)
: > @home@/.atoll-started
exec docker-entrypoint.sh "$(tool server)" "$@" --appendonly "$appendonly"
