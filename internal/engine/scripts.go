// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"embed"

	"github.com/atoll-dev/atoll/internal/shell"
)

//go:embed scripts
var scriptFiles embed.FS

// script returns the script of a path below scripts, with its parts.
func script(path string, parts map[string]string) string {
	return shell.Fill(shell.Read(scriptFiles, "scripts/"+path+".sh"), parts)
}

// scriptsIn returns the scripts in an engine's folder, with their parts.
func scriptsIn(folder string, parts map[string]string) Scripts {
	read := func(name string) string { return script(folder+"/"+name, parts) }
	return Scripts{
		SetPassword:    read("set-password"),
		RetirePassword: read("retire-password"),
		Dump:           read("dump"),
		Verify:         read("verify"),
		Filled:         read("filled"),
		Restore:        read("restore"),
	}
}
