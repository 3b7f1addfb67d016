/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

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
