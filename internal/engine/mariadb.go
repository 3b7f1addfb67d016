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

// mariaDB runs the official image, or one that keeps its conventions
// (https://hub.docker.com/_/mariadb), and has flock.
type mariaDB struct{}

const (
	// mariaDBUID is the user "mysql" of the official images.
	mariaDBUID = 999
	// The data directory is below the volume's root, which may hold a lost+found
	// that the server would take for a database.
	MariaDBHome = "/var/lib/mysql"
	mariaDBData = MariaDBHome + "/data"
)

func (mariaDB) Type() string                { return "mariadb" }
func (mariaDB) DefaultVersion() string      { return "11.8" }
func (mariaDB) Image(version string) string { return "docker.io/library/mariadb:" + version }
func (mariaDB) Port() int32                 { return 3306 }
func (mariaDB) UID() int64                  { return mariaDBUID }
func (mariaDB) Admin() string               { return "root" }
func (mariaDB) Extension() string           { return "sql.gz" }

// Users have the same rights. Both exist from the first rotation on, so that
// what a view or trigger names as its definer stays.
func (mariaDB) Users(base string) [2]string { return [2]string{base + "_a", base + "_b"} }

func (mariaDB) URI(b Binding) url.URL {
	return url.URL{Scheme: "mysql", User: b.userinfo(), Host: b.Address(), Path: "/" + b.Database}
}

// ClientEnv are the names that the official image and most frameworks use; the
// client itself reads MYSQL_HOST, MYSQL_TCP_PORT and MYSQL_PWD
// (https://mariadb.com/docs/server/server-management/environment-variables).
func (mariaDB) ClientEnv() []EnvKey {
	return []EnvKey{
		{"MYSQL_HOST", KeyHost}, {"MYSQL_PORT", KeyPort}, {"MYSQL_TCP_PORT", KeyPort}, {"MYSQL_USER", KeyUsername},
		{"MYSQL_PASSWORD", KeyPassword}, {"MYSQL_PWD", KeyPassword}, {"MYSQL_DATABASE", KeyDatabase},
	}
}

// Connections has MariaDB's default. One more than the limit is let in for the
// administrator (https://mariadb.com/docs/server/server-management/variables-and-modes/server-system-variables#max_connections).
func (mariaDB) Connections(parameters map[string]v1alpha1.ParameterValue) (limit, reserved int) {
	return number(parameters, 151, "max_connections", "max-connections"), 0
}

// mariaDBClient names the server and the administrator to MariaDB's clients; the
// password is in MYSQL_PWD, which is not seen in the list of processes.
const mariaDBClient = `--host="$ATOLL_HOST" --port="$ATOLL_PORT" --user="$ATOLL_ADMIN" --skip-ssl-verify-server-cert`

const mariaDBRun = `MYSQL_PWD=$ATOLL_ADMIN_PASSWORD mariadb ` + mariaDBClient

func (mariaDB) Scripts() Scripts {
	const run = mariaDBRun
	return Scripts{
		SetPassword: run + ` <<SQL
CREATE USER IF NOT EXISTS '$ATOLL_USER'@'%';
ALTER USER '$ATOLL_USER'@'%' IDENTIFIED BY '$ATOLL_PASSWORD' ACCOUNT UNLOCK;
GRANT ALL PRIVILEGES ON ` + "\\`$ATOLL_DATABASE\\`" + `.* TO '$ATOLL_USER'@'%';
SQL
`,
		// A locked account keeps its sessions, which are ended therefore.
		RetirePassword: run + ` <<SQL
ALTER USER IF EXISTS '$ATOLL_RETIRED_USER'@'%' ACCOUNT LOCK;
KILL USER '$ATOLL_RETIRED_USER'@'%';
SQL
`,
		Dump: `MYSQL_PWD=$ATOLL_ADMIN_PASSWORD mariadb-dump ` + mariaDBClient + ` --max-allowed-packet=1G --single-transaction --quick --routines --triggers --events --hex-blob --result-file="$ATOLL_FILE.sql" "$ATOLL_DATABASE"
gzip -c "$ATOLL_FILE.sql" > "$ATOLL_FILE"
rm "$ATOLL_FILE.sql"
`,
		// mariadb-dump ends a dump that is whole with a line that says so.
		Verify: `gzip -t "$ATOLL_FILE"
gzip -dc "$ATOLL_FILE" | tail -n 1 | grep -q '^-- Dump completed' || { echo "the dump is not complete" >&2; exit 1; }
`,
		// Statements that make tables can't be undone: while the schema of the
		// restore's name exists, what there is comes of a try that was killed.
		Filled: run + ` --batch --skip-column-names <<SQL
SELECT CONCAT(COUNT(*), ' tables or views, among them ', MIN(table_name)) FROM information_schema.tables
  WHERE table_schema = '$ATOLL_DATABASE'
    AND NOT EXISTS (SELECT * FROM information_schema.schemata WHERE schema_name = '$ATOLL_RESTORE')
  HAVING COUNT(*) > 0;
SQL
`,
		Restore: mariaDBRestore,
	}
}

