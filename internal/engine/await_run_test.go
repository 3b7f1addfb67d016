// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine/enginetest"
)

// TestAwait runs the wait of each engine with a server that refuses the pod at first.
func TestAwait(t *testing.T) {
	clients := map[v1alpha1.DatabaseEngine]string{
		v1alpha1.EnginePostgreSQL: "pg_isready", v1alpha1.EngineMariaDB: "mariadb-admin", v1alpha1.EngineValkey: "valkey-cli",
	}
	for kind, e := range Engines {
		if clients[kind] == "" {
			t.Fatalf("the client of %s is not known to this test: add it", kind)
		}
		for name, tc := range map[string]struct{ refused, tries int }{
			"it answers":         {0, 1},
			"it refuses twice":   {2, 3},
			"it refuses forever": {1000, awaitTries},
		} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				m := enginetest.NewMachine(t)
				m.Write(fmt.Sprintf("#!/bin/sh\necho \"$*\" >> %[1]s/tried\n[ \"$(wc -l < %[1]s/tried)\" -gt %[2]d ]\n", m.Dir, tc.refused), "bin", clients[kind])
				if err := os.Chmod(filepath.Join(m.Dir, "bin", clients[kind]), 0o755); err != nil {
					t.Fatal(err)
				}
				said, succeeded := m.Run(&corev1.Container{
					Command: []string{"/bin/sh", "-c", "set -eu\n" + e.Scripts().Await + "echo begun\n"},
					Env: []corev1.EnvVar{{Name: "ATOLL_HOST", Value: "orders-db.shop.svc"}, {Name: "ATOLL_PORT", Value: strconv.Itoa(int(e.Port()))},
						{Name: "ATOLL_ADMIN", Value: e.Admin()}},
				}, "FAKE_DOWN=1")
				if !succeeded || said != "begun\n" {
					t.Errorf("succeeded is %t, and it said %q", succeeded, said)
				}
				tried := strings.Split(strings.TrimSpace(m.Read("tried")), "\n")
				if len(tried) != tc.tries || !strings.Contains(tried[0], "orders-db.shop.svc") {
					t.Errorf("%d tries, want %d; the first: %s", len(tried), tc.tries, tried[0])
				}
			})
		}
	}
}
