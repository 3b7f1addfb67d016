package main

import v1 "github.com/google/go-containerregistry/pkg/v1"

const mariadbUID = 999

// mariadbConfig is the my.cnf of the image. It sets no socket, so that clients use
// MYSQL_UNIX_PORT. It disables name resolution, because client addresses in a cluster have no names.
const mariadbConfig = `[mariadbd]
pid-file = /run/mysqld/mysqld.pid
host-cache-size = 0
skip-name-resolve

!includedir /etc/mysql/conf.d/
!includedir /etc/mysql/mariadb.conf.d/
`

// mariadbImage describes the MariaDB image. It contains mariadb-server-core, because
// mariadb-server only adds files for a dedicated host.
var mariadbImage = debianImage{
	repository: "library/mariadb", tag: "11.8", base: "noble",
	user: "mysql", id: mariadbUID, home: "/var/lib/mysql",
	packages: []string{"mariadb-server-core", "mariadb-client"},
	unwanted: []string{"etc/mysql"},
	program:  "mariadb", path: entryPoint,
	entries: []entry{
		{path: "etc/mysql/", mode: 0o755},
		{path: "etc/mysql/my.cnf", mode: 0o644, content: []byte(mariadbConfig)},
		{path: "etc/mysql/conf.d/", mode: 0o755},
		{path: "etc/mysql/mariadb.conf.d/", mode: 0o755},
		{path: "var/lib/mysql/", mode: 0o750, uid: mariadbUID},
		{path: "run/mysqld/", mode: 0o755, uid: mariadbUID},
	},
	config: v1.Config{
		Entrypoint:   []string{"docker-entrypoint.sh"},
		Cmd:          []string{"mariadbd"},
		WorkingDir:   "/",
		ExposedPorts: map[string]struct{}{"3306/tcp": {}},
		Env:          []string{"PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin", "LANG=C.UTF-8"},
	},
}
