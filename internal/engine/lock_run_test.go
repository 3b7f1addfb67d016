// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine/enginetest"
)

// busyBoxFlock is a flock without -w, as BusyBox has it.
const busyBoxFlock = `#!/bin/sh
case $1 in -n) ;; *) echo "flock: unrecognized option: $1" >&2; exit 1 ;; esac
exec /usr/bin/flock "$@"
`

// TestLock starts a server with the tools of several images.
func TestLock(t *testing.T) {
	for name, tc := range map[string]struct {
		// tools replace those of the machine. sleep does not wait.
		tools      map[string]string
		env        string
		held       bool
		data       bool
		want       bool
		wantOutput string
	}{
		"util-linux":                          {want: true},
		"BusyBox":                             {tools: map[string]string{"flock": busyBoxFlock}, want: true},
		"util-linux, another server":          {held: true, wantOutput: "another server still holds the data\n"},
		"BusyBox, another server":             {tools: map[string]string{"flock": busyBoxFlock}, held: true, wantOutput: "another server still holds the data\n"},
		"no flock":                            {tools: map[string]string{"flock": "#!/bin/sh\necho 'flock: not found' >&2\nexit 127\n"}, wantOutput: "the data cannot be locked: flock: not found\n"},
		"the image lacks the user of the pod": {env: "FAKE_NAMELESS=1", wantOutput: "the user 1000770000 of the pod has no name in database.image: use a Debian variant\n"},
		"the image lacks the user, with data": {env: "FAKE_NAMELESS=1", data: true, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := enginetest.NewMachine(t)
			for tool, script := range tc.tools {
				m.Write(script, "bin", tool)
			}
			m.Write("#!/bin/sh\n", "bin", "sleep")
			for _, tool := range []string{"flock", "sleep"} {
				if err := os.Chmod(filepath.Join(m.Dir, "bin", tool), 0o755); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
			if tc.data {
				m.Write("17\n", "home", "pgdata", "PG_VERSION")
			}
			if tc.held {
				m.Write("", "home", ".atoll-lock")
				lock, err := os.Open(filepath.Join(m.Dir, "home", ".atoll-lock"))
				if err != nil {
					t.Fatal(err)
				}
				defer lock.Close()
				if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
					t.Fatal(err)
				}
			}
			said, started := m.Run(inVolume(m, serverOf(v1alpha1.EnginePostgreSQL), false), "DATA="+filepath.Join(m.Dir, "home", "pgdata"), tc.env)
			if started != tc.want || !strings.HasPrefix(said, tc.wantOutput) {
				t.Errorf("started is %t, want %t; it said\n%s\nwant first\n%s", started, tc.want, said, tc.wantOutput)
			}
		})
	}
}
