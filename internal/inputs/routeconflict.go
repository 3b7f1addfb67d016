// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

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
