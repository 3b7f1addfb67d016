// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

func serves(ms *v1alpha1.Microservice) bool {
	return condition.Serving(ms.Status.Conditions) == metav1.ConditionTrue
}

// findDegraded marks the degraded services. A service is degraded if it is Ready, and a required
// dependency, directly or through others, does not serve: its answers may be errors. A dependency
// that does not resolve makes its caller not ready.
func (g *Graph) findDegraded() {
	for again := true; again; {
		again = false
		for _, call := range g.Calls {
			if call.Optional || !call.Resolved || call.Caller.Health != StateReady || call.Callee.serves && call.Callee.Health != StateDegraded {
				continue
			}
			call.Caller.Health = StateDegraded
			call.Caller.Message = fmt.Sprintf("It is Ready, but %s, which it calls, is not ready", call.To)
			if call.Callee.serves {
				call.Caller.Message = fmt.Sprintf("It is Ready, but a dependency of %s, which it calls, is not ready", call.To)
			}
			again = true
		}
	}
}

// PathToDown returns the shortest path from a service that is Ready, through required
// dependencies that serve, to one that does not. It begins with the service, and is nil if the
// service is not degraded.
func PathToDown(from *v1alpha1.Microservice, services Services) []*v1alpha1.Microservice {
	seen := map[serviceKey]bool{keyOf(from): true}
	for paths := [][]*v1alpha1.Microservice{{from}}; len(paths) > 0; paths = paths[1:] {
		path := paths[0]
		for _, callee := range requiredBy(path[len(path)-1], services) {
			if seen[keyOf(callee)] {
				continue
			}
			seen[keyOf(callee)] = true
			longer := slices.Concat(path, []*v1alpha1.Microservice{callee})
			if !serves(callee) {
				return longer
			}
			paths = append(paths, longer)
		}
	}
	return nil
}

func keyOf(ms *v1alpha1.Microservice) serviceKey { return serviceKey{ms.Namespace, ms.Name} }
