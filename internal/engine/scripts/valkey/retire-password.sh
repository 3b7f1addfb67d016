#!/bin/sh
# Leaves the user only its new password.

@client@
client ACL SETUSER "$ATOLL_USER" resetpass ">$ATOLL_PASSWORD"
client ACL SAVE
