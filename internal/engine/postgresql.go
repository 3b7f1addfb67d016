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

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// PostgreSQL runs the official image, or one that keeps its conventions
// (https://hub.docker.com/_/postgres), and has flock.
type PostgreSQL struct{}

const (
	// postgresUID is the user "postgres" of the official Debian-based images.
	postgresUID = 999
	// The volume is mounted a level above the data directory, because some
	// volumes have a lost+found at their root and initdb wants an empty directory.
	// The data directory is named explicitly, because the image's default moved in
	// version 18.
	PostgresHome = "/var/lib/postgresql"
	postgresData = PostgresHome + "/pgdata"
)

func (PostgreSQL) Type() string                { return "postgresql" }
func (PostgreSQL) DefaultVersion() string      { return "17" }
func (PostgreSQL) Image(version string) string { return "docker.io/library/postgres:" + version }
func (PostgreSQL) Port() int32                 { return 5432 }
func (PostgreSQL) UID() int64                  { return postgresUID }
func (PostgreSQL) Admin() string               { return "postgres" }
func (PostgreSQL) Extension() string           { return "dump" }

// Users are two login roles that are members of the owner, a role of the base
// name, and act as it: what either makes belongs to the owner.
func (PostgreSQL) Users(base string) [2]string { return [2]string{base + "_a", base + "_b"} }

// URI turns TLS off because the built-in server has no certificate, and some
// clients insist on one unless told.
func (PostgreSQL) URI(b Binding) url.URL {
	return url.URL{Scheme: "postgresql", User: b.userinfo(), Host: b.Address(), Path: "/" + b.Database, RawQuery: "sslmode=" + b.tlsMode("disable", "require")}
}

// ClientEnv are libpq's variables
// (https://www.postgresql.org/docs/current/libpq-envars.html).
func (PostgreSQL) ClientEnv() []EnvKey {
	return []EnvKey{
		{"PGHOST", KeyHost}, {"PGPORT", KeyPort}, {"PGUSER", KeyUsername},
		{"PGPASSWORD", KeyPassword}, {"PGDATABASE", KeyDatabase},
	}
}

// Connections has PostgreSQL's defaults
// (https://www.postgresql.org/docs/current/runtime-config-connection.html).
func (PostgreSQL) Connections(parameters map[string]v1alpha1.ParameterValue) (limit, reserved int) {
	return number(parameters, 100, "max_connections"),
		number(parameters, 3, "superuser_reserved_connections") + number(parameters, 0, "reserved_connections")
}

// postgresInit is run by the image's entry point when it has made the database.
const postgresInit = `psql -v ON_ERROR_STOP=1 -Xq --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv owner ATOLL_OWNER
\getenv database ATOLL_DATABASE
CREATE ROLE :"owner";
ALTER DATABASE :"database" OWNER TO :"owner";
ALTER SCHEMA public OWNER TO :"owner";
SQL
` + postgresSetPassword

// The password goes to the server in a statement, which must not reach its log.
const postgresSetPassword = `psql -v ON_ERROR_STOP=1 -Xq --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE" <<'SQL'
\getenv owner ATOLL_OWNER
\getenv user ATOLL_USER
\getenv password ATOLL_PASSWORD
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
BEGIN;
SELECT format('CREATE ROLE %I', :'user') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'user') \gexec
ALTER ROLE :"user" LOGIN PASSWORD :'password';
GRANT :"owner" TO :"user";
ALTER ROLE :"user" SET role TO :"owner";
COMMIT;
SQL
`

// postgresConnect says where the server is to PostgreSQL's clients.
const postgresConnect = `export PGHOST="$ATOLL_HOST" PGPORT="$ATOLL_PORT" PGPASSWORD="$ATOLL_ADMIN_PASSWORD"
`

func (PostgreSQL) Scripts() Scripts {
	return Scripts{
		SetPassword: postgresConnect + postgresSetPassword,
		// A pool that resets its sessions makes what it makes as the user itself, so
		// that this is given to the owner before the user is of no more use.
		RetirePassword: postgresConnect + `psql -v ON_ERROR_STOP=1 -Xq --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE" <<'SQL'
\getenv owner ATOLL_OWNER
\getenv retired ATOLL_RETIRED_USER
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', rolname), format('REASSIGN OWNED BY %I TO %I', rolname, :'owner')
  FROM pg_roles WHERE rolname = :'retired' \gexec
SELECT FROM pg_stat_activity, pg_terminate_backend(pid) WHERE usename = :'retired';
SQL
`,
		Dump:   postgresConnect + `pg_dump --format=custom --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE" --file "$ATOLL_FILE"`,
		Verify: `pg_restore --file /dev/null "$ATOLL_FILE"`,
		Filled: postgresConnect + `psql -v ON_ERROR_STOP=1 -XAtq --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE" <<'SQL'
\getenv restore ATOLL_RESTORE
SELECT count(*) || ' tables, views or sequences, among them ' || min(c.oid::regclass::text)
  FROM pg_class c
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    AND shobj_description((SELECT oid FROM pg_database WHERE datname = current_database()), 'pg_database') IS DISTINCT FROM 'filled by ' || :'restore'
  HAVING count(*) > 0;
SQL
`,
		Restore: postgresConnect + postgresRestore,
	}
}

