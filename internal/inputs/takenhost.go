// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// TakenHost is a host of a route that belongs to others at a Gateway. The route does not
// attach with it.
type TakenHost struct {
	// Route is the index of the route in the spec.
	Route int
	// Gateway is where the route would attach, as namespace/name.
	Gateway string
	// Hostname is the hostname of the route; empty means every host.
	Hostname v1alpha1.Hostname
	// Host is the host that others have. It is Hostname, or the hostname of a listener that
	// Hostname includes.
	Host v1alpha1.Hostname
	// Path is set if the service may use the host with other paths.
	Path string
	// Topology has the host, as namespace/name. It is empty if Namespace has it.
	Topology string
	// Namespace has the host, or the path on it, because it has a route with it.
	Namespace string
}
