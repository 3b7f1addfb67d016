#!/bin/sh
# Passes the backup to the container that uploads it.
# shellcheck disable=SC2154 # Continues backup-dump.sh, which sets the variables.

printf %s "$report" > /backup/report
printf %s "$name" > /backup/name
