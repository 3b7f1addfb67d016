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

package database

import (
	"embed"

	"github.com/atoll-dev/atoll/internal/shell"
)

//go:embed scripts
var scriptFiles embed.FS

// The scripts of backups and restores. @dump@ and the like are the engine's parts.
var (
	dated = map[string]string{"dated": script("dated", nil)}
	prune = map[string]string{"prune": script("backup-prune", dated)}

	backupDump      = script("backup-dump", nil)
	backupToClaim   = script("backup-to-claim", prune)
	backupHandOver  = script("backup-hand-over", nil)
	backupUpload    = script("backup-upload", prune)
	restoreScript   = script("restore", dated)
	restoreDownload = script("restore-download", dated)
)

func script(name string, parts map[string]string) string {
	return shell.Fill(shell.Read(scriptFiles, "scripts/"+name+".sh"), parts)
}
