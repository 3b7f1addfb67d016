// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
	"github.com/atoll-dev/atoll/internal/kube"
)

// TestBuildIsPure builds every case twice: the second time must give the same,
// and leave the inputs, which are shared with the cache, as they were.
func TestBuildIsPure(t *testing.T) {
	for _, name := range cases(t) {
		dir := filepath.Join("testdata", name)
		w := inputstest.ReadWorld(t, filepath.Join(dir, "input.yaml"))
		if len(w.Services) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			in := w.Inputs(w.Services[0], inputstest.ReadCircumstances(t, dir))
			before := copyInputs(in)
			first, err := Build(in)
			if err != nil {
				t.Fatal(err)
			}
			kept := copyWanted(first)
			second, err := Build(in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(kept, copyWanted(second)); diff != "" {
				t.Errorf("the second Build differs from the first (-first +second):\n%s", diff)
			}
			if diff := cmp.Diff(kept, copyWanted(first)); diff != "" {
				t.Errorf("the second Build changed what the first gave (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(before, copyInputs(in)); diff != "" {
				t.Errorf("Build changed its inputs (-before +after):\n%s", diff)
			}
		})
	}
}

func copyInputs(in *inputs.Inputs) *inputs.Inputs {
	c := &inputs.Inputs{
		Microservice: in.Microservice.DeepCopy(),
		Topology:     in.Topology.DeepCopy(),
		References:   inputs.References{Hash: in.References.Hash, Missing: slices.Clone(in.References.Missing)},
		Deployment:   in.Deployment.DeepCopy(),
		StatefulSet:  in.StatefulSet.DeepCopy(),
		MissingCRDs:  maps.Clone(in.MissingCRDs),

		RcloneImage: in.RcloneImage, BackupOverdue: in.BackupOverdue,
	}
	for _, job := range in.Jobs {
		c.Jobs = append(c.Jobs, job.DeepCopy())
	}
	for i := range in.Pods {
		c.Pods = append(c.Pods, *in.Pods[i].DeepCopy())
	}
	c.DatabaseState = in.DatabaseState
	c.DatabaseState.Claim = in.DatabaseState.Claim.DeepCopy()
	c.DatabaseState.Cluster = in.DatabaseState.Cluster.DeepCopy()
	for _, e := range in.Edges {
		c.Edges = append(c.Edges, graph.Edge{Dependency: e.Dependency.DeepCopy(), Callee: e.Callee.DeepCopy(), Port: e.Port.DeepCopy()})
	}
	return c
}

// wantedCopy is a Wanted without the table's functions, which can't be compared.
type wantedCopy struct {
	Component string
	Objects   []kube.Object
	Problem   *condition.Problem
}

func copyWanted(built *Built) []wantedCopy {
	wanted := built.Components
	copies := make([]wantedCopy, len(wanted))
	for i, w := range wanted {
		copies[i] = wantedCopy{Component: w.Component.Name}
		for _, o := range w.Objects {
			copies[i].Objects = append(copies[i].Objects, o.DeepCopyObject().(kube.Object))
		}
		if w.Problem != nil {
			p := *w.Problem
			copies[i].Problem = &p
		}
	}
	return copies
}
