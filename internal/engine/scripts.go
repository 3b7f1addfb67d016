// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"embed"
	"strconv"

	"github.com/atoll-dev/atoll/internal/shell"
)

//go:embed scripts
var scriptFiles embed.FS

// awaitTries is how often a pod tries to reach the server before it begins its work, once a second
// or, where packets are dropped, every three seconds.
const awaitTries = 20

// script returns the script of a path below scripts, with its parts.
func script(path string, parts map[string]string) string {
	return shell.Fill(shell.Read(scriptFiles, "scripts/"+path+".sh"), parts)
}

// scriptsIn returns the scripts in an engine's folder, with their parts.
func scriptsIn(folder string, parts map[string]string) Scripts {
	read := func(name string) string { return script(folder+"/"+name, parts) }
	return Scripts{
		Await:          script("await", map[string]string{"answers": read("answers"), "tries": strconv.Itoa(awaitTries)}),
		SetPassword:    read("set-password"),
		RetirePassword: read("retire-password"),
		Dump:           read("dump"),
		Verify:         read("verify"),
		Filled:         read("filled"),
		Restore:        read("restore"),
	}
}
