// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

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
