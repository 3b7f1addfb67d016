// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine/enginetest"
)

// inVolume returns a copy of a server's container, or of its startup probe, whose
// volume is the machine's folder home.
func inVolume(m *enginetest.Machine, s *Server, probe bool) *corev1.Container {
	c := podSpec(s).Containers[0]
	if probe {
		c.Command, c.Args = c.StartupProbe.Exec.Command, nil
	}
	home := map[string]string{"postgresql": postgresHome, "mariadb": mariaDBHome, "valkey": valkeyHome}[s.Engine.Type()]
	script := strings.NewReplacer(home, m.Dir+"/home").Replace(c.Command[2])
	c.Command = []string{c.Command[0], c.Command[1], script}
	return &c
}

// secondsAgo sets the clock of the scripts.
func secondsAgo(seconds int64) string {
	return "FAKE_SECONDS=" + strconv.FormatInt(time.Now().Unix()-seconds, 10)
}

// podTmp sets the folder that lasts as long as the pod.
func podTmp(m *enginetest.Machine) string { return "TMPDIR=" + filepath.Join(m.Dir, "tmp") }

// newPod empties the folder that lasts as long as the pod.
func newPod(m *enginetest.Machine) {
	if err := os.Remove(filepath.Join(m.Dir, "tmp", "atoll-first-starts")); err != nil {
		m.T.Fatal(err)
	}
}

// TestFirstStart checks which data a start moves aside.
func TestFirstStart(t *testing.T) {
	for engine, data := range map[v1alpha1.DatabaseEngine]string{v1alpha1.EnginePostgreSQL: "pgdata", v1alpha1.EngineMariaDB: "data"} {
		for name, tc := range map[string]struct {
			// do happens before the last start.
			do         func(m *enginetest.Machine, start func(env ...string), answer func(env ...string))
			wantState  string
			wantOutput bool
			// wantUnready means that the startup probe fails.
			wantUnready bool
		}{
			"an empty volume": {
				do: func(*enginetest.Machine, func(...string), func(...string)) {}, wantState: "whole\n"},
			"a first start that was interrupted": {
				do:        func(_ *enginetest.Machine, start, _ func(...string)) { start("FAKE_KILLED=1") },
				wantState: "whole\n", wantOutput: true},
			"a first start that was interrupted twice": {
				do: func(_ *enginetest.Machine, start, _ func(...string)) {
					start("FAKE_KILLED=1")
					start("FAKE_KILLED=1")
				}, wantState: "whole\n", wantOutput: true},
			"a first start that fails for the fourth time in a pod": {
				do: func(_ *enginetest.Machine, start, _ func(...string)) {
					for range 4 {
						start("FAKE_KILLED=1")
					}
				}, wantState: "half\n", wantUnready: true},
			"the same, and a new pod": {
				do: func(m *enginetest.Machine, start, _ func(...string)) {
					for range 5 {
						start("FAKE_KILLED=1")
					}
					newPod(m)
				}, wantState: "whole\n", wantOutput: true},
			"the same, after the server wrote for hours": {
				do: func(m *enginetest.Machine, start, _ func(...string)) {
					for range 4 {
						start("FAKE_KILLED=1")
					}
					start("FAKE_KILLED=1", secondsAgo(-3000))
					later := time.Now().Add(5000 * time.Second)
					if err := os.Chtimes(filepath.Join(m.Dir, "home", data, "state"), later, later); err != nil {
						m.T.Fatal(err)
					}
					newPod(m)
				}, wantState: "whole\n", wantOutput: true},
			"a server that has answered": {
				do: func(m *enginetest.Machine, start, answer func(...string)) {
					start()
					answer()
					m.Write("used", "home", data, "state")
				}, wantState: "used"},
			"a server that has answered and was started often": {
				do: func(m *enginetest.Machine, start, answer func(...string)) {
					start()
					answer()
					start()
					start()
					m.Write("used", "home", data, "state")
				}, wantState: "used"},
			"a server that did not answer": {
				do: func(_ *enginetest.Machine, start, answer func(...string)) {
					start()
					answer("FAKE_DOWN=1")
				}, wantState: "whole\n", wantOutput: true},
			"a volume from before the notes": {
				do: func(m *enginetest.Machine, _, _ func(...string)) { m.Write("used", "home", data, "state") }, wantState: "used"},
			"a volume from before the notes, whose server never answers": {
				do: func(m *enginetest.Machine, start, answer func(...string)) {
					m.Write("used", "home", data, "state")
					start("FAKE_KILLED=1")
					answer("FAKE_DOWN=1")
					start("FAKE_KILLED=1")
				}, wantState: "used"},
			"data written long after the first start": {
				do: func(_ *enginetest.Machine, start, _ func(...string)) {
					start("FAKE_KILLED=1", secondsAgo(startupPeriod*startupTries+endSeconds+100))
				}, wantState: "half\n"},
			"data that the user deleted is created again, even after an interruption": {
				do: func(m *enginetest.Machine, start, answer func(...string)) {
					start()
					answer()
					if err := os.RemoveAll(filepath.Join(m.Dir, "home", data)); err != nil {
						m.T.Fatal(err)
					}
					start("FAKE_KILLED=1")
				}, wantState: "whole\n", wantOutput: true},
		} {
			t.Run(string(engine)+": "+name, func(t *testing.T) {
				m := enginetest.NewMachine(t)
				if err := os.MkdirAll(filepath.Join(m.Dir, "tmp"), 0o755); err != nil {
					t.Fatal(err)
				}
				server := serverOf(engine)
				begin := func(env ...string) (string, bool) {
					return m.Run(inVolume(m, server, false), append([]string{"DATA=" + filepath.Join(m.Dir, "home", data), secondsAgo(0), podTmp(m)}, env...)...)
				}
				tc.do(m, func(env ...string) { begin(env...) }, func(env ...string) { m.Run(inVolume(m, server, true), env...) })
				said, started := begin()
				if !started {
					t.Errorf("the server did not start:\n%s", said)
				}
				if got := m.Read("home", data, "state"); got != tc.wantState {
					t.Errorf("the data is %q, want %q; the start said\n%s", got, tc.wantState, said)
				}
				if got := strings.Contains(said, "beginning it anew"); got != tc.wantOutput {
					t.Errorf("the repeat is logged: %t, want %t:\n%s", got, tc.wantOutput, said)
				}
				if _, ready := m.Run(inVolume(m, server, true), podTmp(m)); ready == tc.wantUnready {
					t.Errorf("the startup probe succeeds: %t, want %t", ready, !tc.wantUnready)
				}
				aside, err := filepath.Glob(filepath.Join(m.Dir, "home", data+".interrupted-*", "state"))
				if err != nil || (tc.wantOutput || tc.wantUnready) != (len(aside) > 0) {
					t.Errorf("%d folders of earlier data are kept (%v), want some: %t", len(aside), err, tc.wantOutput)
				}
			})
		}
	}
}

