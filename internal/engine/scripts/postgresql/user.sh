#!/bin/sh
# Part of the start: fails if initdb would not find a name for the user of the pod.
# The image's entry point gives the user a name if the image contains nss_wrapper.

# shellcheck disable=SC2242 # @nouser@ is a number.
if [ ! -s @data@/PG_VERSION ] && ! id -un >/dev/null 2>&1; then
  wrapper=
  for library in /usr/lib/libnss_wrapper.so /usr/lib/*/libnss_wrapper.so /lib/libnss_wrapper.so /lib/*/libnss_wrapper.so; do
    [ ! -s "$library" ] || wrapper=$library
  done
  [ -n "$wrapper" ] || { echo "the user $(id -u) of the pod has no name in database.image: use a Debian variant" >&2; exit @nouser@; }
fi
