// Package migrations holds the steps that lead to the current schema.
package migrations

import "embed"

// Files are goose migrations, applied in the order of their names.
//
//go:embed *.sql
var Files embed.FS
