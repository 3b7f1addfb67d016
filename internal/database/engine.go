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
// image, what a client must know to reach it, and what Kubernetes objects the
// built-in provider runs it with. It is pure: what it looks at is passed in.
package database

import (
	"net/url"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Engine is all that differs between kinds of databases. Adding one is a file
// that implements it, a line in engines and a value in the API's enum.
type Engine interface {
	// Type is the value of the binding Secret's key "type", in lower case, as the
	// Service Binding specification names it.
	Type() string
	// DefaultVersion is the version that runs when none is asked for.
	DefaultVersion() string
	// Port is the port that the engine listens on.
	Port() int32
	// URI is the address of a database in the form that the engine's clients
	// take.
	URI(b Binding) url.URL
	// ClientEnv maps the environment variables that the engine's own clients read
	// to the keys of the binding Secret.
	ClientEnv() []EnvKey
	// PodSpec is the pod that runs the engine. The claim named VolumeName is
	// mounted by it; resources and image are set by the caller.
	PodSpec(p *Plan) corev1.PodSpec
	// Image is the image of a version, official image conventions.
	Image(version string) string
}

// EnvKey is an environment variable and the binding Secret's key that it holds.
type EnvKey struct{ Name, Key string }

var engines = map[v1alpha1.DatabaseEngine]Engine{
	v1alpha1.EnginePostgreSQL: postgreSQL{},
}
