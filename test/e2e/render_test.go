//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

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
	BeforeAll(func(ctx SpecContext) { buildPlugin(ctx) }, NodeTimeout(specTimeout))

	DescribeTable("prints for every sample exactly the fields that Atoll applies to the cluster", func(ctx SpecContext, withDatabases bool) {
		eventuallyShopReady(ctx)
		owners := liveSamples(ctx)
		live := appliedObjects(ctx)
		dir := GinkgoT().TempDir()
		for _, o := range owners {
			writeSample(filepath.Join(dir, o.GetName()+".yaml"), o)
		}
		for name, o := range live {
			switch kind := o.GetKind(); {
			case withDatabases && kind == "StatefulSet", kind == "PersistentVolumeClaim" && (withDatabases || predatesOwner(o, owners)):
				writeYAML(filepath.Join(dir, o.GetName()+".yaml"), o.Object)
			case kind == "PersistentVolumeClaim":
				// The StatefulSet controller creates it from a rendered template.
				delete(live, name)
			}
		}
		text := render(ctx, dir)
		pairs := uidReplacements(owners)
		if !withDatabases {
			pairs = append(pairs, migrationHashReplacements(text, live, owners)...)
		}
		rendered := decodeManifests(text, strings.NewReplacer(pairs...))
		Expect(slices.Sorted(maps.Keys(rendered))).To(Equal(slices.Sorted(maps.Keys(live))), "the rendered objects differ from the live ones")

		all := &comparison{}
		for name, o := range rendered {
			fillInLiveValues(o, live[name])
			all.compareObject(name, o, live[name])
		}
		GinkgoWriter.Printf("compared %d fields of %d objects\n", all.fields, len(rendered))
		Expect(all.differences).To(BeEmpty())
		// Too few fields would mean that the comparison is broken.
		Expect(all.fields).To(BeNumerically(">", 10*len(rendered)))
		for name, o := range rendered {
			Expect(stableContent(dryRunApply(ctx, o))).To(Equal(stableContent(live[name])), "applying the rendered %s would change it", name)
		}
	},
		Entry("from the samples only", SpecTimeout(specTimeout), false),
		// With the claims, render knows the volume UIDs that names depend on.
		Entry("from the samples and their StatefulSets and claims", SpecTimeout(specTimeout), true),
	)
})

// liveSamples reads the live object of every sample. It fails for a sample that the
// cluster does not have and for an unknown kind.
func liveSamples(ctx context.Context) (owners []client.Object) {
	GinkgoHelper()
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "samples", "*.yaml"))
	Expect(err).NotTo(HaveOccurred())
	for _, file := range files {
		// Kustomizations list the samples and are not samples themselves.
		if strings.HasPrefix(filepath.Base(file), "kustomiz") {
			continue
		}
		text, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		for _, sample := range decodeManifests(text, strings.NewReplacer()) {
			var owner client.Object
			switch sample.GetKind() {
			case "Topology":
				owner = &v1alpha1.Topology{}
			case "Microservice":
				owner = &v1alpha1.Microservice{}
			case "Namespace":
				continue
			default:
				Fail(fmt.Sprintf("%s contains a %s, which this test does not compare", file, sample.GetKind()))
			}
			Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: sample.GetName()}, owner)).To(Succeed(), "%s is not in the cluster", file)
			owners = append(owners, owner)
		}
	}
	Expect(len(owners)).To(BeNumerically(">", len(services)), "no samples found")
	return owners
}

// writeSample writes the live object as a user would write it. The files in
// config/samples can't be used, because other specs may have changed the object.
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

// predatesOwner reports whether a claim is older than its service, which then
// adopted it from an earlier service of the same name.
func predatesOwner(claim client.Object, owners []client.Object) bool {
	return slices.ContainsFunc(owners, func(o client.Object) bool {
		ownerCreated := o.GetCreationTimestamp()
		claimCreated := claim.GetCreationTimestamp()
		return o.GetName() == claim.GetLabels()[v1alpha1.LabelMicroservice] && claimCreated.Before(&ownerCreated)
	})
}

