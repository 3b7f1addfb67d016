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

package inputs

import (
	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// RouteConflict is a claim that a route shares with a route of another Microservice:
// the same host, path and headers at the same Gateway. The gateway accepts both routes
// and sends the requests to one of them.
type RouteConflict struct {
	// Route is the index of the route in the spec.
	Route int
	// Gateway is where both routes attach, as namespace/name.
	Gateway string
	// Hostname is the host of both routes; empty means every host.
	Hostname v1alpha1.Hostname
	// Path is the path of both routes.
	Path string
	// Namespace and Name are those of the other Microservice.
	Namespace, Name string
	// Lost means that the other Microservice gets the requests.
	Lost bool
}
