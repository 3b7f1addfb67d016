package main

import v1 "github.com/google/go-containerregistry/pkg/v1"

const valkeyUID = 999

var valkey = debianImage{
	repository: "valkey/valkey", tag: "8.1", base: "trixie",
	user: "valkey", id: valkeyUID, home: "/data",
	packages: []string{"valkey-server", "valkey-tools"},
	program:  "valkey", path: entryPoint,
	entries: []entry{{path: "data/", mode: 0o755, uid: valkeyUID}},
	config: v1.Config{
		Entrypoint:   []string{"docker-entrypoint.sh"},
		Cmd:          []string{"valkey-server"},
		WorkingDir:   "/data",
		ExposedPorts: map[string]struct{}{"6379/tcp": {}},
		Env:          []string{"PATH=/usr/local/bin:/usr/bin:/bin"},
	},
}