// render runs kubectl atoll render on the files of a folder.
func render(ctx context.Context, dir string) []byte {
	GinkgoHelper()
	// Files do not have what Atoll found in the cluster.
	topology := &v1alpha1.Topology{}
	Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "shop"}, topology)).To(Succeed())
	command := exec.CommandContext(ctx, plugin, "render", "-f", dir, "--name-servers="+strings.Join(topology.Status.NameServers, ","))
	// The missing kubeconfig proves that render needs no cluster.
	command.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(dir, "none"))
	command.Stderr = GinkgoWriter
	text, err := command.Output()
	Expect(err).NotTo(HaveOccurred())
	return text
}

// uidReplacements pairs the placeholder of each owner's UID with the live UID.
func uidReplacements(owners []client.Object) (pairs []string) {
	for _, o := range owners {
		pairs = append(pairs, string(offline.MadeUID(o.GetName())), string(o.GetUID()))
	}
	return pairs
}

// migrationHashReplacements pairs each rendered migration hash with the live one.
// The hash includes the UID of the claim, which render does not know.
func migrationHashReplacements(text []byte, live map[string]*unstructured.Unstructured, owners []client.Object) (pairs []string) {
	GinkgoHelper()
	for _, owner := range owners {
		ms, ok := owner.(*v1alpha1.Microservice)
		if !ok || ms.Spec.Database == nil || ms.Spec.Database.Migration == nil {
			continue
		}
		name := ms.Name
		found := regexp.MustCompile(`name: ` + names.Migration(ms, `([0-9a-f]+)`) + `\n`).FindSubmatch(text)
		Expect(found).NotTo(BeNil(), "no migration of %s was rendered", name)
		Expect(live).To(HaveKey("Deployment/" + name))
		pairs = append(pairs, string(found[1]), live["Deployment/"+name].GetAnnotations()[names.AnnotationMigrated])
	}
	return pairs
}

// decodeManifests decodes YAML documents by kind and name, after applying a replacer.
func decodeManifests(text []byte, replacer *strings.Replacer) map[string]*unstructured.Unstructured {
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
		Expect(o.UnmarshalJSON([]byte(replacer.Replace(string(document))))).To(Succeed())
		objects[o.GetKind()+"/"+o.GetName()] = o
	}
}

// appliedObjects lists the live objects that Atoll applies, by kind and name.
func appliedObjects(ctx context.Context) map[string]*unstructured.Unstructured {
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
			if o.GetLabels()[v1alpha1.LabelManagedBy] == v1alpha1.ManagedByAtoll || slices.ContainsFunc(o.GetManagedFields(), isAtollApply) {
				found[gvk.Kind+"/"+o.GetName()] = o
			}
		}
	}
	return found
}

// isAtollApply reports whether a managed fields entry is Atoll's apply, excluding
// its status writes.
func isAtollApply(entry metav1.ManagedFieldsEntry) bool {
	return entry.Manager == string(apply.FieldOwner) && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == ""
}

// fillInLiveValues copies values that only a cluster knows into the rendered object:
// the applied hash, generated passwords, and the hash of the Secrets with them.
func fillInLiveValues(rendered, live *unstructured.Unstructured) {
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
		stringData, _, err := unstructured.NestedStringMap(rendered.Object, "stringData")
		Expect(err).NotTo(HaveOccurred())
		unstructured.RemoveNestedField(rendered.Object, "stringData")
		for key, value := range stringData {
			value = strings.ReplaceAll(value, offline.Password, string(password))
			Expect(unstructured.SetNestedField(rendered.Object, base64.StdEncoding.EncodeToString([]byte(value)), "data", key)).To(Succeed())
		}
	}
}

// dryRunApply returns the object that would result from applying the rendered one.
func dryRunApply(ctx context.Context, rendered *unstructured.Unstructured) *unstructured.Unstructured {
	GinkgoHelper()
	o := rendered.DeepCopy()
	Expect(k8s.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), apply.FieldOwner, client.ForceOwnership, client.DryRunAll)).To(Succeed())
	return o
}

// stableContent returns an object without its status and server-managed metadata.
func stableContent(o *unstructured.Unstructured) map[string]any {
	content := maps.Clone(o.Object)
	delete(content, "status")
	content["metadata"] = map[string]any{"labels": o.GetLabels(), "annotations": o.GetAnnotations(), "owners": o.GetOwnerReferences()}
	return content
}

// comparison compares rendered objects with the fields that Atoll owns in the cluster.
type comparison struct {
	differences []string
	// fields is the number of compared fields.
	fields int
}

func (c *comparison) addDifference(path, format string, args ...any) {
	c.differences = append(c.differences, path+": "+fmt.Sprintf(format, args...))
}

