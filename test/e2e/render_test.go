//go:build e2e

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

package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

var _ = Describe("kubectl atoll render", Ordered, func() {
	var plugin string

	BeforeAll(func() {
		var err error
		plugin, err = gexec.Build("github.com/atoll-dev/atoll/cmd/kubectl-atoll")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(gexec.CleanupBuildArtifacts)
	})

	DescribeTable("shows of every sample what the cluster then holds, field for field", func(ctx SpecContext, withDatabases bool) {
		eventuallyShopReady(ctx)
		owners := sampled(ctx)
		live := applied(ctx)
		dir := GinkgoT().TempDir()
		for _, o := range owners {
			writeSample(filepath.Join(dir, o.GetName()+".yaml"), o)
		}
		for name, o := range live {
			switch kind := o.GetKind(); {
			case withDatabases && kind == "StatefulSet", kind == "PersistentVolumeClaim" && (withDatabases || isKept(o, owners)):
				writeYAML(filepath.Join(dir, o.GetName()+".yaml"), o.Object)
			case kind == "PersistentVolumeClaim":
				// A StatefulSet makes it, from a template that is rendered.
				delete(live, name)
			}
		}
		text := render(ctx, plugin, dir)
		pairs := uids(owners)
		if !withDatabases {
			pairs = append(pairs, migrations(text, live, owners)...)
		}
		rendered := decode(text, strings.NewReplacer(pairs...))
		Expect(slices.Sorted(maps.Keys(rendered))).To(Equal(slices.Sorted(maps.Keys(live))), "other objects are rendered than the cluster has")

		all := &comparison{}
		for name, o := range rendered {
			fillIn(o, live[name])
			all.object(name, o, live[name])
		}
		GinkgoWriter.Printf("compared %d fields of %d objects\n", all.fields, len(rendered))
		Expect(all.differences).To(BeEmpty())
		// Fewer would mean that nothing was compared.
		Expect(all.fields).To(BeNumerically(">", 10*len(rendered)))
		for name, o := range rendered {
			Expect(contentOf(reapplied(ctx, o))).To(Equal(contentOf(live[name])), "applied as it is rendered, %s would change", name)
		}
	},
		Entry("from the samples alone", SpecTimeout(specTimeout), false),
		// What is named after a volume's uid is then known too, and the claims are
		// rendered.
		Entry("from the samples and their StatefulSets and claims", SpecTimeout(specTimeout), true),
	)
})

// sampled is what the cluster holds of each sample. A sample that nobody applied, and
// one of a kind that is not compared, fails.
func sampled(ctx context.Context) (owners []client.Object) {
	GinkgoHelper()
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "samples", "*.yaml"))
	Expect(err).NotTo(HaveOccurred())
	for _, file := range files {
		// These say what is applied, and are not.
		if strings.HasPrefix(filepath.Base(file), "kustomiz") {
			continue
		}
		text, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		for _, sample := range decode(text, strings.NewReplacer()) {
			var owner client.Object
			switch sample.GetKind() {
			case "Topology":
				owner = &v1alpha1.Topology{}
			case "Microservice":
				owner = &v1alpha1.Microservice{}
			case "Namespace":
				continue
			default:
				Fail(fmt.Sprintf("%s holds a %s, which is not compared", file, sample.GetKind()))
			}
			Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: sample.GetName()}, owner)).To(Succeed(), "%s is not in the cluster", file)
			owners = append(owners, owner)
		}
	}
	Expect(len(owners)).To(BeNumerically(">", len(services)), "the samples were not found")
	return owners
}

// writeSample writes an object as its author would have. It is as the cluster has
// it, because other specs may have changed it since it was applied.
func writeSample(path string, o client.Object) {
	GinkgoHelper()
	fields := map[string]any{"apiVersion": v1alpha1.GroupVersion.String(),
		"metadata": map[string]any{"name": o.GetName(), "namespace": o.GetNamespace(), "labels": o.GetLabels(), "annotations": o.GetAnnotations()}}
	switch o := o.(type) {
	case *v1alpha1.Topology:
		fields["kind"], fields["spec"] = "Topology", o.Spec
	case *v1alpha1.Microservice:
		fields["kind"], fields["spec"] = "Microservice", o.Spec
	}
	writeYAML(path, fields)
}

func writeYAML(path string, fields any) {
	GinkgoHelper()
	text, err := sigsyaml.Marshal(fields)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(path, text, 0o600)).To(Succeed())
}

// isKept says whether a claim is that of an earlier service of the name, which its
// service found when it came.
func isKept(claim client.Object, owners []client.Object) bool {
	return slices.ContainsFunc(owners, func(o client.Object) bool {
		came := o.GetCreationTimestamp()
		made := claim.GetCreationTimestamp()
		return o.GetName() == claim.GetLabels()[v1alpha1.LabelMicroservice] && made.Before(&came)
	})
}

