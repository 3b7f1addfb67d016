package main

import v1 "github.com/google/go-containerregistry/pkg/v1"

const rcloneUID = 1009

// rclone copies files to and from a bucket and serves folders as buckets. The image has
// a shell, because most callers are scripts.
var rclone = debianImage{
	repository: "rclone/rclone", tag: "1.76",
	user: "rclone", id: rcloneUID, home: "/data",
	program: "rclone", path: "/usr/local/bin/rclone",
	entries: []entry{
		{path: "data/", mode: 0o755, uid: rcloneUID},
		{path: "config/", mode: 0o755, uid: rcloneUID},
	},
	config: v1.Config{
		Entrypoint: []string{"rclone"},
		WorkingDir: "/data",
		Env:        []string{"PATH=/usr/local/bin:/usr/bin:/bin", "XDG_CONFIG_HOME=/config"},
	},
}