// TestFirstStartIsNoted checks that no client connects before the note is written:
// without it the data may be deleted.
func TestFirstStartIsNoted(t *testing.T) {
	for _, engine := range []v1alpha1.DatabaseEngine{v1alpha1.EnginePostgreSQL, v1alpha1.EngineMariaDB} {
		m := enginetest.NewMachine(t)
		server := serverOf(engine)
		// A folder in the place of the note makes its write fail.
		if err := os.MkdirAll(filepath.Join(m.Dir, "home", ".atoll-made.partial"), 0o755); err != nil {
			t.Fatal(err)
		}
		if output, succeeded := m.Run(inVolume(m, server, true)); succeeded {
			t.Errorf("%s: the startup probe succeeds without its note: %s", engine, output)
		}
	}
}

// TestPostgresInit checks when the startup probe creates the service's user: in a database
// that Atoll has created, until it is noted as complete.
func TestPostgresInit(t *testing.T) {
	for name, tc := range map[string]struct {
		do          func(m *enginetest.Machine, start, answer func(env ...string) bool)
		wantCreated int
		wantNoted   bool
	}{
		"a first start": {do: func(_ *enginetest.Machine, start, answer func(...string) bool) { start(); answer() }, wantCreated: 1, wantNoted: true},
		"a later probe, and a later start": {do: func(_ *enginetest.Machine, start, answer func(...string) bool) {
			start()
			answer()
			answer()
			start()
			answer()
		}, wantCreated: 1, wantNoted: true},
		"a server that refuses the statements": {do: func(_ *enginetest.Machine, start, answer func(...string) bool) {
			start()
			if answer("FAKE_REFUSED=OWNER TO") {
				t.Error("the probe succeeds without the service's user")
			}
		}, wantCreated: 1},
		"data of another program": {do: func(m *enginetest.Machine, start, answer func(...string) bool) {
			m.Write("used", "home", "pgdata", "state")
			start()
			answer()
		}, wantNoted: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := enginetest.NewMachine(t)
			server := serverOf(v1alpha1.EnginePostgreSQL)
			run := func(probe bool) func(env ...string) bool {
				return func(env ...string) bool {
					_, succeeded := m.Run(inVolume(m, server, probe), append([]string{"DATA=" + filepath.Join(m.Dir, "home", "pgdata"), secondsAgo(0)}, env...)...)
					return succeeded
				}
			}
			tc.do(m, run(false), run(true))
			if got := strings.Count(m.Read("told"), "ALTER SCHEMA public OWNER"); got != tc.wantCreated {
				t.Errorf("the owner was set %d times, want %d:\n%s", got, tc.wantCreated, m.Read("told"))
			}
			if got := m.Read("home", ".atoll-made") != ""; got != tc.wantNoted {
				t.Errorf("the data is noted as complete: %t, want %t", got, tc.wantNoted)
			}
			for _, v := range podSpec(server).Containers[0].VolumeMounts {
				if v.MountPath == "/docker-entrypoint-initdb.d" {
					t.Error("a volume hides the image's own scripts for the first start")
				}
			}
		})
	}
}
