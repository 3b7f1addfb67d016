#!/bin/sh
# Begins the server's container: takes the lock beside the data.
# A pod that is deleted by force is replaced while its server may still write. An
# engine's own lock file does not tell two servers apart that both are process 1 of
# their container. Every process of the server inherits the descriptor, and the
# kernel releases the lock when the last of them ends.
# BusyBox' flock cannot wait for a time. A lock that is held gives no message.

# shellcheck disable=SC2242 # @held@ and @unlocked@ are numbers.
set -e
exec 9>>@home@/.atoll-lock
tries=60
until said=$(flock -n 9 2>&1); do
  [ -z "$said" ] || { echo "the data cannot be locked: $said" >&2; exit @unlocked@; }
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { echo "another server still holds the data" >&2; exit @held@; }
  sleep 1
done
