#!/bin/sh
# Writes a snapshot.

@client@
client --rdb "$ATOLL_FILE"
