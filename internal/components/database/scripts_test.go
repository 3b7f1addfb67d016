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
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	engines "github.com/atoll-dev/atoll/internal/engine"
)

var leftOverPattern = regexp.MustCompile(`@[a-z]+@`)

// leftOver is a place in a script that nothing was put into.
func leftOver(script string) string { return leftOverPattern.FindString(script) }

// scriptsOf are all scripts of all engines: of servers and their probes, and of
// what is done with them.
func scriptsOf(t *testing.T) map[string]string {
	t.Helper()
	scripts := map[string]string{}
	add := func(name string, command []string) {
		if len(command) > 2 && command[0] == "/bin/sh" {
			scripts[name] = command[2]
		}
	}
	for kind := range engines.Engines {
		pods := map[string]corev1.PodSpec{}
		plan := planOf(t, kind, nil)
		pods["server"] = plan.Engine.PodSpec(plan.server())
		pods["set password"] = plan.SetPasswordJob("x", nil).Spec.Template.Spec
		pods["retire password"] = plan.RetirePasswordJob("x", "y", nil).Spec.Template.Spec
		for where, location := range map[string]v1alpha1.BackupLocation{
			"claim": {PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: "backups"}}, "bucket": {S3: &v1alpha1.S3Location{Bucket: "shop"}},
		} {
			spec := &v1alpha1.Database{Engine: kind, Backup: &v1alpha1.DatabaseBackup{Schedule: "@daily", Destination: location}, Restore: &v1alpha1.DatabaseRestore{}}
			pods["backup to "+where] = plan.BackupCronJob(spec.Backup, "", false, nil).Spec.JobTemplate.Spec.Template.Spec
			pods["restore from "+where] = plan.RestoreJob("x", "y", spec, "", nil).Spec.Template.Spec
		}
		for pod, spec := range pods {
			for _, c := range append(spec.InitContainers, spec.Containers...) {
				add(string(kind)+": "+pod+": "+c.Name, c.Command)
				for probe, p := range map[string]*corev1.Probe{"startup": c.StartupProbe, "readiness": c.ReadinessProbe, "liveness": c.LivenessProbe} {
					if p != nil && p.Exec != nil {
						add(string(kind)+": "+pod+": "+probe+" probe", p.Exec.Command)
					}
				}
			}
		}
	}
	// A server with three probes, two Jobs for passwords, and backup and restore,
	// which are two containers each for a bucket.
	if want := 12 * len(engines.Engines); len(scripts) != want {
		t.Errorf("there are %d scripts, want %d: has this test lost some?", len(scripts), want)
	}
	return scripts
}

// fakeEngine stands for the commands of all engines. What it was told is in the
// file told, what the database holds in the file held.
const fakeEngine = `#!/bin/sh
name=${0##*/}
case $name in date)
  case ${2:-$1} in +%s) echo "${FAKE_SECONDS:-1772330400}" ;; *:*) echo "$FAKE_TIME" ;; *) echo "$FAKE_TIME" | tr -d ':-' ;; esac
  exit 0 ;;
esac
[ -z "${FAKE_DOWN:-}" ] || { echo "connection refused" >&2; exit 1; }
dump() { printf '%s\n' "$FAKE_DATA" > "$1"; [ -n "${FAKE_CUT:-}" ] || echo "-- Dump completed" >> "$1"; [ -z "${FAKE_BROKEN:-}" ] || exit 1; }
last() { for last; do :; done; echo "$last"; }
verify() { grep -q '^-- Dump completed' "$1" || { echo "not a dump" >&2; exit 1; }; }
statements() {
  text=$(cat)
  case $text in
  *HAVING*) cat "$FAKE/held" 2>/dev/null || true; return ;;
  *"SELECT 'filled'"*) cat "$FAKE/filled" 2>/dev/null || true; return ;;
  *COMMIT*) echo filled > "$FAKE/filled" ;;
  esac
  printf '%s\n' "$text" >> "$FAKE/told"
  case $text in *"${FAKE_REFUSED:-nothing}"*) echo "$FAKE_REFUSED is refused" >&2; exit 1 ;; esac
}
# A part of a PostgreSQL archive: what it is chosen from, as whom it is restored,
# and at the end of the last one the data.
part() {
  echo "-- $*"
  sed -n 's/^[0-9; ]* EXTENSION - \([^ ]*\).*/CREATE EXTENSION IF NOT EXISTS \1 WITH SCHEMA public;/p; t
/^;/!p' "$2"
  case "$*" in *--single-transaction*)
    [ -z "${FAKE_TORN:-}" ] || { echo "could not read from input file" >&2; exit 1; }
    cat "$(last "$@")"
    echo "COMMIT;" ;;
  esac
}
# A bucket is the folder store.
stored() { echo "$FAKE/store/$(echo "$1" | sed 's/^store://')"; }
bucket() {
  [ -z "${FAKE_KEY:-}" ] || { echo "AccessDenied: $FAKE_KEY" >&2; exit 1; }
  case $1 in
  copy)
    case $6 in store:*) from=$(stored "$6") to=$7 ;; *) from=$6 to=$(stored "$7") ;; esac
    mkdir -p "$to"
    for file in "$3" "$5"; do cp "$from/$file" "$to" 2>/dev/null || true; done ;;
  check) ;;
  lsf) ls -1 "$(stored "$5")" ;;
  deletefile)
    [ -z "${FAKE_LOCKED:-}" ] || { echo "AccessDenied: the bucket keeps everything" >&2; exit 1; }
    rm "$(stored "$2")" ;;
  esac
}
case "${FAKE_DEAF:+deaf} $*" in "deaf "*"ACL LIST"|"deaf "*"INFO keyspace") echo "broken pipe" >&2; exit 1 ;; esac
case "$name $*" in
pg_dump*) dump "$(last "$@")" ;;
"pg_restore --file /dev/null"*) verify "$(last "$@")" ;;
"pg_restore --list"*) cat "$FAKE/contents" 2>/dev/null || true ;;
"pg_restore --use-list"*) part "$@" ;;
pg_isready*|mariadb-admin*) ;;
rclone*) bucket "$@" ;;
psql*|"mariadb "*) statements ;;
mariadb-dump*) for a; do case $a in --result-file=*) dump "${a#*=}" ;; esac; done ;;
valkey-check-rdb*) verify "$1" ;;
valkey-server*) cat "$FAKE/scratch/restore.rdb" >> "$FAKE/told"; exec sleep "${FAKE_ENDS:-60}" ;;
valkey-cli*"ACL LIST") cat "$FAKE/users" 2>/dev/null || true ;;
valkey-cli*"INFO keyspace") cat "$FAKE/held" 2>/dev/null || true ;;
valkey-cli*"INFO replication") printf 'role:%s\r\nmaster_link_status:%s\r\nmaster_sync_in_progress:%s\r\n' "${FAKE_ROLE:-slave}" "${FAKE_LINK:-up}" "${FAKE_SYNCING:-0}" ;;
valkey-cli*"INFO server") echo "run_id:${FAKE_RUN:-$(cat "$FAKE/run" 2>/dev/null)}"; [ -z "${FAKE_RESTARTS:-}" ] || echo x >> "$FAKE/run" ;;
valkey-cli*"INFO persistence")
  printf '%s\r\n' "loading:${FAKE_LOADING:-0}" "aof_enabled:${FAKE_AOF:-1}" "aof_rewrite_in_progress:${FAKE_REWRITING:-0}" aof_rewrite_scheduled:0 \
    "aof_last_bgrewrite_status:${FAKE_REWRITTEN:-ok}" "rdb_bgsave_in_progress:${FAKE_SAVING:-0}" ;;
valkey-cli*PING) echo PONG ;;
valkey-cli*--rdb*) dump "$(last "$@")" ;;
valkey-cli*) echo "$*" >> "$FAKE/told" ;;
*) echo "$name $* is not known to the fake" >&2; exit 127 ;;
esac
`

