#!/bin/sh
# Waits until the server answers this pod: a network plugin can take a moment until it admits a new
# pod. An answer that refuses the login counts. After the last try the pod begins its work all the
# same, and says itself what is wrong.

tries=1
until @answers@ >/dev/null 2>&1; do
  # shellcheck disable=SC2170 # @tries@ is a number.
  [ "$tries" -lt @tries@ ] || break
  tries=$((tries + 1))
  sleep 1
done
