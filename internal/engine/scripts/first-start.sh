#!/bin/sh
# Runs before the entry point: repeats a first start that was interrupted. The
# entry point takes unfinished data for complete, and would start a server that
# lacks the service's user.
# It moves aside only data that this script saw begin in an empty volume, and that no
# server has answered on: first-started.sh notes the first answer. A volume without
# notes is kept, and so is data written later than a first start can last: another
# program ran that server. Nothing is deleted, because somebody may have copied data
# with its old times into the volume.

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
    # A server that fails over and over must not fill the volume. From the fourth time on,
    # a pod starts with the unfinished data, so that its log goes on to tell the cause. Its
    # startup probe then fails. A new pod, which other settings cause, begins anew.
    count=${TMPDIR:-/tmp}/atoll-first-starts
    tries=$(($(cat "$count" 2>/dev/null || echo 0) + 1))
    echo "$tries" > "$count"
    if [ "$tries" -le 3 ]; then
      aside=$data.interrupted-$(date +%s)
      [ ! -e "$aside" ] || aside=$aside-$$
      mv "$data" "$aside"
      echo "the first start was interrupted before the server answered: beginning it anew. Delete $aside if its data is not needed" >&2
      note "$begun" "$(date +%s)"
    else
      # This start writes too. Without a new note, its data would count as another program's.
      note "$begun" "$(date +%s)"
      echo "the first start was interrupted three times in this pod: starting with its unfinished data to show the cause" >&2
    fi
  fi
fi