// machine is a folder in which scripts run as they would in their container.
type machine struct {
	t   *testing.T
	dir string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	for _, tool := range []string{"sh", "sha256sum", "find", "gzip", "cut", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("there is no %s, which the scripts use: install it", tool)
		}
	}
	m := &machine{t, t.TempDir()}
	for _, folder := range []string{"bin", "backup", "scratch"} {
		if err := os.Mkdir(filepath.Join(m.dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range []string{"date", "psql", "pg_dump", "pg_restore", "mariadb", "mariadb-dump", "valkey-cli", "valkey-server", "valkey-check-rdb", "pg_isready", "mariadb-admin", "rclone"} {
		if err := os.WriteFile(filepath.Join(m.dir, "bin", command), []byte(fakeEngine), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// run runs a container, with more variables, and returns what it wrote and
// whether it succeeded.
func (m *machine) run(c *corev1.Container, env ...string) (output string, succeeded bool) {
	m.t.Helper()
	script := strings.NewReplacer(
		"/backup/", m.dir+"/backup/", "/scratch/", m.dir+"/scratch/", "dir /scratch", "dir "+m.dir+"/scratch", "/dev/termination-log", m.dir+"/report",
	).Replace(c.Command[2])
	command := exec.CommandContext(m.t.Context(), c.Command[0], c.Command[1], script)
	command.Env = []string{"PATH=" + m.dir + "/bin:" + os.Getenv("PATH"), "FAKE=" + m.dir}
	for _, v := range c.Env {
		value := v.Value
		if v.ValueFrom != nil {
			value = "secret"
		}
		command.Env = append(command.Env, v.Name+"="+value)
	}
	command.Env = append(command.Env, env...)
	var all bytes.Buffer
	command.Stdout, command.Stderr = &all, &all
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatal(err)
	}
	return all.String(), err == nil
}

// read is the content of a file; empty when it is not there.
func (m *machine) read(path ...string) string {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{m.dir}, path...)...))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.t.Fatal(err)
	}
	return string(text)
}

func (m *machine) write(text string, path ...string) {
	m.t.Helper()
	file := filepath.Join(append([]string{m.dir}, path...)...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) remove(name string) {
	m.t.Helper()
	if err := os.Remove(filepath.Join(m.dir, "backup", "order-book", name)); err != nil {
		m.t.Fatal(err)
	}
}

// append damages a backup.
func (m *machine) append(text, name string) {
	m.t.Helper()
	m.write(m.read("backup", "order-book", name)+text, "backup", "order-book", name)
}

// files are the names in the service's folder of backups.
func (m *machine) files() []string {
	m.t.Helper()
	entries, err := os.ReadDir(filepath.Join(m.dir, "backup", "order-book"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.t.Fatal(err)
	}
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