// mariaDBRestore brings everything, and takes it away again when it has failed,
// with the schema that says that it is under way: what somebody else writes then
// is not taken for its own. Only one that was killed leaves that to the next try.
//
// A dump writes a value in twice its size, which may be more than the server
// takes at once. The server's own limit is kept in the schema, because a try that
// was killed has left it raised.
//
// What views, triggers and routines have as their definer may be a user of the
// service that was backed up, or of one that this was once restored from. They
// work only while there is such a user that may do what they do; nobody can log in
// as one that is made here.
const mariaDBRestore = `sql() { ` + mariaDBRun + ` --max-allowed-packet=1G "$@"; }
tick=$(printf '\140')
database=$tick$ATOLL_DATABASE$tick
finished() {
  sql <<SQL
SELECT CONCAT('SET GLOBAL max_allowed_packet = ', bytes) INTO @limit FROM $ATOLL_RESTORE.packet;
EXECUTE IMMEDIATE @limit;
DROP DATABASE $ATOLL_RESTORE;
SQL
}
failed() {
  code=$?
  trap - EXIT
  echo "CREATE OR REPLACE DATABASE $database;" | sql && finished
  exit "$code"
}
definers() {
  gzip -dc "$ATOLL_FILE" | LC_ALL=C grep -aE '^(/[*]!|CREATE )' |
    LC_ALL=C grep -aoE "DEFINER=$tick[^$tick]+$tick@$tick[^$tick]+$tick" | sort -u |
    sed "/=$tick$ATOLL_ADMIN$tick@/d
s/^DEFINER=\(.*\)/CREATE USER IF NOT EXISTS \1 IDENTIFIED VIA mysql_native_password USING 'invalid' ACCOUNT LOCK; GRANT ALL PRIVILEGES ON $database.* TO \1;/"
}
sql <<SQL
CREATE DATABASE IF NOT EXISTS $ATOLL_RESTORE;
CREATE TABLE IF NOT EXISTS $ATOLL_RESTORE.packet (bytes BIGINT NOT NULL);
INSERT INTO $ATOLL_RESTORE.packet SELECT @@GLOBAL.max_allowed_packet FROM DUAL WHERE NOT EXISTS (SELECT * FROM $ATOLL_RESTORE.packet);
SQL
trap failed EXIT
sql <<SQL
CREATE OR REPLACE DATABASE $database;
SET GLOBAL max_allowed_packet = 1073741824;
$(definers)
SQL
gzip -dc "$ATOLL_FILE" | sql "$ATOLL_DATABASE"
trap - EXIT
finished
`

// mariaDBAnswers is true of a server that refuses the user as well.
// A login that is refused would be noted in the server's log, each time.
const mariaDBAnswers = `MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb-admin --user=root --protocol=tcp --host=127.0.0.1 --connect-timeout=4 ping >/dev/null 2>&1`

func (e mariaDB) PodSpec(s *Server) corev1.PodSpec {
	server := s.server(MariaDBHome, firstStart(mariaDBData)+`exec docker-entrypoint.sh mariadbd "$@"`, "")
	server.Args = append([]string{"--datadir=" + mariaDBData}, mariaDBArgs(s)...)
	server.Env = append(s.serverEnv(),
		s.adminEnv("MARIADB_ROOT_PASSWORD"),
		corev1.EnvVar{Name: "MARIADB_DATABASE", Value: s.Database},
		s.secretEnv("MARIADB_USER", KeyUsername),
		s.secretEnv("MARIADB_PASSWORD", KeyPassword),
		// A newer minor version brings the system tables up to itself.
		corev1.EnvVar{Name: "MARIADB_AUTO_UPGRADE", Value: "1"})
	server.StartupProbe = execProbe(firstStarted(mariaDBData, mariaDBAnswers), StartupPeriod, StartupTries)
	server.ReadinessProbe = execProbe(mariaDBAnswers, 5, 3)
	server.LivenessProbe = execProbe(mariaDBAnswers, 10, 12)
	return s.serverPod(server, scratch{"run", "/run/mysqld", corev1.StorageMediumDefault})
}

func mariaDBArgs(s *Server) []string {
	args := make([]string, 0, len(s.Parameters))
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		args = append(args, "--"+name+"="+string(s.Parameters[name]))
	}
	return args
}
