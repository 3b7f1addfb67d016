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

package engine

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// valkey runs the official image (https://hub.docker.com/r/valkey/valkey), or
// one of a server that speaks the same protocol and has its commands under the
// names redis-server, redis-cli and redis-check-rdb, and that has flock.
type valkey struct{}

const (
	// valkeyUID is the user "valkey" of the official Debian-based images, and
	// "redis" of Redis' own.
	valkeyUID  = 999
	ValkeyHome = "/data"
	// valkeyTool finds a command by either of its names.
	valkeyTool = `tool() { command -v "valkey-$1" || command -v "redis-$1"; }
`
)

func (valkey) Type() string                { return "valkey" }
func (valkey) DefaultVersion() string      { return "8.1" }
func (valkey) Image(version string) string { return "docker.io/valkey/valkey:" + version }
func (valkey) Port() int32                 { return 6379 }
func (valkey) UID() int64                  { return valkeyUID }
func (valkey) Admin() string               { return "atoll" }
func (valkey) Extension() string           { return "rdb" }

// Users are the user of clients that know a password only. It can have several
// passwords at once.
func (valkey) Users(string) [2]string { return [2]string{"default", "default"} }

// URI has the database's number, as Redis' clients expect.
func (valkey) URI(b Binding) url.URL {
	return url.URL{Scheme: "redis", User: b.userinfo(), Host: b.Address(), Path: "/0"}
}

func (valkey) ClientEnv() []EnvKey {
	return []EnvKey{
		{"VALKEY_URL", KeyURI}, {"VALKEY_HOST", KeyHost}, {"VALKEY_PORT", KeyPort}, {"VALKEY_PASSWORD", KeyPassword},
		{"REDIS_URL", KeyURI}, {"REDIS_HOST", KeyHost}, {"REDIS_PORT", KeyPort}, {"REDIS_PASSWORD", KeyPassword},
	}
}

// Connections has Valkey's default (https://valkey.io/topics/clients/).
func (valkey) Connections(parameters map[string]v1alpha1.ParameterValue) (limit, reserved int) {
	return number(parameters, 10000, "maxclients"), 0
}

// valkeyInit writes the users' file, once: afterwards the server keeps it.
// The service may do everything but change the server.
const valkeyInit = `hash() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
if [ ! -s /data/users.acl ]; then
  umask 077
  {
    echo "user default on #$(hash "$ATOLL_PASSWORD") ~* &* +@all -@admin"
    echo "user $ATOLL_ADMIN on #$(hash "$ATOLL_ADMIN_PASSWORD") ~* &* +@all"
  } > /data/users.acl.partial
  mv /data/users.acl.partial /data/users.acl
fi
`

// valkeyClient talks to the server as the administrator, whose password is not
// seen in the list of processes, and fails where the server answers an error.
const valkeyClient = valkeyTool + `client() {
  REDISCLI_AUTH=$ATOLL_ADMIN_PASSWORD $(tool cli) -e --no-auth-warning --user "$ATOLL_ADMIN" -h "$ATOLL_HOST" -p "$ATOLL_PORT" "$@"
}
`

func (valkey) Scripts() Scripts {
	return Scripts{
		SetPassword: valkeyClient + `client ACL SETUSER "$ATOLL_USER" ">$ATOLL_PASSWORD"
client ACL SAVE
`,
		RetirePassword: valkeyClient + `client ACL SETUSER "$ATOLL_USER" resetpass ">$ATOLL_PASSWORD"
client ACL SAVE
`,
		Dump:   valkeyClient + `client --rdb "$ATOLL_FILE"`,
		Verify: valkeyTool + `$(tool check-rdb) "$ATOLL_FILE"`,
		// A user that nobody can log in as marks a restore that was begun, or was
		// done: what is there comes of it.
		// What the server says is taken down first: a pipe would hide that it failed.
		Filled: valkeyClient + `users=$(client ACL LIST)
loading=$(client INFO persistence)
keys=$(client INFO keyspace)
echo "$loading" | grep -q '^loading:0' || { echo "the server is still loading its data" >&2; exit 1; }
if ! echo "$users" | grep -qE "^user ${ATOLL_RESTORE}(_done)? "; then
  echo "$keys" | sed -n 's/^db\([0-9]*\):keys=\([0-9]*\).*/\2 keys in database \1/p'
fi
`,
		Restore: valkeyClient + valkeyRestore,
	}
}

