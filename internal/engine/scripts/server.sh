#!/bin/sh
# Begins the server's container: takes the lock beside the data.
# A pod that is deleted by force is replaced while its server may still write. An
# engine's own lock file does not tell two servers apart that both are process 1 of
# their container. Every process of the server inherits the descriptor, and the
# kernel releases the lock when the last of them ends.

set -e
exec 9>>@home@/.atoll-lock
flock -w 60 9 || { echo "another server still holds the data" >&2; exit 1; }
