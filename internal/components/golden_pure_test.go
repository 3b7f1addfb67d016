// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"

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

// TestHashSeesEveryField encodes and decodes the objects of every case as apply.Hash encodes them: a
// field that the encoding lost could change without being applied.
func TestHashSeesEveryField(t *testing.T) {
	type encoder interface {
		Marshal() ([]byte, error)
		Unmarshal(data []byte) error
	}
	checked := map[string]bool{}
	for _, name := range cases(t) {
		dir := filepath.Join("testdata", name)
		w := inputstest.ReadWorld(t, filepath.Join(dir, "input.yaml"))
		if len(w.Services) == 0 {
			continue
		}
		built, err := Build(w.Inputs(w.Services[0], inputstest.ReadCircumstances(t, dir)))
		if err != nil {
			t.Fatal(err)
		}
		for _, wanted := range built.Components {
			for _, o := range wanted.Objects {
				want, encodes := o.(encoder)
				if !encodes {
					continue
				}
				checked[wanted.Component.Kind] = true
				data, err := want.Marshal()
				if err != nil {
					t.Fatal(err)
				}
				got := reflect.New(reflect.TypeOf(o).Elem()).Interface().(encoder)
				if err := got.Unmarshal(data); err != nil {
					t.Fatal(err)
				}
				got.(kube.Object).GetObjectKind().SetGroupVersionKind(o.GetObjectKind().GroupVersionKind())
				if !equality.Semantic.DeepEqual(want, got) {
					t.Errorf("%s: the encoding changes %s %s:\n%s", name, wanted.Component.Kind, o.GetName(), cmp.Diff(want, got))
				}
			}
		}
	}
	if len(checked) < 9 {
		t.Errorf("only the kinds %v were checked", checked)
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
