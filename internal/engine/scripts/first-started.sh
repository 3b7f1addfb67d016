#!/bin/sh
# A startup probe: completes the first start once the server answers, and notes that the
# data is complete.

@answers@ || exit 1
set -e
@note@
if [ ! -e "@made@" ]; then
@complete@
note "@made@" yes
fi
