// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

func TestNameServers(t *testing.T) {
	topology := &v1alpha1.Topology{}
	topology.Spec.NameServers, topology.Status.NameServers = []string{"10.0.0.53", "10.96.0.10"}, []string{"10.43.0.10"}
	for name, tc := range map[string]struct {
		topology  *v1alpha1.Topology
		ofCluster []string
		want      []string
	}{
		"the cluster's and the Topology's":                      {topology, []string{"10.96.0.10"}, []string{"10.0.0.53", "10.96.0.10"}},
		"those of a cluster without any":                        {topology, []string{}, []string{"10.0.0.53", "10.96.0.10"}},
		"those of a cluster that is not known, from the status": {topology, nil, []string{"10.0.0.53", "10.43.0.10", "10.96.0.10"}},
		"without a Topology":                                    {nil, []string{"10.96.0.10"}, []string{"10.96.0.10"}},
	} {
		if diff := cmp.Diff(tc.want, nameServers(tc.topology, tc.ofCluster), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