// valkeyRestore has the server take the data over as the replica of one that was
// started on the file. Whatever comes of it, the server is nobody's replica
// afterwards. A try that has failed before the server held anything takes its mark
// away, so that what somebody else writes then is not taken for its own.
//
// The server is waited for as long as it goes on, and not when it was restarted:
// it is no replica then, or has loaded what it had before.
const valkeyRestore = `users=$(client ACL LIST)
if ! echo "$users" | grep -q "^user ${ATOLL_RESTORE}_done "; then
info() { text=$(client INFO "$1") && printf '%s\n' "$text" | tr -d '\r'; }
run() { info server | grep '^run_id:'; }
started=$(run)
client ACL SETUSER "$ATOLL_RESTORE" off
client ACL SAVE
source=
alone() { { client REPLICAOF NO ONE && client CONFIG SET masterauth "" && client CONFIG SET masteruser ""; } >/dev/null; }
failed() {
  code=$?
  trap - EXIT TERM
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    if alone; then break; fi
    sleep 1
  done
  [ -z "$source" ] || kill "$source" 2>/dev/null || true
  if keys=$(info keyspace) && ! echo "$keys" | grep -q '^db'; then
    { client ACL DELUSER "$ATOLL_RESTORE" && client ACL SAVE; } >/dev/null || true
  fi
  exit "$code"
}
trap failed EXIT
trap 'exit 143' TERM
cp "$ATOLL_FILE" /scratch/restore.rdb
secret=$(head -c 32 /dev/urandom | sha256sum | cut -d ' ' -f 1)
printf '%s\n' 'port 6379' 'dir /scratch' 'dbfilename restore.rdb' 'appendonly no' 'save ""' 'repl-diskless-sync yes' 'repl-diskless-sync-delay 0' "requirepass $secret" > /scratch/restore.conf
$(tool server) /scratch/restore.conf >/scratch/restore.log 2>&1 &
source=$!
alive() { kill -0 "$source" 2>/dev/null || { tail -n 5 /scratch/restore.log >&2; echo "the server that holds the backup has ended" >&2; exit 1; }; }
local_client() { REDISCLI_AUTH=$secret $(tool cli) -e --no-auth-warning "$@"; }
until local_client PING >/dev/null 2>&1; do
  alive
  sleep 1
done
client CONFIG SET masteruser ""
client CONFIG SET masterauth "$secret"
client REPLICAOF "$ATOLL_POD_IP" 6379
echo "waiting for the server to take over the data"
idle=0 before=
while :; do
  link=$(info replication)
  loading=$(info persistence)
  echo "$link" | grep -q '^role:slave' || { echo "the server was restarted, or made no replica any more, while it took over the data" >&2; exit 1; }
  if echo "$link" | grep -q '^master_link_status:up'; then break; fi
  alive
  now=$(printf '%s\n' "$link" "$loading" | sed -n '/^master_sync_.*_bytes:/p;/^loading_loaded_bytes:/p')
  idle=$((idle + 1))
  [ "$now" = "$before" ] || idle=0
  before=$now
  [ "$idle" -lt 60 ] || { echo "the server took over nothing for a minute: can it reach port 6379 of this pod?" >&2; exit 1; }
  sleep 1
done
alone
while :; do
  saving=$(info persistence)
  if echo "$saving" | grep -q '^aof_last_bgrewrite_status:err'; then
    echo "the server could not write the data to its volume" >&2
    exit 1
  fi
  if echo "$saving" | grep -q '^aof_rewrite_in_progress:0' && echo "$saving" | grep -q '^aof_rewrite_scheduled:0'; then break; fi
  sleep 1
done
[ "$(run)" = "$started" ] || { echo "the server was restarted while it took over the data" >&2; exit 1; }
client ACL SETUSER "${ATOLL_RESTORE}_done" off
client ACL DELUSER "$ATOLL_RESTORE"
client ACL SAVE
trap - EXIT TERM
kill "$source"
fi
`

// valkeyLocal is the client for the server in whose container it runs.
const valkeyLocal = `ATOLL_HOST=127.0.0.1
ATOLL_PORT=6379
` + valkeyClient

