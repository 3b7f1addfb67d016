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
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	engines "github.com/atoll-dev/atoll/internal/engine"
)

// fakeEntryPoint makes data as the official images do: what is there is taken for
// whole.
const fakeEntryPoint = `#!/bin/sh
echo "$*" >> "$FAKE/started"
case $1 in *valkey-server) exit 0 ;; esac
if [ ! -d "$DATA" ] || [ -z "$(ls -A "$DATA")" ]; then
  mkdir -p "$DATA"
  echo half > "$DATA/state"
  [ -z "${FAKE_KILLED:-}" ] || exit 137
  echo whole > "$DATA/state"
fi
`

// inVolume is a copy of a server's container, or of its startup probe, whose
// volume is the machine's folder home.
func (m *machine) inVolume(p *Plan, probe bool) *corev1.Container {
	m.t.Helper()
	pod := p.Engine.PodSpec(p.server())
	c := pod.Containers[0]
	if probe {
		c.Command = c.StartupProbe.Exec.Command
	}
	home := map[string]string{"postgresql": engines.PostgresHome, "mariadb": engines.MariaDBHome, "valkey": engines.ValkeyHome}[p.Engine.Type()]
	m.write(fakeEntryPoint, "bin", "docker-entrypoint.sh")
	if err := os.Chmod(filepath.Join(m.dir, "bin", "docker-entrypoint.sh"), 0o755); err != nil {
		m.t.Fatal(err)
	}
	for _, folder := range []string{"home", "init"} {
		if err := os.MkdirAll(filepath.Join(m.dir, folder), 0o755); err != nil {
			m.t.Fatal(err)
		}
	}
	script := strings.NewReplacer(home, m.dir+"/home", engines.InitFolder, m.dir+"/init").Replace(c.Command[2])
	// The arguments follow the script's name.
	c.Command = append([]string{c.Command[0], c.Command[1], script, "database"}, c.Args...)
	return &c
}

// secondsAgo is what the time is taken to be.
func secondsAgo(seconds int64) string {
	return "FAKE_SECONDS=" + strconv.FormatInt(time.Now().Unix()-seconds, 10)
}

// TestFirstStart is about data that is cleared, and data that never is.
func TestFirstStart(t *testing.T) {
	for engine, data := range map[v1alpha1.DatabaseEngine]string{v1alpha1.EnginePostgreSQL: "pgdata", v1alpha1.EngineMariaDB: "data"} {
		for name, tc := range map[string]struct {
			// do is what happens before the last start, of which the state of the data is
			// looked at.
			do        func(m *machine, start func(env ...string), answer func(env ...string))
			wantState string
			wantSaid  bool
		}{
			"an empty volume": {
				do: func(*machine, func(...string), func(...string)) {}, wantState: "whole\n"},
			"a first start that was broken off": {
				do:        func(_ *machine, start, _ func(...string)) { start("FAKE_KILLED=1") },
				wantState: "whole\n", wantSaid: true},
			"a first start that was broken off twice": {
				do: func(_ *machine, start, _ func(...string)) {
					start("FAKE_KILLED=1")
					start("FAKE_KILLED=1")
				}, wantState: "whole\n", wantSaid: true},
			"a server that has answered": {
				do: func(m *machine, start, answer func(...string)) {
					start()
					answer()
					m.write("used", "home", data, "state")
				}, wantState: "used"},
			"a server that has answered and was started often": {
				do: func(m *machine, start, answer func(...string)) {
					start()
					answer()
					start()
					start()
					m.write("used", "home", data, "state")
				}, wantState: "used"},
			"a server that was away when it was asked": {
				do: func(_ *machine, start, answer func(...string)) {
					start()
					answer("FAKE_DOWN=1")
				}, wantState: "whole\n", wantSaid: true},
			"a volume from before there were notes": {
				do: func(m *machine, _, _ func(...string)) { m.write("used", "home", data, "state") }, wantState: "used"},
			"a volume from before there were notes, whose server never answers": {
				do: func(m *machine, start, answer func(...string)) {
					m.write("used", "home", data, "state")
					start("FAKE_KILLED=1")
					answer("FAKE_DOWN=1")
					start("FAKE_KILLED=1")
				}, wantState: "used"},
			"data that was written long after it was begun": {
				do: func(_ *machine, start, _ func(...string)) {
					start("FAKE_KILLED=1", secondsAgo(engines.StartupPeriod*engines.StartupTries+100))
				}, wantState: "half\n"},
			"data that somebody took away is made anew, also when that is broken off": {
				do: func(m *machine, start, answer func(...string)) {
					start()
					answer()
					if err := os.RemoveAll(filepath.Join(m.dir, "home", data)); err != nil {
						m.t.Fatal(err)
					}
					start("FAKE_KILLED=1")
				}, wantState: "whole\n", wantSaid: true},
		} {
			t.Run(string(engine)+": "+name, func(t *testing.T) {
				m := newMachine(t)
				plan := planOf(t, engine, nil)
				begin := func(env ...string) (string, bool) {
					return m.run(m.inVolume(plan, false), append([]string{"DATA=" + filepath.Join(m.dir, "home", data), secondsAgo(0)}, env...)...)
				}
				tc.do(m, func(env ...string) { begin(env...) }, func(env ...string) { m.run(m.inVolume(plan, true), env...) })
				said, started := begin()
				if !started {
					t.Errorf("the server is not started:\n%s", said)
				}
				if got := m.read("home", data, "state"); got != tc.wantState {
					t.Errorf("the data is %q, want %q; the start said\n%s", got, tc.wantState, said)
				}
				if got := strings.Contains(said, "beginning it anew"); got != tc.wantSaid {
					t.Errorf("that it begins anew is said: %t, want %t:\n%s", got, tc.wantSaid, said)
				}
			})
		}
	}
}

// TestFirstStartIsNoted holds that nobody is let in to data that may be cleared.
func TestFirstStartIsNoted(t *testing.T) {
	for _, engine := range []v1alpha1.DatabaseEngine{v1alpha1.EnginePostgreSQL, v1alpha1.EngineMariaDB} {
		m := newMachine(t)
		plan := planOf(t, engine, nil)
		// A folder is where the note would be, as on a disk that can't be written to.
		if err := os.MkdirAll(filepath.Join(m.dir, "home", ".atoll-made.partial"), 0o755); err != nil {
			t.Fatal(err)
		}
		if output, succeeded := m.run(m.inVolume(plan, true)); succeeded {
			t.Errorf("%s: the startup probe succeeds without its note: %s", engine, output)
		}
	}
}
