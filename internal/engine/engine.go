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

// Package database describes services' databases: what engine runs in which
// image, what a client must know to reach it, what Kubernetes objects each
// provider runs it with, and how it is backed up, restored and given new
// passwords. It is pure: what it looks at is passed in.
package engine

import (
	"net/url"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Engine is all that differs between kinds of databases. Adding one is a file
// that implements it, a line in engines and a value in the API's enum; see
// docs/extending.md.
type Engine interface {
	// Type is the value of the binding Secret's key "type", in lower case, as the
	// Service Binding specification names it.
	Type() string
	// DefaultVersion is the version that runs when none is asked for.
	DefaultVersion() string
	// Image is the official image of a version.
	Image(version string) string
	// Port is the port that the engine listens on.
	Port() int32
	// URI is the address of a database in the form that the engine's clients
	// take.
	URI(b Binding) url.URL
	// ClientEnv maps the environment variables that the engine's own clients read
	// to the keys of the binding Secret.
	ClientEnv() []EnvKey
	// Admin is the user that may do everything.
	Admin() string
	// Users are the names that the service's user has by turns: a rotation gives
	// the one that is not in use a new password, so that the other goes on working
	// until nothing uses it any more. Both are the same where the engine lets a
	// user have two passwords at once.
	Users(base string) [2]string
	// Connections says how many connections a server with such parameters takes,
	// and how many of them it keeps for its administrator.
	Connections(parameters map[string]v1alpha1.ParameterValue) (limit, reserved int)
	// PodSpec is the pod that runs the engine. It mounts the claim named
	// VolumeName, and makes the service's user and database from the Secrets at
	// its first start.
	PodSpec(s *Server) corev1.PodSpec
	// UID is the user and group that the image runs as.
	UID() int64
	// Extension is how the names of backup files end.
	Extension() string
	// Scripts are what is done with a running server.
	Scripts() Scripts
}

// Scripts are for sh in the engine's own image. They find the server and its
// users in the environment variables that operationEnv sets, end with another
// code than 0 when they fail, and can be run again after they were broken off.
type Scripts struct {
	// SetPassword gives ATOLL_USER, which it makes if need be, the password
	// ATOLL_PASSWORD and everything that the service's user may do.
	SetPassword string
	// RetirePassword makes what ATOLL_RETIRED_USER, or another password than
	// ATOLL_PASSWORD, could do impossible.
	RetirePassword string
	// Dump writes all data to the file ATOLL_FILE.
	Dump string
	// Verify reads the whole of ATOLL_FILE and fails if it is not a complete dump.
	Verify string
	// Filled prints what the database holds in a few words, and nothing when it is
	// empty or when what it holds is of an earlier try of the restore ATOLL_RESTORE.
	Filled string
	// Restore fills the database from ATOLL_FILE, as the restore ATOLL_RESTORE.
	Restore string
}

// EnvKey is an environment variable and the binding Secret's key that it holds.
type EnvKey struct{ Name, Key string }

var Engines = map[v1alpha1.DatabaseEngine]Engine{
	v1alpha1.EnginePostgreSQL: postgreSQL{},
	v1alpha1.EngineMariaDB:    mariaDB{},
	v1alpha1.EngineValkey:     valkey{},
}
