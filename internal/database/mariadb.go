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
	mariaDBHome = "/var/lib/mysql"
	mariaDBData = mariaDBHome + "/data"
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
	return url.URL{Scheme: "mysql", User: b.userinfo(), Host: b.address(), Path: "/" + b.Database}
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

func (mariaDB) Scripts() Scripts {
	const run = `MYSQL_PWD=$ATOLL_ADMIN_PASSWORD mariadb ` + mariaDBClient
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
		Dump: `MYSQL_PWD=$ATOLL_ADMIN_PASSWORD mariadb-dump ` + mariaDBClient + ` --single-transaction --quick --routines --triggers --events --hex-blob --result-file="$ATOLL_FILE.sql" "$ATOLL_DATABASE"
gzip -c "$ATOLL_FILE.sql" > "$ATOLL_FILE"
rm "$ATOLL_FILE.sql"
`,
		// mariadb-dump ends a dump that is whole with a line that says so.
		Verify: `gzip -t "$ATOLL_FILE"
gzip -dc "$ATOLL_FILE" | tail -n 1 | grep -q '^-- Dump completed' || { echo "the dump is not complete" >&2; exit 1; }
`,
		// Statements that make tables can't be undone: while the schema of the
		// restore's name exists, what there is comes of a try that was broken off.
		Filled: run + ` --batch --skip-column-names <<SQL
SELECT CONCAT(COUNT(*), ' tables or views, among them ', MIN(table_name)) FROM information_schema.tables
  WHERE table_schema = '$ATOLL_DATABASE'
    AND NOT EXISTS (SELECT * FROM information_schema.schemata WHERE schema_name = '$ATOLL_RESTORE')
  HAVING COUNT(*) > 0;
SQL
`,
		Restore: run + ` <<SQL
CREATE DATABASE IF NOT EXISTS ` + "\\`$ATOLL_RESTORE\\`" + `;
CREATE OR REPLACE DATABASE ` + "\\`$ATOLL_DATABASE\\`" + `;
CREATE USER IF NOT EXISTS '${ATOLL_OWNER}_a'@'%' ACCOUNT LOCK;
CREATE USER IF NOT EXISTS '${ATOLL_OWNER}_b'@'%' ACCOUNT LOCK;
SQL
gzip -dc "$ATOLL_FILE" | ` + run + ` "$ATOLL_DATABASE"
` + run + ` <<SQL
DROP DATABASE ` + "\\`$ATOLL_RESTORE\\`" + `;
SQL
`,
	}
}

// mariaDBAnswers is true of a server that refuses the user as well.
const mariaDBAnswers = `mariadb-admin --protocol=tcp --host=127.0.0.1 --connect-timeout=4 ping >/dev/null 2>&1`

func (e mariaDB) PodSpec(p *Plan) corev1.PodSpec {
	server := p.server(mariaDBHome, `exec docker-entrypoint.sh mariadbd "$@"`, "")
	server.Args = append([]string{"--datadir=" + mariaDBData}, mariaDBArgs(p)...)
	server.Env = append(p.serverEnv(),
		p.adminEnv("MARIADB_ROOT_PASSWORD"),
		corev1.EnvVar{Name: "MARIADB_DATABASE", Value: p.DatabaseName},
		p.secretEnv("MARIADB_USER", KeyUsername),
		p.secretEnv("MARIADB_PASSWORD", KeyPassword),
		// A newer minor version brings the system tables up to itself.
		corev1.EnvVar{Name: "MARIADB_AUTO_UPGRADE", Value: "1"})
	// Recovery after a crash can take long; it is not a reason to start over.
	server.StartupProbe = execProbe(mariaDBAnswers, 2, 1800)
	server.ReadinessProbe = execProbe(mariaDBAnswers, 5, 3)
	server.LivenessProbe = execProbe(mariaDBAnswers, 10, 12)
	return p.serverPod(server, scratch{"run", "/run/mysqld", corev1.StorageMediumDefault})
}

func mariaDBArgs(p *Plan) []string {
	args := make([]string, 0, len(p.Parameters))
	for _, name := range slices.Sorted(maps.Keys(p.Parameters)) {
		args = append(args, "--"+name+"="+string(p.Parameters[name]))
	}
	return args
}
