// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// TestImage checks which tag a new volume gets. Each of them was seen in the lists of
// tags of the official images; see docs/databases.md.
func TestImage(t *testing.T) {
	const postgres, mariadb, valkey = v1alpha1.EnginePostgreSQL, v1alpha1.EngineMariaDB, v1alpha1.EngineValkey
	for _, tc := range []struct {
		engine        v1alpha1.DatabaseEngine
		version, want string
	}{
		{postgres, "17", "docker.io/library/postgres:17-trixie"},
		{postgres, "18", "docker.io/library/postgres:18-trixie"},
		{postgres, "18.1", "docker.io/library/postgres:18.1-trixie"},
		{postgres, "17.6", "docker.io/library/postgres:17.6-trixie"},
		{postgres, "17.5", "docker.io/library/postgres:17.5-bookworm"},
		{postgres, "16.0", "docker.io/library/postgres:16.0-bookworm"},
		{postgres, "15.2", "docker.io/library/postgres:15.2"},
		{postgres, "15.14", "docker.io/library/postgres:15.14-trixie"},
		{postgres, "20", "docker.io/library/postgres:20"},
		{mariadb, "11.8", "docker.io/library/mariadb:11.8-noble"},
		{mariadb, "11.4", "docker.io/library/mariadb:11.4-noble"},
		{mariadb, "11", "docker.io/library/mariadb:11-noble"},
		{mariadb, "12.3", "docker.io/library/mariadb:12.3-noble"},
		{mariadb, "10.11", "docker.io/library/mariadb:10.11-jammy"},
		{mariadb, "11.2", "docker.io/library/mariadb:11.2"},
		{mariadb, "13.0", "docker.io/library/mariadb:13.0"},
		{valkey, "8.1", "docker.io/valkey/valkey:8.1-trixie"},
		{valkey, "9.0", "docker.io/valkey/valkey:9.0-trixie"},
		{valkey, "7.2", "docker.io/valkey/valkey:7.2-trixie"},
		{valkey, "10", "docker.io/valkey/valkey:10"},
	} {
		e := Engines[tc.engine]
		if got := e.Image(tc.version, e.Base(tc.version)); got != tc.want {
			t.Errorf("%s %s: image is %s, want %s", tc.engine, tc.version, got, tc.want)
		}
	}
	for name, e := range Engines {
		if e.Base(e.DefaultVersion()) == "" {
			t.Errorf("the default version of %s has no base", name)
		}
	}
}
