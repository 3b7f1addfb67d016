#!/bin/sh
# Stands for the entry point of the official images: it takes existing data for complete.
echo "$*" >> "$FAKE/started"
case $1 in *valkey-server) exit 0 ;; esac
if [ ! -d "$DATA" ] || [ -z "$(ls -A "$DATA")" ]; then
  mkdir -p "$DATA"
  echo half > "$DATA/state"
  [ -z "${FAKE_KILLED:-}" ] || exit 137
  echo whole > "$DATA/state"
fi
