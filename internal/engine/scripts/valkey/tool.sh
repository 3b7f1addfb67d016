#!/bin/sh
# A part: tool finds a command by either of its names.

tool() { command -v "valkey-$1" || command -v "redis-$1"; }