// render is what the plugin writes for the files of a folder.
func render(ctx context.Context, plugin, dir string) []byte {
	GinkgoHelper()
	command := exec.CommandContext(ctx, plugin, "render", "-f", dir)
	// It needs no cluster.
	command.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(dir, "none"))
	command.Stderr = GinkgoWriter
	text, err := command.Output()
	Expect(err).NotTo(HaveOccurred())
	return text
}

// uids are what stands for each owner's uid, and that.
func uids(owners []client.Object) (pairs []string) {
	for _, o := range owners {
		pairs = append(pairs, string(offline.MadeUID(o.GetName())), string(o.GetUID()))
	}
	return pairs
}

// migrations are the hash of each migration as rendered without its claim, whose
// uid it takes in, and as in the cluster.
func migrations(text []byte, live map[string]*unstructured.Unstructured, owners []client.Object) (pairs []string) {
	GinkgoHelper()
	for _, owner := range owners {
		ms, is := owner.(*v1alpha1.Microservice)
		if !is || ms.Spec.Database == nil || ms.Spec.Database.Migration == nil {
			continue
		}
		name := ms.Name
		found := regexp.MustCompile(`name: ` + names.Migration(ms, `([0-9a-f]+)`) + `\n`).FindSubmatch(text)
		Expect(found).NotTo(BeNil(), "no migration of %s is rendered", name)
		Expect(live).To(HaveKey("Deployment/" + name))
		pairs = append(pairs, string(found[1]), live["Deployment/"+name].GetAnnotations()[names.AnnotationMigrated])
	}
	return pairs
}

// decode reads documents by kind and name, with some texts put in the places of
// others.
func decode(text []byte, known *strings.Replacer) map[string]*unstructured.Unstructured {
	GinkgoHelper()
	objects := map[string]*unstructured.Unstructured{}
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), len(text)+1)
	for {
		var document json.RawMessage
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return objects
		}
		Expect(err).NotTo(HaveOccurred())
		o := &unstructured.Unstructured{}
		Expect(o.UnmarshalJSON([]byte(known.Replace(string(document))))).To(Succeed())
		objects[o.GetKind()+"/"+o.GetName()] = o
	}
}

// applied is all that Atoll has applied to in the namespace, by kind and name.
func applied(ctx context.Context) map[string]*unstructured.Unstructured {
	GinkgoHelper()
	found := map[string]*unstructured.Unstructured{}
	kinds := []client.Object{&gatewayv1.Gateway{}}
	for _, c := range components.Kinds() {
		kinds = append(kinds, c.Prototype.(client.Object))
	}
	for _, prototype := range kinds {
		gvk, err := apiutil.GVKForObject(prototype, k8s.Scheme())
		Expect(err).NotTo(HaveOccurred())
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
		err = k8s.List(ctx, list, client.InNamespace(namespace))
		if meta.IsNoMatchError(err) {
			continue
		}
		Expect(err).NotTo(HaveOccurred())
		for i := range list.Items {
			o := &list.Items[i]
			if o.GetLabels()[v1alpha1.LabelManagedBy] == v1alpha1.ManagedByAtoll || slices.ContainsFunc(o.GetManagedFields(), isAtolls) {
				found[gvk.Kind+"/"+o.GetName()] = o
			}
		}
	}
	return found
}

// isAtolls says whether a manager of fields is Atoll, and not its writing of a
// status.
func isAtolls(entry metav1.ManagedFieldsEntry) bool {
	return entry.Manager == string(apply.FieldOwner) && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == ""
}

// fillIn puts in the places of what only a cluster knows what this one has: the
// hash over what was applied, generated passwords, and the hash over Secrets with
// them.
func fillIn(rendered, live *unstructured.Unstructured) {
	GinkgoHelper()
	annotations := rendered.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	hash := live.GetAnnotations()[apply.AnnotationApplied]
	Expect(hash).NotTo(BeEmpty(), "%s %s has no hash", live.GetKind(), live.GetName())
	annotations[apply.AnnotationApplied] = hash
	rendered.SetAnnotations(annotations)

	switch rendered.GetKind() {
	case "Deployment":
		path := []string{"spec", "template", "metadata", "annotations", names.AnnotationReferences}
		if value, _, _ := unstructured.NestedString(rendered.Object, path...); value == offline.UnknownHash {
			known, _, err := unstructured.NestedString(live.Object, path...)
			Expect(err).NotTo(HaveOccurred())
			Expect(known).NotTo(BeEmpty())
			Expect(unstructured.SetNestedField(rendered.Object, known, path...)).To(Succeed())
		}
	case "Secret":
		known, _, err := unstructured.NestedString(live.Object, "data", "password")
		Expect(err).NotTo(HaveOccurred())
		password, err := base64.StdEncoding.DecodeString(known)
		Expect(err).NotTo(HaveOccurred())
		Expect(password).NotTo(BeEmpty())
		open, _, err := unstructured.NestedStringMap(rendered.Object, "stringData")
		Expect(err).NotTo(HaveOccurred())
		unstructured.RemoveNestedField(rendered.Object, "stringData")
		for key, value := range open {
			value = strings.ReplaceAll(value, offline.Password, string(password))
			Expect(unstructured.SetNestedField(rendered.Object, base64.StdEncoding.EncodeToString([]byte(value)), "data", key)).To(Succeed())
		}
	}
}

