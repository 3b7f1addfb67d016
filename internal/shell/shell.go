// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package shell loads embedded shell scripts as containers run them.
package shell

import (
	"io/fs"
	"strings"
)

// Read returns the commands of a script. It leaves out the lines that only
// readers and shellcheck need: the first one that names the shell, and comments. It
// panics if the file is missing, because embedded files are a part of the program.
func Read(files fs.FS, path string) string {
	text, err := fs.ReadFile(files, path)
	if err != nil {
		panic(err)
	}
	var commands strings.Builder
	for line := range strings.Lines(string(text)) {
		if trimmed := strings.TrimSpace(line); trimmed != "" && !strings.HasPrefix(trimmed, "#") {
			commands.WriteString(line)
		}
	}
	return commands.String()
}

// Fill replaces each @name@ in a script by the part of that name, without the line
// feed at its end. Each reconcile fills several long scripts, so it reads a script once.
func Fill(script string, parts map[string]string) string {
	var filled strings.Builder
	filled.Grow(2 * len(script))
	for {
		before, rest, found := strings.Cut(script, "@")
		filled.WriteString(before)
		if !found {
			return filled.String()
		}
		script = rest
		name, after, closed := strings.Cut(rest, "@")
		part, known := parts[name]
		if !closed || !known {
			filled.WriteByte('@')
			continue
		}
		filled.WriteString(strings.TrimRight(part, "\n"))
		script = after
	}
}
