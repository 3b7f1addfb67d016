// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"strings"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/isolation"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/names"
)

// called returns the service that an address belongs to, by its Service or its headless
// one; nil if there is none.
func (w *World) called(at *graph.ConfiguredAddress) *v1alpha1.Microservice {
	find := w.indexed().service
	if ms := find(at.Namespace, at.Name); ms != nil {
		return ms
	}
	return find(at.Namespace, names.OfHeadless(at.Name))
}

// databaseSuffixes end the names of a database's Services. CloudNativePG makes one for the
// primary server, one for the replicas, and one for all servers.
var databaseSuffixes = []string{"-rw", "-ro", "-r"}

// databaseOf returns the service that has the database of an address; nil if there is none.
func (w *World) databaseOf(at *graph.ConfiguredAddress) *v1alpha1.Microservice {
	name := at.Name
	for _, suffix := range databaseSuffixes {
		if server, found := strings.CutSuffix(at.Name, suffix); found {
			name = server
			break
		}
	}
	owner, ofDatabase := strings.CutSuffix(name, names.Database(""))
	if !ofDatabase {
		return nil
	}
	return w.indexed().service(at.Namespace, owner)
}

// isolationOf returns the isolation that is enforced on a service. A Topology that the world
// lacks isolates nothing, as far as is known.
func (w *World) isolationOf(ms *v1alpha1.Microservice) v1alpha1.Isolation {
	in := w.inputsOf(ms)
	if in.Topology != nil && isolation.Audited(in.Topology) {
		return v1alpha1.IsolationNone
	}
	return in.Isolation()
}

// denied reports whether the isolation of a caller or of a callee denies calls that are not
// declared.
func denied(caller, callee v1alpha1.Isolation) bool {
	return caller == v1alpha1.IsolationStrict || callee != v1alpha1.IsolationNone
}

// declare says what makes a service a caller of another.
func (w *World) declare(caller, callee *v1alpha1.Microservice) string {
	dependency := v1alpha1.Dependency{Name: callee.Name}
	name := "name: " + callee.Name
	if callee.Namespace != caller.Namespace {
		dependency.Namespace = callee.Namespace
		name += ", namespace: " + callee.Namespace
	}
	do := fmt.Sprintf("add {%s} to dependencies of %s", name, caller.Name)
	asDeclared := &v1alpha1.Microservice{ObjectMeta: caller.ObjectMeta}
	asDeclared.Spec.TopologyRef, asDeclared.Spec.Dependencies = caller.Spec.TopologyRef, []v1alpha1.Dependency{dependency}
	edge := graph.Resolve(asDeclared, graph.Services{Find: w.indexed().service, MemberOf: w.MemberOf})[0]
	if !edge.Permitted {
		do += fmt.Sprintf(", and {name: %s, namespace: %s} to access of %s", caller.Name, caller.Namespace, callee.Name)
	}
	return do
}