// reapplied is what an object would be if Atoll applied it as it was rendered.
func reapplied(ctx context.Context, rendered *unstructured.Unstructured) *unstructured.Unstructured {
	GinkgoHelper()
	o := rendered.DeepCopy()
	Expect(k8s.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), apply.FieldOwner, client.ForceOwnership, client.DryRunAll)).To(Succeed())
	return o
}

// contentOf is an object without what changes of itself.
func contentOf(o *unstructured.Unstructured) map[string]any {
	content := maps.Clone(o.Object)
	delete(content, "status")
	content["metadata"] = map[string]any{"labels": o.GetLabels(), "annotations": o.GetAnnotations(), "owners": o.GetOwnerReferences()}
	return content
}

// comparison is of what was rendered with what Atoll owns in the cluster.
type comparison struct {
	differences []string
	// fields is how many were compared.
	fields int
}

func (c *comparison) differ(path, format string, args ...any) {
	c.differences = append(c.differences, path+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) object(name string, rendered, live *unstructured.Unstructured) {
	GinkgoHelper()
	managers := live.GetManagedFields()
	at := slices.IndexFunc(managers, isAtolls)
	if at < 0 {
		c.differ(name, "Atoll owns nothing of it")
		return
	}
	owned := &fieldpath.Set{}
	Expect(owned.FromJSON(managers[at].FieldsV1.GetRawReader())).To(Succeed())
	fields := rendered.DeepCopy().Object
	// Nobody owns what an object is found by.
	delete(fields, "apiVersion")
	delete(fields, "kind")
	unstructured.RemoveNestedField(fields, "metadata", "name")
	unstructured.RemoveNestedField(fields, "metadata", "namespace")
	c.value(name, owned, fields, live.Object)
}

// value compares the fields of an object or the items of a list in both
// directions.
func (c *comparison) value(path string, owned *fieldpath.Set, rendered, live any) {
	unmet := map[string]fieldpath.PathElement{}
	for element := range owned.Members.All() {
		unmet[element.String()] = element
	}
	for element := range owned.Children.All() {
		unmet[element.String()] = element
	}
	switch rendered := rendered.(type) {
	case map[string]any:
		for field, inside := range rendered {
			liveFields, _ := live.(map[string]any)
			element := fieldpath.PathElement{FieldName: &field}
			delete(unmet, element.String())
			c.item(path+element.String(), owned, element, inside, liveFields[field])
		}
	case []any:
		for _, inside := range rendered {
			name, element := findElement(unmet, inside)
			if name == "" {
				c.differ(path, "%v is rendered and not owned", inside)
				continue
			}
			delete(unmet, name)
			c.item(path+name, owned, element, inside, liveItem(element, live))
		}
	}
	for name := range unmet {
		c.differ(path+name, "is owned and not rendered")
	}
}

func (c *comparison) item(path string, owned *fieldpath.Set, element fieldpath.PathElement, rendered, live any) {
	below, deeper := owned.Children.Get(element)
	switch {
	case deeper:
		c.value(path, below, rendered, live)
	case !owned.Members.Has(element):
		c.differ(path, "%v is rendered and not owned", rendered)
	default:
		c.fields++
		if !within(rendered, live) {
			c.differ(path, "%v is rendered, the cluster has %v", rendered, live)
		}
	}
}

// within says whether a value is what another is but for defaults: one field may
// be owned with all that is in it, and the API server adds to that.
func within(rendered, live any) bool {
	switch r := rendered.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		for field, value := range r {
			ok = ok && within(value, l[field])
		}
		return ok
	case []any:
		l, ok := live.([]any)
		return ok && slices.EqualFunc(r, l, within)
	}
	return reflect.DeepEqual(rendered, live)
}

// findElement finds the list item that an item stands for, by its keys or as a
// whole.
func findElement(elements map[string]fieldpath.PathElement, item any) (string, fieldpath.PathElement) {
	for name, element := range elements {
		if stands(element, item) {
			return name, element
		}
	}
	return "", fieldpath.PathElement{}
}

func liveItem(element fieldpath.PathElement, list any) any {
	items, _ := list.([]any)
	for _, item := range items {
		if stands(element, item) {
			return item
		}
	}
	return nil
}

func stands(element fieldpath.PathElement, item any) bool {
	if element.Value != nil {
		return value.Equals(*element.Value, value.NewValueInterface(item))
	}
	fields, ok := item.(map[string]any)
	if !ok || element.Key == nil {
		return false
	}
	for _, key := range *element.Key {
		field, set := fields[key.Name]
		// The protocol of a port is a key, and has a default.
		if !set && key.Name == "protocol" {
			field = string(corev1.ProtocolTCP)
		}
		if !value.Equals(key.Value, value.NewValueInterface(field)) {
			return false
		}
	}
	return true
}
