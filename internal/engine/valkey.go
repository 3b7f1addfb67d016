// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// valkey runs the official image (https://hub.docker.com/r/valkey/valkey), or
// one of a server that speaks the same protocol and has its commands under the
// names redis-server, redis-cli and redis-check-rdb, and that has flock.
type valkey struct{}

const (
	// valkeyUID is the user "valkey" of the official Debian-based images, and
	// "redis" of Redis' own.
	valkeyUID  = 999
	valkeyHome = "/data"
)

func (valkey) Type() string           { return "valkey" }
func (valkey) DefaultVersion() string { return "8.1" }
func (valkey) Oldest() int            { return 0 }
func (valkey) Port() int32            { return 6379 }
func (valkey) UID() int64             { return valkeyUID }
func (valkey) Admin() string          { return "atoll" }
func (valkey) Extension() string      { return "rdb" }

// Image returns the official image.
func (valkey) Image(version, base string) string {
	return tagged("docker.io/valkey/valkey", version, base)
}

// Users are the default user, for clients that send only a password. A user can
// have several passwords at once.
func (valkey) Users(string) [2]string { return [2]string{"default", "default"} }

// URI has the database's number, as Redis' clients expect.
func (valkey) URI(b Binding) url.URL {
	return url.URL{Scheme: "redis", User: b.userinfo(), Host: b.Address(), Path: "/0"}
}

func (valkey) ClientEnv() []EnvKey {
	return []EnvKey{
		{"VALKEY_URL", KeyURI}, {"VALKEY_HOST", KeyHost}, {"VALKEY_PORT", KeyPort}, {"VALKEY_PASSWORD", KeyPassword},
		{"REDIS_URL", KeyURI}, {"REDIS_HOST", KeyHost}, {"REDIS_PORT", KeyPort}, {"REDIS_PASSWORD", KeyPassword},
	}
}

// Connections has Valkey's default (https://valkey.io/topics/clients/).
func (valkey) Connections(parameters map[string]v1alpha1.ParameterValue) (limit, reserved int) {
	return number(parameters, 10000, "maxclients"), 0
}

var (
	valkeyTool   = script("valkey/tool", nil)
	valkeyClient = script("valkey/client", map[string]string{"tool": valkeyTool})
	valkeyParts  = map[string]string{
		"tool":   valkeyTool,
		"client": valkeyClient,
		"note":   note,
		"home":   valkeyHome,
		"noted":  valkeyHome + "/.atoll-appendonly",
	}
	valkeyScripts = scriptsIn("valkey", valkeyParts)
	// valkeyStart creates the users and starts the server.
	valkeyStart = valkeyTool + script("valkey/init", nil) + script("valkey/start", valkeyParts)
	// valkeyLocal is the client in the server's own container.
	valkeyLocal  = script("valkey/local", valkeyParts)
	valkeyChange = script("valkey/change", valkeyParts)
	valkeyAlone  = script("valkey/alone", nil)
	valkeyGrant  = script("valkey/grant", nil)
)

func (valkey) Scripts() Scripts { return valkeyScripts }

// appendOnly reports whether the server writes every change to its append-only
// file. Without that a crash loses the changes after the last snapshot.
func appendOnly(s *Server) string {
	if strings.EqualFold(string(s.Parameters["appendonly"]), "no") {
		return "no"
	}
	return "yes"
}

func (valkey) PodSpec(s *Server) corev1.PodSpec {
	server := s.server(valkeyHome, valkeyStart)
	server.Args = []string{"--dir", valkeyHome, "--aclfile", valkeyHome + "/users.acl"}
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		if name != "appendonly" {
			server.Args = append(server.Args, "--"+name, string(s.Parameters[name]))
		}
	}
	server.Env = append(s.serverEnv(), s.adminEnv("ATOLL_ADMIN_PASSWORD"), corev1.EnvVar{Name: "ATOLL_APPENDONLY", Value: appendOnly(s)})
	server.StartupProbe = execProbe(valkeyLocal+`client PING | grep -q PONG || exit 1
`+valkeyChange+valkeyGrant, startupPeriod, startupTries)
	// A server that cannot write to its volume refuses writes and PING (MISCONF), and still
	// answers reads.
	server.ReadinessProbe = execProbe(valkeyLocal+`client PING 2>&1 | grep -qE 'PONG|MISCONF'`, 5, 3)
	// A server that answers with an error is alive: it loads its data, or has as many
	// clients as it accepts. A restart would lose what it could not write.
	server.LivenessProbe = execProbe(valkeyLocal+`client PING 2>&1 | grep -qE 'PONG|LOADING|BUSY|MASTERDOWN|MISCONF|max number of clients' || exit 1
`+valkeyAlone, 10, 12)
	return s.serverPod(server)
}
