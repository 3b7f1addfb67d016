#!/bin/sh
# A part: dated chooses the names of backups from a list of files, the oldest first. It
# ignores files of other programs: they are neither counted nor deleted, nor taken for
# the newest backup.

dated() {
  sed -n "/^[0-9]\{8\}T[0-9]\{6\}Z\.$(echo "$ATOLL_EXTENSION" | sed 's/\./\\./g')\$/p" | sort
}
