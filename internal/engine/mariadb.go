// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

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
	// The data directory is below the root of the volume, because the server would
	// take a lost+found there for a database.
	mariaDBHome = "/var/lib/mysql"
	mariaDBData = mariaDBHome + "/data"
)

func (mariaDB) Type() string           { return "mariadb" }
func (mariaDB) DefaultVersion() string { return "11.8" }
func (mariaDB) Oldest() int            { return 0 }
func (mariaDB) Port() int32            { return 3306 }
func (mariaDB) UID() int64             { return mariaDBUID }
func (mariaDB) Admin() string          { return "root" }
func (mariaDB) Extension() string      { return "sql.gz" }

// Image returns the official image.
func (mariaDB) Image(version, base string) string {
	return tagged("docker.io/library/mariadb", version, base)
}

// Users have the same rights. Both exist from the first rotation on, so that the
// definers of views and triggers stay.
func (mariaDB) Users(base string) [2]string { return [2]string{base + "_a", base + "_b"} }

func (mariaDB) URI(b Binding) url.URL {
	return url.URL{Scheme: "mysql", User: b.userinfo(), Host: b.Address(), Path: "/" + b.Database}
}

// ClientEnv has the names that the official image and most frameworks use. The
// client itself reads MYSQL_HOST, MYSQL_TCP_PORT and MYSQL_PWD
// (https://mariadb.com/docs/server/server-management/environment-variables).
func (mariaDB) ClientEnv() []EnvKey {
	return []EnvKey{
		{"MYSQL_HOST", KeyHost}, {"MYSQL_PORT", KeyPort}, {"MYSQL_TCP_PORT", KeyPort}, {"MYSQL_USER", KeyUsername},
		{"MYSQL_PASSWORD", KeyPassword}, {"MYSQL_PWD", KeyPassword}, {"MYSQL_DATABASE", KeyDatabase},
	}
}

// Connections has MariaDB's default. The server accepts one more connection for the
// administrator
// (https://mariadb.com/docs/server/server-management/variables-and-modes/server-system-variables#max_connections).
func (mariaDB) Connections(parameters map[string]v1alpha1.ParameterValue) (limit, reserved int) {
	return number(parameters, 151, "max_connections", "max-connections"), 0
}

// mariaDBLogin gives MariaDB's clients the server and the administrator. The password
// is in MYSQL_PWD, because the list of processes shows arguments.
const mariaDBLogin = `--host="$ATOLL_HOST" --port="$ATOLL_PORT" --user="$ATOLL_ADMIN" --skip-ssl-verify-server-cert`

var mariaDBScripts = scriptsIn("mariadb", map[string]string{
	"login":  mariaDBLogin,
	"client": `MYSQL_PWD=$ATOLL_ADMIN_PASSWORD mariadb ` + mariaDBLogin,
})

func (mariaDB) Scripts() Scripts { return mariaDBScripts }

// mariaDBAnswers succeeds even if the server refuses the user. It logs in with the
// password, because the server logs each refused login.
const mariaDBAnswers = `MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb-admin --user=root --protocol=tcp --host=127.0.0.1 --connect-timeout=4 ping >/dev/null 2>&1`

func (e mariaDB) PodSpec(s *Server) corev1.PodSpec {
	server := s.server(mariaDBHome, firstStart(mariaDBData)+`exec docker-entrypoint.sh mariadbd "$@"`)
	server.Args = append([]string{"--datadir=" + mariaDBData}, mariaDBArgs(s)...)
	server.Env = append(s.serverEnv(),
		s.adminEnv("MARIADB_ROOT_PASSWORD"),
		corev1.EnvVar{Name: "MARIADB_DATABASE", Value: s.Database},
		s.secretEnv("MARIADB_USER", KeyUsername),
		s.secretEnv("MARIADB_PASSWORD", KeyPassword),
		// The server upgrades the system tables to its version.
		corev1.EnvVar{Name: "MARIADB_AUTO_UPGRADE", Value: "1"})
	server.StartupProbe = execProbe(firstStarted(mariaDBData, mariaDBAnswers, ""), startupPeriod, startupTries)
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