// compareObject compares one object, except for the fields that identify it.
func (c *comparison) compareObject(name string, rendered, live *unstructured.Unstructured) {
	GinkgoHelper()
	managers := live.GetManagedFields()
	at := slices.IndexFunc(managers, isAtollApply)
	if at < 0 {
		c.addDifference(name, "Atoll owns no field")
		return
	}
	owned := &fieldpath.Set{}
	Expect(owned.FromJSON(managers[at].FieldsV1.GetRawReader())).To(Succeed())
	fields := rendered.DeepCopy().Object
	// No manager owns the fields that identify an object.
	delete(fields, "apiVersion")
	delete(fields, "kind")
	unstructured.RemoveNestedField(fields, "metadata", "name")
	unstructured.RemoveNestedField(fields, "metadata", "namespace")
	c.compareFields(name, owned, fields, live.Object)
}

// compareFields compares the fields of an object or the items of a list. Each must
// be both rendered and owned.
func (c *comparison) compareFields(path string, owned *fieldpath.Set, rendered, live any) {
	unmatched := map[string]fieldpath.PathElement{}
	for element := range owned.Members.All() {
		unmatched[element.String()] = element
	}
	for element := range owned.Children.All() {
		unmatched[element.String()] = element
	}
	switch rendered := rendered.(type) {
	case map[string]any:
		for field, inside := range rendered {
			liveFields, _ := live.(map[string]any)
			element := fieldpath.PathElement{FieldName: &field}
			delete(unmatched, element.String())
			c.compareField(path+element.String(), owned, element, inside, liveFields[field])
		}
	case []any:
		for _, inside := range rendered {
			name, element := findElement(unmatched, inside)
			if name == "" {
				c.addDifference(path, "%v is rendered but not owned", inside)
				continue
			}
			delete(unmatched, name)
			c.compareField(path+name, owned, element, inside, findLiveItem(element, live))
		}
	}
	for name := range unmatched {
		c.addDifference(path+name, "is owned but not rendered")
	}
}

// compareField compares one field or list item and descends if it has owned components.
func (c *comparison) compareField(path string, owned *fieldpath.Set, element fieldpath.PathElement, rendered, live any) {
	childFields, hasChildren := owned.Children.Get(element)
	switch {
	case hasChildren:
		c.compareFields(path, childFields, rendered, live)
	case !owned.Members.Has(element):
		c.addDifference(path, "%v is rendered but not owned", rendered)
	default:
		c.fields++
		if !equalExceptDefaults(rendered, live) {
			c.addDifference(path, "%v is rendered, but the cluster has %v", rendered, live)
		}
	}
}

// equalExceptDefaults reports whether a live value equals the rendered one, except for
// added fields. Atoll may own an atomic field, into which the API server writes defaults.
func equalExceptDefaults(rendered, live any) bool {
	switch r := rendered.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		for field, value := range r {
			ok = ok && equalExceptDefaults(value, l[field])
		}
		return ok
	case []any:
		l, ok := live.([]any)
		return ok && slices.EqualFunc(r, l, equalExceptDefaults)
	}
	return reflect.DeepEqual(rendered, live)
}

// findElement returns the path element that identifies a list item, by key or value.
func findElement(elements map[string]fieldpath.PathElement, item any) (string, fieldpath.PathElement) {
	for name, element := range elements {
		if identifies(element, item) {
			return name, element
		}
	}
	return "", fieldpath.PathElement{}
}

// findLiveItem returns the live list item that a path element identifies.
func findLiveItem(element fieldpath.PathElement, list any) any {
	items, _ := list.([]any)
	for _, item := range items {
		if identifies(element, item) {
			return item
		}
	}
	return nil
}

// identifies reports whether a path element identifies a list item.
func identifies(element fieldpath.PathElement, item any) bool {
	if element.Value != nil {
		return value.Equals(*element.Value, value.NewValueInterface(item))
	}
	fields, ok := item.(map[string]any)
	if !ok || element.Key == nil {
		return false
	}
	for _, key := range *element.Key {
		field, set := fields[key.Name]
		// The protocol is part of a port's key but may be left to its default.
		if !set && key.Name == "protocol" {
			field = string(corev1.ProtocolTCP)
		}
		if !value.Equals(key.Value, value.NewValueInterface(field)) {
			return false
		}
	}
	return true
}
