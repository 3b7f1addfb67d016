#!/usr/bin/env bash
# Downloads the Go modules that a folder's go.mod names, and prints one line for each folder that
# lacks some. The go command alone prints a line for each module. Usage: modules.sh <folder>...
set -euo pipefail

for folder in "$@"; do
  GOPROXY=off go -C "$folder" mod download >/dev/null 2>&1 && continue
  echo "downloading the Go modules of $folder"
  go -C "$folder" mod download
done
