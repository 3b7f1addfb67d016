#!/bin/sh
# Part of the startup probe: lets the service read the server's configuration and clients.
# Libraries for sessions and queues do not start without. Volumes of earlier releases get
# the rights too: their file of users is kept.

client ACL SETUSER default '+config|get' '+client|list' '+client|info' '+slowlog|get' '+latency|latest' >/dev/null
