// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"net/url"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/shell"
)

// postgreSQL runs the official image (https://hub.docker.com/_/postgres). Another image
// must follow its conventions and contain flock.
type postgreSQL struct{}

const (
	// postgresUID is the user "postgres" of the official Debian-based images.
	postgresUID = 999
	// The volume is mounted a level above the data directory, because some volumes
	// have a lost+found at their root and initdb needs an empty directory. The data
	// directory is explicit, because version 18 of the image moved its default.
	postgresHome = "/var/lib/postgresql"
	postgresData = postgresHome + "/pgdata"
)

func (postgreSQL) Type() string           { return "postgresql" }
func (postgreSQL) DefaultVersion() string { return "17" }
func (postgreSQL) Oldest() int            { return 15 }
func (postgreSQL) Port() int32            { return 5432 }
func (postgreSQL) UID() int64             { return postgresUID }
func (postgreSQL) Admin() string          { return "postgres" }
func (postgreSQL) Extension() string      { return "dump" }

// Image returns the official image.
func (postgreSQL) Image(version, base string) string {
	return tagged("docker.io/library/postgres", version, base)
}

// Users returns the names of two login roles. At login both switch to a third role, the
// owner, which owns everything that they create.
func (postgreSQL) Users(base string) [2]string { return [2]string{base + "_a", base + "_b"} }

// URI disables TLS for the built-in server, which has no certificate. Some clients
// require TLS by default.
func (postgreSQL) URI(b Binding) url.URL {
	return url.URL{Scheme: "postgresql", User: b.userinfo(), Host: b.Address(), Path: "/" + b.Database, RawQuery: "sslmode=" + b.tlsMode("disable", "require")}
}

// ClientEnv returns the environment variables of libpq
// (https://www.postgresql.org/docs/current/libpq-envars.html).
func (postgreSQL) ClientEnv() []EnvKey {
	return []EnvKey{
		{"PGHOST", KeyHost}, {"PGPORT", KeyPort}, {"PGUSER", KeyUsername},
		{"PGPASSWORD", KeyPassword}, {"PGDATABASE", KeyDatabase},
	}
}

// Connections uses PostgreSQL's defaults for parameters that are not set
// (https://www.postgresql.org/docs/current/runtime-config-connection.html).
func (postgreSQL) Connections(parameters map[string]v1alpha1.ParameterValue) (limit, reserved int) {
	return number(parameters, 100, "max_connections"),
		number(parameters, 3, "superuser_reserved_connections") + number(parameters, 0, "reserved_connections")
}

var (
	postgresParts = map[string]string{
		"connect": script("postgresql/connect", nil),
		"login":   script("postgresql/grant-login", nil),
	}
	postgresScripts = withOwn(scriptsIn("postgresql", postgresParts))
	postgresInit    = script("postgresql/init", postgresParts)
	postgresUser    = script("postgresql/user", map[string]string{
		"data": postgresData, "nouser": strconv.Itoa(shell.ExitNoUser),
	})
)

// withOwn adds the scripts that other engines do not have.
func withOwn(s Scripts) Scripts {
	connect := script("postgresql/connect", nil)
	s.Collation = script("postgresql/collation", map[string]string{"connect": connect, "changed": strconv.Itoa(ExitCollationChanged)})
	s.Extensions = script("postgresql/extensions", map[string]string{"connect": connect, "lacking": strconv.Itoa(ExitExtensionsLacking)})
	return s
}

func (postgreSQL) Scripts() Scripts { return postgresScripts }

const postgresReady = `pg_isready -q -h 127.0.0.1 -d postgres`

func (e postgreSQL) PodSpec(s *Server) corev1.PodSpec {
	server := s.server(postgresHome, postgresUser+firstStart(postgresData)+`exec docker-entrypoint.sh postgres "$@"`)
	server.Args = postgresArgs(s)
	server.Env = append(s.serverEnv(),
		corev1.EnvVar{Name: "POSTGRES_USER", Value: e.Admin()},
		s.adminEnv("POSTGRES_PASSWORD"),
		corev1.EnvVar{Name: "POSTGRES_DB", Value: s.Database},
		corev1.EnvVar{Name: "PGDATA", Value: postgresData})
	// The temporary server of the first start listens on the socket only, so the
	// probes use TCP.
	server.StartupProbe = execProbe(firstStarted(postgresData, postgresReady, postgresInit), startupPeriod, startupTries)
	server.ReadinessProbe = execProbe(postgresReady, 5, 3)
	// pg_isready exits with 1 if the server rejects connections, for example during
	// startup, and with 2 if it does not respond. Only the latter fails the probe.
	server.LivenessProbe = execProbe(postgresReady+`; [ $? -lt 2 ]`, 10, 12)
	// SIGINT requests a fast shutdown. After SIGTERM, the server would wait until
	// all clients disconnect.
	server.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "-c", "kill -INT 1"}}}}
	return s.serverPod(server,
		scratch{"run", "/var/run/postgresql", corev1.StorageMediumDefault},
		// Parallel queries share memory through /dev/shm, which has 64 MiB by
		// default.
		scratch{"shm", "/dev/shm", corev1.StorageMediumMemory})
}

func postgresArgs(s *Server) []string {
	if len(s.Parameters) == 0 {
		return nil
	}
	args := make([]string, 0, 2*len(s.Parameters))
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		args = append(args, "-c", name+"="+string(s.Parameters[name]))
	}
	return args
}
