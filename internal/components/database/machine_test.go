// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/atoll-dev/atoll/internal/engine/enginetest"
)

// machine runs backups and restores.
type machine struct{ *enginetest.Machine }

func newMachine(t *testing.T) *machine {
	t.Helper()
	return &machine{enginetest.NewMachine(t)}
}

func (m *machine) remove(name string) {
	m.T.Helper()
	if err := os.Remove(filepath.Join(m.Dir, "backup", "order-book", name)); err != nil {
		m.T.Fatal(err)
	}
}

// append damages a backup.
func (m *machine) append(text, name string) {
	m.T.Helper()
	m.Write(m.Read("backup", "order-book", name)+text, "backup", "order-book", name)
}

// files are the names in the service's folder of backups.
func (m *machine) files() []string {
	m.T.Helper()
	entries, err := os.ReadDir(filepath.Join(m.Dir, "backup", "order-book"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.T.Fatal(err)
	}
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
