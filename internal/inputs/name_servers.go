// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"slices"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// nameServers returns the name servers of the cluster and those of a Topology, in order.
func nameServers(topology *v1alpha1.Topology, ofCluster []string) []string {
	all := slices.Clone(ofCluster)
	if topology != nil {
		if ofCluster == nil {
			all = slices.Clone(topology.Status.NameServers)
		}
		all = append(all, topology.Spec.NameServers...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
