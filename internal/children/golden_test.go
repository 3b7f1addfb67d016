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

package children

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

var update = flag.Bool("update", false, "write what is built into testdata, instead of comparing with it")

const (
	samplesDir = "../../config/samples"
	// samplesWant holds what is wanted of the samples, a file each.
	samplesWant = "testdata/samples"
	password    = "secret-password"
)

// scheme knows the kinds of the input and of everything that is built.
var scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, gatewayv1.Install, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	return s
}()

// TestGolden builds the children of each case and compares them with those
// that somebody has looked at.
func TestGolden(t *testing.T) {
	for _, name := range cases(t) {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("testdata", name)
			w := readWorld(t, filepath.Join(dir, "input.yaml"))
			var wanted, problems string
			if w.gatewayWanted {
				wanted = writeObjects(t, gatewayObjects(w.topologies[0]))
			}
			if len(w.services) > 0 {
				in := w.inputs(w.services[0], readCircumstances(t, dir))
				objects, told := build(t, in)
				wanted, problems = join(wanted, writeObjects(t, objects)), writeProblems(told)
				if problems != "" {
					// What is made all the same is named only: other cases hold it whole.
					wanted, problems = "", problems+"still made: "+writeNames(t, objects)+"\n"
				}
			}
			golden(t, filepath.Join(dir, "want.yaml"), wanted)
			golden(t, filepath.Join(dir, "error.txt"), problems)
		})
	}
}

// TestGoldenSamples does the same for every object of the samples.
func TestGoldenSamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(samplesDir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples in %s: %v", samplesDir, err)
	}
	all := &world{}
	for _, file := range files {
		all.read(t, file)
	}
	if len(all.services) == 0 || len(all.topologies) == 0 {
		t.Fatalf("%s holds %d Microservices and %d Topologies, want some of each", samplesDir, len(all.services), len(all.topologies))
	}
	var names []string
	check := func(name string, objects []Object) {
		names = append(names, name+".yaml")
		t.Run(name, func(t *testing.T) {
			golden(t, filepath.Join(samplesWant, name+".yaml"), writeObjects(t, objects))
		})
	}
	for _, topology := range all.topologies {
		check("topology-"+topology.Name, gatewayObjects(topology))
	}
	for _, ms := range all.services {
		objects, problems := build(t, all.inputs(ms, circumstances{}))
		if len(problems) > 0 {
			t.Errorf("sample %q has problems:\n%s", ms.Name, writeProblems(problems))
		}
		check(ms.Name, objects)
	}
	for _, name := range filesIn(t, samplesWant) {
		if !slices.Contains(names, name) {
			t.Errorf("%s/%s belongs to no sample: delete it", samplesWant, name)
		}
	}
}

// TestBuildIsPure builds every case twice: the second time must give the same,
// and leave the inputs, which are shared with the cache, as they were.
func TestBuildIsPure(t *testing.T) {
	for _, name := range cases(t) {
		dir := filepath.Join("testdata", name)
		w := readWorld(t, filepath.Join(dir, "input.yaml"))
		if len(w.services) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			in := w.inputs(w.services[0], readCircumstances(t, dir))
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
			if diff := cmp.Diff(before, copyInputs(in), cmp.AllowUnexported(Inputs{}), cmp.FilterPath(isPlan, cmp.Ignore())); diff != "" {
				t.Errorf("Build changed its inputs (-before +after):\n%s", diff)
			}
		})
	}
}

// isPlan is what Build notes in its inputs.
func isPlan(path cmp.Path) bool {
	last := path.Last().String()
	return last == ".database" || last == ".databaseErr"
}

func copyInputs(in *Inputs) *Inputs {
	c := &Inputs{
		Microservice: in.Microservice.DeepCopy(),
		Topology:     in.Topology.DeepCopy(),
		References:   References{Hash: in.References.Hash, Missing: slices.Clone(in.References.Missing)},
		Deployment:   in.Deployment.DeepCopy(),
		StatefulSet:  in.StatefulSet.DeepCopy(),
		MissingCRDs:  maps.Clone(in.MissingCRDs),
	}
	c.DatabaseState = in.DatabaseState
	c.DatabaseState.Claim = in.DatabaseState.Claim.DeepCopy()
	for _, e := range in.Edges {
		c.Edges = append(c.Edges, graph.Edge{Dependency: e.Dependency.DeepCopy(), Callee: e.Callee.DeepCopy(), Port: e.Port.DeepCopy()})
	}
	return c
}

