#!/bin/sh
# Locks the retired user. A locked account keeps its sessions, so they are ended.

@client@ <<SQL
ALTER USER IF EXISTS '$ATOLL_RETIRED_USER'@'%' ACCOUNT LOCK;
KILL USER '$ATOLL_RETIRED_USER'@'%';
SQL
