#!/bin/sh
# A startup probe: notes that the data is complete once the server answers.

@answers@ || exit 1
@note@
[ -e "@made@" ] || note "@made@" yes
