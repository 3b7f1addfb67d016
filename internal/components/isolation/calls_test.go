// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// TestCalls removes everything that a service calls from its spec.
func TestCalls(t *testing.T) {
	egress := []v1alpha1.EgressRule{{CIDRs: []string{"203.0.113.0/24"}, Ports: []int32{443}}}
	postgresql := []v1alpha1.DatabaseCall{{Engine: v1alpha1.EnginePostgreSQL}}
	users := func(ports []string, numbers ...v1alpha1.PortNumber) *v1alpha1.Calls {
		return &v1alpha1.Calls{Dependencies: []v1alpha1.DependencyCall{{Name: "users", Ports: ports, Numbers: numbers}}, Egress: egress, Databases: postgresql}
	}
	whole := users([]string{"http"}, v1alpha1.PortNumber{Port: "http", Number: 80})
	calling := func(port string, number int32) *inputs.Inputs {
		ms := inputstest.Orders(func(ms *v1alpha1.Microservice) {
			ms.Spec.Egress, ms.Spec.Database = egress, &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		})
		return &inputs.Inputs{Microservice: ms, Edges: []graph.Edge{{
			Caller: ms, Dependency: &v1alpha1.Dependency{Name: "users"}, Callee: inputstest.Orders(), Port: &v1alpha1.Port{Name: port, Port: number}, Permitted: true,
		}}}
	}
	after := func(in *inputs.Inputs, status *v1alpha1.Calls) *inputs.Inputs {
		in.Microservice.Status.Calls = status
		return in
	}
	many := &v1alpha1.Calls{}
	for i := range maxEgressCalls {
		many.Egress = append(many.Egress, v1alpha1.EgressRule{CIDRs: []string{fmt.Sprintf("10.0.%d.0/24", i)}})
	}
	nothing := func() *inputs.Inputs { return &inputs.Inputs{Microservice: inputstest.Orders()} }
	for name, tc := range map[string]struct {
		in      *inputs.Inputs
		earlier bool
		want    *v1alpha1.Calls
	}{
		"what the spec declares":                     {calling("http", 80), false, whole},
		"the same again":                             {after(calling("http", 80), whole), true, whole},
		"removed, and earlier pods run":              {after(nothing(), whole), true, whole},
		"removed, and they are gone":                 {after(nothing(), whole), false, nil},
		"removed, and the status was lost":           {nothing(), true, nil},
		"another port, and earlier pods run":         {after(calling("grpc", 81), whole), true, users([]string{"grpc", "http"}, v1alpha1.PortNumber{Port: "grpc", Number: 81}, v1alpha1.PortNumber{Port: "http", Number: 80})},
		"another number, and earlier pods run":       {after(calling("http", 81), whole), true, users([]string{"http"}, v1alpha1.PortNumber{Port: "http", Number: 81}, v1alpha1.PortNumber{Port: "http", Number: 80})},
		"another number, and they are gone":          {after(calling("http", 81), whole), false, users([]string{"http"}, v1alpha1.PortNumber{Port: "http", Number: 81})},
		"another port, and they are gone":            {after(calling("grpc", 81), whole), false, users([]string{"grpc"}, v1alpha1.PortNumber{Port: "grpc", Number: 81})},
		"as many rules as the API accepts, and more": {after(nothing(), &v1alpha1.Calls{Egress: append(many.Egress[:maxEgressCalls:maxEgressCalls], egress...)}), true, many},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Calls(tc.in, tc.earlier)); diff != "" {
				t.Errorf("Calls (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCallsOfRefusedDependencies leaves out what the callee does not permit.
func TestCallsOfRefusedDependencies(t *testing.T) {
	ms := inputstest.Orders()
	in := &inputs.Inputs{Microservice: ms, Edges: []graph.Edge{
		{Caller: ms, Dependency: &v1alpha1.Dependency{Name: "users"}, Callee: inputstest.Orders(), Port: &v1alpha1.Port{Name: "http"}},
		{Caller: ms, Dependency: &v1alpha1.Dependency{Name: "absent"}},
	}}
	if got := Calls(in, false); got != nil {
		t.Errorf("Calls are %+v, want none", got)
	}
}
