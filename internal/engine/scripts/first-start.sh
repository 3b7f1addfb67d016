#!/bin/sh
# Runs before the entry point: repeats a first start that was interrupted. The
# entry point takes unfinished data for complete, and would start a server that
# lacks the service's user.
# It deletes only data that this script saw begin in an empty volume, and that no
# server has answered on: first-started.sh notes the first answer. A volume without
# notes is kept, and so is data written later than a first start can last: another
# program ran that server.

@note@
data=@data@ begun=@begun@ made=@made@
if { [ ! -e "$data" ] && [ ! -L "$data" ]; } || { held=$(ls -A "$data") && [ -z "$held" ]; }; then
  rm -f "$made"
  note "$begun" "$(date +%s)"
elif [ -e "$begun" ] && [ ! -e "$made" ]; then
  began=$(cat "$begun")
  written=$(find "$data" -type f -exec stat -c %Y {} + | sort -n | tail -n 1)
  # shellcheck disable=SC2170 # @limit@ is a number.
  if [ "$((${written:-0} - ${began:-0}))" -le @limit@ ]; then
    echo "the first start was broken off before the server answered: beginning it anew" >&2
    rm -rf "$data"
    note "$begun" "$(date +%s)"
  fi
fi
