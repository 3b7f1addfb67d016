// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

var update = flag.Bool("update", false, "write what is built into testdata, instead of comparing with it")

const (
	samplesDir = "../../config/samples"
	// samplesWant holds what is wanted of the samples, a file each.
	samplesWant = "testdata/samples"
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
			w := inputstest.ReadWorld(t, filepath.Join(dir, "input.yaml"))
			var wanted, problems string
			if w.GatewayWanted {
				wanted = writeObjects(t, gatewayObjects(w.Topologies[0]))
			}
			if len(w.Services) > 0 {
				c := inputstest.ReadCircumstances(t, dir)
				in := w.Inputs(w.Services[0], c)
				objects, told := buildAll(t, in)
				problems = writeProblems(told)
				switch {
				case len(c.Only) > 0:
					wanted = writeOnly(t, objects, c.Only)
				case problems != "":
					// What is made all the same is named only: other cases hold it whole.
					wanted, problems = "", problems+"still made: "+writeNames(t, objects)+"\n"
				default:
					wanted = join(wanted, writeObjects(t, objects))
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
	all := &inputstest.World{}
	for _, file := range files {
		all.Read(t, file)
	}
	if len(all.Services) == 0 || len(all.Topologies) == 0 {
		t.Fatalf("%s holds %d Microservices and %d Topologies, want some of each", samplesDir, len(all.Services), len(all.Topologies))
	}
	var names []string
	check := func(name string, objects []kube.Object) {
		names = append(names, name+".yaml")
		t.Run(name, func(t *testing.T) {
			golden(t, filepath.Join(samplesWant, name+".yaml"), writeObjects(t, objects))
		})
	}
	for _, topology := range all.Topologies {
		check("topology-"+topology.Name, gatewayObjects(topology))
	}
	for _, ms := range all.Services {
		in := all.Inputs(ms, inputstest.Circumstances{})
		ran := migrate(in)
		objects, problems := buildAll(t, in)
		for i := range objects {
			// A Job that exists is only named: what it is made as is shown.
			if job, ok := objects[i].(*batchv1.Job); ok && ran != nil && job.Name == ran.GetName() {
				objects[i] = ran
			}
		}
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

// migrate lets a sample's database accept connections and its migration have
// run: before that there is no Deployment. It returns the migration's Job.
func migrate(in *inputs.Inputs) kube.Object {
	in.StatefulSet = &appsv1.StatefulSet{Status: appsv1.StatefulSetStatus{ReadyReplicas: 1}}
	built, err := Build(in)
	if err != nil || built.Database.Migration() == nil {
		return nil
	}
	var job kube.Object
	for _, w := range built.Components {
		if w.Component.Kind == "Job" && len(w.Objects) == 1 {
			job = w.Objects[0]
		}
	}
	in.Jobs = []*batchv1.Job{{
		ObjectMeta: metav1.ObjectMeta{Name: names.Migration(in.Microservice, database.MigrationHash(built.Database)), Namespace: in.Microservice.Namespace,
			Labels: names.Labels(in.Microservice, v1alpha1.ComponentMigration)},
		Status: batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}},
	}}
	return job
}

// services that went wrong once.
func cases(t *testing.T) []string {
	t.Helper()
	return append(foldersIn(t, "testdata", filepath.Base(samplesWant), "cases"), foldersIn(t, filepath.Join("testdata", "cases"))...)
}

// foldersIn returns the folders in a folder, below testdata, but for some.
func foldersIn(t *testing.T, dir string, but ...string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Rel("testdata", dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && !slices.Contains(but, entry.Name()) {
			names = append(names, filepath.Join(below, entry.Name()))
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
	problem *condition.Problem
	kinds   []string
}

func buildAll(t *testing.T, in *inputs.Inputs) ([]kube.Object, []heldBack) {
	t.Helper()
	built, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(built.Components) != len(Table) {
		t.Errorf("Build gave %d entries, want one for each of the table's %d rows", len(built.Components), len(Table))
	}
	var objects []kube.Object
	var problems []heldBack
	for _, w := range built.Components {
		objects = append(objects, w.Objects...)
		for _, o := range w.Objects {
			checkOwner(t, w.Component, o)
		}
		if w.Problem == nil {
			continue
		}
		same := func(h heldBack) bool { return *h.problem == *w.Problem }
		if i := slices.IndexFunc(problems, same); i >= 0 {
			if !slices.Contains(problems[i].kinds, w.Component.Kind) {
				problems[i].kinds = append(problems[i].kinds, w.Component.Kind)
			}
			continue
		}
		problems = append(problems, heldBack{w.Problem, []string{w.Component.Kind}})
	}
	return objects, problems
}

// checkOwner expects an object to belong to the component that made it, and to no
// other.
func checkOwner(t *testing.T, maker *Component, o kube.Object) {
	t.Helper()
	for i := range Table {
		c := &Table[i]
		if c.Kind == maker.Kind && c.Owns(o) != (c == maker) {
			t.Errorf("%s %q of component %q: component %q owns it: %t", maker.Kind, o.GetName(), maker.Name, c.Name, c.Owns(o))
		}
	}
}

func gatewayObjects(topology *v1alpha1.Topology) []kube.Object {
	if gateway := routes.Gateway(topology, nil); gateway != nil {
		return []kube.Object{gateway}
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
		fmt.Fprintf(&text, "%s %s %s: %s\n", h.problem.Condition, h.problem.Reason, state, h.problem.Message.String())
		fmt.Fprintf(&text, "  holds back: %s\n", strings.Join(h.kinds, ", "))
	}
	return text.String()
}

// writeOnly writes the objects of some kinds, and the names of the others, which
// other cases hold whole.
func writeOnly(t *testing.T, objects []kube.Object, kinds []string) string {
	t.Helper()
	var about, others []kube.Object
	for _, o := range objects {
		gvk, err := apiutil.GVKForObject(o, scheme)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(kinds, gvk.Kind) {
			about = append(about, o)
		} else {
			others = append(others, o)
		}
	}
	return "# Beside: " + writeNames(t, others) + "\n" + writeObjects(t, about)
}

func writeNames(t *testing.T, objects []kube.Object) string {
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
func writeObjects(t *testing.T, objects []kube.Object) string {
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
			_, isObject := field.(map[string]any)
			if field == nil || key == "status" && isObject {
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