// wantedCopy is a Wanted without the table's functions, which can't be compared.
type wantedCopy struct {
	Kind    string
	Objects []Object
	Problem *Problem
}

func copyWanted(wanted []Wanted) []wantedCopy {
	copies := make([]wantedCopy, len(wanted))
	for i, w := range wanted {
		copies[i] = wantedCopy{Kind: w.Kind.Name}
		for _, o := range w.Objects {
			copies[i].Objects = append(copies[i].Objects, o.DeepCopyObject().(Object))
		}
		if w.Problem != nil {
			p := *w.Problem
			copies[i].Problem = &p
		}
	}
	return copies
}

// cases are the directories of testdata, but for the samples'.
func cases(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != filepath.Base(samplesWant) {
			names = append(names, entry.Name())
		}
	}
	return names
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// golden compares with a file, or writes it. No text is wanted as no file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := rewrite(file, got); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); if it should, run make golden and read its diff:\n%s", file, diff)
	}
}

func rewrite(file, text string) error {
	if text == "" {
		if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

// heldBack is a problem and the kinds that it kept from being built.
type heldBack struct {
	problem *Problem
	kinds   []string
}

func build(t *testing.T, in *Inputs) ([]Object, []heldBack) {
	t.Helper()
	wanted, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(wanted) != len(Table) {
		t.Errorf("Build gave %d entries, want one for each of the table's %d rows", len(wanted), len(Table))
	}
	var objects []Object
	var problems []heldBack
	for _, w := range wanted {
		objects = append(objects, w.Objects...)
		if w.Problem == nil {
			continue
		}
		same := func(h heldBack) bool { return *h.problem == *w.Problem }
		if i := slices.IndexFunc(problems, same); i >= 0 {
			problems[i].kinds = append(problems[i].kinds, w.Kind.Name)
			continue
		}
		problems = append(problems, heldBack{w.Problem, []string{w.Kind.Name}})
	}
	return objects, problems
}

func gatewayObjects(topology *v1alpha1.Topology) []Object {
	if gateway := Gateway(topology); gateway != nil {
		return []Object{gateway}
	}
	return nil
}

// writeProblems writes a line for each problem, and below it what it holds
// back.
func writeProblems(problems []heldBack) string {
	var text strings.Builder
	for _, h := range problems {
		state := "Waiting"
		if h.problem.Stalled {
			state = "Stalled"
		}
		fmt.Fprintf(&text, "%s %s %s: %s\n", h.problem.Condition, h.problem.Reason, state, h.problem.Message)
		fmt.Fprintf(&text, "  holds back: %s\n", strings.Join(h.kinds, ", "))
	}
	return text.String()
}

func writeNames(t *testing.T, objects []Object) string {
	t.Helper()
	names := make([]string, len(objects))
	for i, o := range objects {
		gvk, err := apiutil.GVKForObject(o, scheme)
		if err != nil {
			t.Fatal(err)
		}
		names[i] = gvk.Kind + "/" + o.GetName()
	}
	return strings.Join(names, ", ")
}

// writeObjects writes objects as people write them: without what is empty
// because Go has no other word for unset, and with a Secret's data in the open.
func writeObjects(t *testing.T, objects []Object) string {
	t.Helper()
	var all string
	for _, o := range objects {
		gvk, err := apiutil.GVKForObject(o, scheme)
		if err != nil {
			t.Fatal(err)
		}
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
		if err != nil {
			t.Fatal(err)
		}
		fields["apiVersion"], fields["kind"] = gvk.GroupVersion().String(), gvk.Kind
		if secret, ok := o.(*corev1.Secret); ok {
			open := map[string]any{}
			for key, value := range secret.Data {
				open[key] = string(value)
			}
			delete(fields, "data")
			fields["stringData"] = open
		}
		text, err := yaml.Marshal(withoutEmpty(fields))
		if err != nil {
			t.Fatal(err)
		}
		all = join(all, string(text))
	}
	return all
}

// withoutEmpty leaves out nulls, and the status that nothing is built with.
func withoutEmpty(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, field := range v {
			if field == nil || key == "status" {
				delete(v, key)
				continue
			}
			v[key] = withoutEmpty(field)
		}
	case []any:
		for i := range v {
			v[i] = withoutEmpty(v[i])
		}
	}
	return value
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "---\n" + b
}
