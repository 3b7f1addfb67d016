package main

import v1 "github.com/google/go-containerregistry/pkg/v1"

const (
	postgresMajor = "17"
	postgresUID   = 999
)

// postgres leaves out LLVM. PostgreSQL then disables just-in-time compilation.
var postgres = debianImage{
	repository: "library/postgres", tag: postgresMajor, base: "trixie",
	user: "postgres", id: postgresUID, home: "/var/lib/postgresql",
	packages: []string{"postgresql-" + postgresMajor},
	unwanted: []string{
		"usr/lib/postgresql/*/lib/bitcode", "usr/lib/postgresql/*/lib/llvmjit.so",
		"usr/lib/llvm*", "usr/lib/*/libLLVM*",
	},
	program: "postgres", path: entryPoint,
	entries: []entry{
		{path: "var/lib/postgresql/", mode: 0o755, uid: postgresUID},
		{path: "var/lib/postgresql/data/", mode: 0o700, uid: postgresUID},
		{path: "run/postgresql/", mode: 0o775, uid: postgresUID},
	},
	config: v1.Config{
		Entrypoint:   []string{"docker-entrypoint.sh"},
		Cmd:          []string{"postgres"},
		StopSignal:   "SIGINT", // PostgreSQL's fast shutdown
		WorkingDir:   "/",
		ExposedPorts: map[string]struct{}{"5432/tcp": {}},
		Env: []string{
			"PATH=/usr/local/bin:/usr/lib/postgresql/" + postgresMajor + "/bin:/usr/bin:/bin",
			"PGDATA=/var/lib/postgresql/data", "PG_MAJOR=" + postgresMajor, "LANG=C.UTF-8",
		},
	},
}