// postgresRestore brings everything in one transaction, which also writes into
// the database's comment that the restore has filled it: a try that is broken off
// leaves nothing, and one that is not is never made again.
//
// What is in the dump becomes the owner's, except the extensions that the
// administrator alone can make. Extensions come after the schemas that they may
// be in, and before all that may use them. Some have tables whose rows are dumped, such
// as PostGIS' reference systems; the owner may write to them meanwhile.
//
// With --single-transaction pg_restore puts a COMMIT at its end, and has no
// others around large objects. As the last part has it, what psql reads is
// committed only if pg_restore has read the whole dump; its BEGIN does nothing.
const postgresRestore = `admin() { psql -v ON_ERROR_STOP=1 -XAtq --username "$ATOLL_ADMIN" --dbname "$ATOLL_DATABASE"; }
filled() {
  admin <<'SQL'
\getenv restore ATOLL_RESTORE
SELECT 'filled' FROM pg_database
  WHERE datname = current_database() AND shobj_description(oid, 'pg_database') = 'filled by ' || :'restore';
SQL
}
begin() {
  cat <<'SQL'
BEGIN;
\getenv database ATOLL_DATABASE
\getenv owner ATOLL_OWNER
\getenv restore ATOLL_RESTORE
\set mark 'filled by ' :restore
COMMENT ON DATABASE :"database" IS :'mark';
SQL
}
makers() {
  sed "s/^CREATE EXTENSION IF NOT EXISTS \"*\([^\" ]*\).*/SELECT set_config('role', CASE WHEN bool_or(trusted) THEN :'owner' ELSE 'none' END, false) FROM pg_available_extension_versions WHERE name = '\1'; &/"
}
write() {
  cat <<SQL
\\getenv owner ATOLL_OWNER
SELECT format('$1 %s %s $2 %I', CASE relkind WHEN 'S' THEN 'UPDATE ON SEQUENCE' ELSE 'INSERT ON TABLE' END, c.oid::regclass, :'owner')
  FROM pg_extension, unnest(extconfig) config JOIN pg_class c ON c.oid = config \\gexec
SQL
}
part() {
  sed -nE "$1" /scratch/contents > /scratch/part
  shift
  pg_restore --use-list /scratch/part --no-owner --no-privileges --file - "$@" "$ATOLL_FILE"
}
schemas='^[0-9]+; [0-9]+ [0-9]+ SCHEMA - '
extensions='^[0-9]+; [0-9]+ [0-9]+ EXTENSION - '
comments='^[0-9]+; [0-9]+ [0-9]+ COMMENT - (SCHEMA|EXTENSION) '
mark=$(filled)
if [ -z "$mark" ]; then
  pg_restore --list "$ATOLL_FILE" > /scratch/contents
  part "/$schemas/p" --role "$ATOLL_OWNER" > /scratch/schemas
  part "/$extensions/p" > /scratch/extensions
  part "/$comments/p" > /scratch/comments
  {
    begin
    sed 's/^CREATE SCHEMA /CREATE SCHEMA IF NOT EXISTS /' /scratch/schemas
    makers < /scratch/extensions
    echo 'RESET ROLE;'
    cat /scratch/comments
    write GRANT TO
    echo 'SET client_min_messages = error;'
    part "/$schemas|$extensions|$comments/!p" --single-transaction --role "$ATOLL_OWNER"
  } | admin >/dev/null
  mark=$(filled)
  [ -n "$mark" ] || { echo "the backup could not be read to its end" >&2; exit 1; }
fi
write REVOKE FROM | admin
`

const postgresReady = `pg_isready -q -h 127.0.0.1 -d postgres`

func (e PostgreSQL) PodSpec(s *Server) corev1.PodSpec {
	server := s.server(PostgresHome, firstStart(postgresData)+`exec docker-entrypoint.sh postgres "$@"`, postgresInit)
	server.Args = PostgresArgs(s)
	server.Env = append(s.serverEnv(),
		corev1.EnvVar{Name: "POSTGRES_USER", Value: e.Admin()},
		s.adminEnv("POSTGRES_PASSWORD"),
		corev1.EnvVar{Name: "POSTGRES_DB", Value: s.Database},
		corev1.EnvVar{Name: "PGDATA", Value: postgresData})
	// The init phase listens on the socket only, so that probes ask over TCP.
	server.StartupProbe = execProbe(firstStarted(postgresData, postgresReady), StartupPeriod, StartupTries)
	server.ReadinessProbe = execProbe(postgresReady, 5, 3)
	// A server that answers "not now" (1) is alive; only silence (2) is not.
	server.LivenessProbe = execProbe(postgresReady+`; [ $? -lt 2 ]`, 10, 12)
	// SIGINT asks for a fast shutdown. The SIGTERM that would come without it
	// waits for every client to leave.
	server.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "-c", "kill -INT 1"}}}}
	return s.serverPod(server,
		scratch{"run", "/var/run/postgresql", corev1.StorageMediumDefault},
		// Parallel queries share memory through /dev/shm, of which a container gets
		// 64 MiB unless told otherwise.
		scratch{"shm", "/dev/shm", corev1.StorageMediumMemory})
}

func PostgresArgs(s *Server) []string {
	if len(s.Parameters) == 0 {
		return nil
	}
	args := make([]string, 0, 2*len(s.Parameters))
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		args = append(args, "-c", name+"="+string(s.Parameters[name]))
	}
	return args
}
