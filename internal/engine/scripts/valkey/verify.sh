#!/bin/sh
# Reads the whole snapshot.

@tool@
$(tool check-rdb) "$ATOLL_FILE"
