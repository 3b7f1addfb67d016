#!/bin/sh
# A part: note writes a word to a file that survives a crash of the node.

flush() { sync -f "$1" 2>/dev/null || sync; }
note() { echo "$2" > "$1.partial" && flush "$1.partial" && mv "$1.partial" "$1" && flush "$1"; }
