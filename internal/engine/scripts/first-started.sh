#!/bin/sh
# A startup probe: completes the first start once the server answers, and notes that the
# data is complete.

# The server answers on unfinished data too: see first-start.sh.
[ "$(cat "${TMPDIR:-/tmp}/atoll-first-starts" 2>/dev/null || echo 0)" -le 3 ] || exit 1
@answers@ || exit 1
set -e
@note@
if [ ! -e "@made@" ]; then
@complete@
note "@made@" yes
fi