// valkeyAlone is false of the replica of a server that is away, which a restore
// leaves that was killed: no service has replicas. Started anew it is none.
const valkeyAlone = `case $(client INFO replication) in *master_link_status:down*master_sync_in_progress:0*) exit 1 ;; esac
`

// Whether the data is in the append-only file or in snapshots alone is a
// parameter, and the server would load nothing, or what is old, from what it has
// not written of late. So what was in use is noted, the server is started with
// that, and told to change when it has loaded the data. A volume from before there
// were notes tells by its files, where it has those of one kind only; the API lets
// nobody name them otherwise.
const (
	valkeyNote = ValkeyHome + "/.atoll-appendonly"

	valkeyStart = noteFunction + `if [ ! -s ` + valkeyNote + ` ]; then
  appendonly=$ATOLL_APPENDONLY
  if [ -s ` + ValkeyHome + `/dump.rdb ] && [ ! -e ` + ValkeyHome + `/appendonlydir ] && [ ! -e ` + ValkeyHome + `/appendonly.aof ]; then
    appendonly=no
  elif [ ! -e ` + ValkeyHome + `/dump.rdb ] && [ -e ` + ValkeyHome + `/appendonlydir ]; then
    appendonly=yes
  fi
  note ` + valkeyNote + ` "$appendonly"
fi
appendonly=$(cat ` + valkeyNote + `)
: > ` + ValkeyHome + `/.atoll-started
exec docker-entrypoint.sh "$(tool server)" "$@" --appendonly "$appendonly"
`
	// valkeyChange is true when the server has written all data to where it is
	// asked to. Until then nobody is let in.
	valkeyChange = noteFunction + `if [ "$(cat ` + valkeyNote + ` 2>/dev/null)" != "$ATOLL_APPENDONLY" ]; then
  info=$(client INFO persistence | tr -d '\r')
  is() { echo "$info" | grep -qx "$1"; }
  if [ "$ATOLL_APPENDONLY" = yes ]; then
    is aof_enabled:1 || { client CONFIG SET appendonly yes; exit 1; }
    is aof_rewrite_in_progress:0 && is aof_rewrite_scheduled:0 && is aof_last_bgrewrite_status:ok || exit 1
  else
    is rdb_bgsave_in_progress:0 || exit 1
    if is aof_enabled:1; then
      [ -n "$(find ` + ValkeyHome + `/dump.rdb -newer ` + ValkeyHome + `/.atoll-started 2>/dev/null)" ] || { client BGSAVE; exit 1; }
      client CONFIG SET appendonly no || exit 1
    fi
  fi
  note ` + valkeyNote + ` "$ATOLL_APPENDONLY"
fi
`
)

// AppendOnly is whether the server writes every change down before it answers.
// Without that a crash loses what came after the last snapshot.
func AppendOnly(s *Server) string {
	if strings.EqualFold(string(s.Parameters["appendonly"]), "no") {
		return "no"
	}
	return "yes"
}

func (valkey) PodSpec(s *Server) corev1.PodSpec {
	server := s.server(ValkeyHome, valkeyTool+valkeyInit+valkeyStart, "")
	server.Args = []string{"--dir", ValkeyHome, "--aclfile", ValkeyHome + "/users.acl"}
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		if name != "appendonly" {
			server.Args = append(server.Args, "--"+name, string(s.Parameters[name]))
		}
	}
	server.Env = append(s.serverEnv(), s.adminEnv("ATOLL_ADMIN_PASSWORD"), corev1.EnvVar{Name: "ATOLL_APPENDONLY", Value: AppendOnly(s)})
	server.StartupProbe = execProbe(valkeyLocal+`client PING | grep -q PONG || exit 1
`+valkeyChange, StartupPeriod, StartupTries)
	server.ReadinessProbe = execProbe(valkeyLocal+`client PING | grep -q PONG`, 5, 3)
	// A server that loads its data is alive.
	server.LivenessProbe = execProbe(valkeyLocal+`client PING 2>&1 | grep -qE 'PONG|LOADING|BUSY|MASTERDOWN' || exit 1
`+valkeyAlone, 10, 12)
	return s.serverPod(server)
}
