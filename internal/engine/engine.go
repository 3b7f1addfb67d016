// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package engine describes the database engines: the image that runs one, its
// container, its scripts, and what a client needs to connect. It is pure.
package engine

import (
	"net/url"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Engine is everything that differs between database engines. To add one, see
// docs/extending.md.
type Engine interface {
	// Type is the value of the binding Secret's key "type", in lower case, as the
	// Service Binding specification names it.
	Type() string
	// DefaultVersion is the version for a spec that names none.
	DefaultVersion() string
	// Oldest is the oldest major version whose tools Atoll's scripts work with; 0 if all do.
	Oldest() int
	// Base is the operating system, as tags of the official image name it, that a new
	// volume of a version is created with. It is empty if no tag is known to name one.
	Base(version string) string
	// Image is the official image of a version on a base. Without a base, it is the
	// tag whose base changes in time.
	Image(version, base string) string
	// Port is the port that the engine listens on.
	Port() int32
	// URI is the address of a database in the form that the clients of the engine
	// accept.
	URI(b Binding) url.URL
	// ClientEnv maps the environment variables that the engine's own clients read
	// to the keys of the binding Secret.
	ClientEnv() []EnvKey
	// Admin is the user with all rights.
	Admin() string
	// Users are the two names of the service's user. A rotation sets a new password
	// for the unused one, so that the other works until no pod uses it. Both are
	// the same if a user of the engine can have two passwords at once.
	Users(base string) [2]string
	// Connections returns the number of connections that a server with these
	// parameters accepts, and how many of them it reserves for its administrator.
	Connections(parameters map[string]v1alpha1.ParameterValue) (limit, reserved int)
	// PodSpec is the pod that runs the engine. It mounts the claim named
	// VolumeName. At the first start it creates the service's user and database
	// from the Secrets.
	PodSpec(s *Server) corev1.PodSpec
	// UID is the user and group that the image runs as.
	UID() int64
	// Extension is the file extension of backups.
	Extension() string
	// Scripts are the operations on a running server.
	Scripts() Scripts
}

// Scripts run with sh in the image of the engine. Environment variables give them
// the server and its users. They fail with a non-zero exit code, and can run again
// after an interruption.
type Scripts struct {
	// Await waits until the server at ATOLL_HOST and ATOLL_PORT answers, for a minute at the
	// longest. It does not fail. It needs no password.
	Await string
	// SetPassword gives ATOLL_USER the password ATOLL_PASSWORD and the rights of
	// the service's user. It creates the user if necessary.
	SetPassword string
	// RetirePassword disables ATOLL_RETIRED_USER, or all passwords but
	// ATOLL_PASSWORD.
	RetirePassword string
	// Dump writes all data to the file ATOLL_FILE.
	Dump string
	// Verify reads the whole of ATOLL_FILE and fails if it is not a complete dump.
	Verify string
	// Filled prints what the database holds, in a few words. It prints nothing for
	// an empty database, and for the data of an earlier try of the restore
	// ATOLL_RESTORE.
	Filled string
	// Restore restores ATOLL_FILE into the database. The restore is called
	// ATOLL_RESTORE.
	Restore string
	// Collation ends with ExitCollationChanged if text indexes have the order of another
	// C library, and with the names of their databases in the termination message. It is
	// empty for an engine with collations of its own.
	Collation string
	// Extensions creates the extensions ATOLL_EXTENSIONS, separated by spaces, in the
	// database. It ends with ExitExtensionsLacking if the image lacks some, and with their
	// names in the termination message. It is empty for an engine without extensions.
	Extensions string
}

// Exit codes of scripts that no other command has.
const (
	ExitCollationChanged  = 86
	ExitExtensionsLacking = 87
)

// EnvKey is an environment variable and the key of the binding Secret with its
// value.
type EnvKey struct{ Name, Key string }

// Engines are all engines, by their name in the API.
var Engines = map[v1alpha1.DatabaseEngine]Engine{
	v1alpha1.EnginePostgreSQL: postgreSQL{},
	v1alpha1.EngineMariaDB:    mariaDB{},
	v1alpha1.EngineValkey:     valkey{},
}
