#!/bin/sh
# Adds a password to the user.

@client@
client ACL SETUSER "$ATOLL_USER" ">$ATOLL_PASSWORD"
client ACL SAVE
