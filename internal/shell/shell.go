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
// feed at its end.
func Fill(script string, parts map[string]string) string {
	pairs := make([]string, 0, 2*len(parts))
	for name, part := range parts {
		pairs = append(pairs, "@"+name+"@", strings.TrimRight(part, "\n"))
	}
	return strings.NewReplacer(pairs...).Replace(script)
}
