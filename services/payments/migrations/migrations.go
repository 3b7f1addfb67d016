// Package migrations has the SQL migrations to the current schema.
package migrations

import "embed"

// Files are the goose migrations. goose applies them in the order of their names.
//
//go:embed *.sql
var Files embed.FS
