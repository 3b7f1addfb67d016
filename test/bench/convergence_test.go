// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// childKinds lists the kinds of the benchmark's children and their number for each
// Microservice.
var childKinds = []struct {
	schema.GroupVersionResource
	kind  string
	count int
}{
	{schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}, "ServiceAccount", 1},
	{schema.GroupVersionResource{Version: "v1", Resource: "secrets"}, "Secret", 1},
	{schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}, "StatefulSet", 1},
	{schema.GroupVersionResource{Version: "v1", Resource: "services"}, "Service", 2},
	{schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, "Deployment", 1},
	{schema.GroupVersionResource{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"}, "PodDisruptionBudget", 1},
	{schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}, "HTTPRoute", 1},
}

// BenchmarkConvergence measures the time from creating 200 Microservices until their
// children exist and their status is written. It compares this time with a plain
// client-go program that applies the same children with the same parallelism. Only the
// operator also creates and watches Microservices and writes their status; the ratio
// shows this overhead.
func BenchmarkConvergence(b *testing.B) {
	const services = 200
	ctx := context.Background()
	e := startEnvironment(b)
	plain, err := dynamic.NewForConfig(e.server)
	must(b, err)
	var operator, program time.Duration
	round := 0
	for b.Loop() {
		round++
		namespace := fmt.Sprintf("operator-%d", round)
		begin := time.Now()
		e.createServices(ctx, b, namespace, services)
		waitUntilConverged(ctx, b, e, namespace, services)
		operator += time.Since(begin)

		objects := readChildren(ctx, b, plain, namespace)
		target := fmt.Sprintf("program-%d", round)
		begin = time.Now()
		must(b, e.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: target}}))
		applyAll(ctx, b, plain, target, objects)
		program += time.Since(begin)
	}
	b.ReportMetric(operator.Seconds()/float64(round), "operator-s/op")
	b.ReportMetric(program.Seconds()/float64(round), "program-s/op")
	b.ReportMetric(operator.Seconds()/program.Seconds(), "ratio")
}

// waitUntilConverged waits until every Microservice has its children and a status for
// its generation.
func waitUntilConverged(ctx context.Context, b *testing.B, e *environment, namespace string, n int) {
	b.Helper()
	count := func(gvk schema.GroupVersionKind) int {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(gvk)
		must(b, e.client.List(ctx, list, client.InNamespace(namespace)))
		return len(list.Items)
	}
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 5*time.Minute, true, func(ctx context.Context) (bool, error) {
		done := true
		for _, k := range childKinds {
			done = done && count(k.GroupVersion().WithKind(k.kind+"List")) >= k.count*n
		}
		list := &v1alpha1.MicroserviceList{}
		if err := e.client.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return false, err
		}
		for i := range list.Items {
			done = done && list.Items[i].Status.ObservedGeneration == list.Items[i].Generation && list.Items[i].Status.Database != nil
		}
		return done, nil
	})
	if err != nil {
		b.Fatalf("waiting for the operator to converge: %v", err)
	}
}

// readChildren reads the children by Microservice and removes the fields that a user
// would not write.
func readChildren(ctx context.Context, b *testing.B, plain dynamic.Interface, namespace string) map[string][]*unstructured.Unstructured {
	b.Helper()
	found := map[string][]*unstructured.Unstructured{}
	for _, k := range childKinds {
		resource := k.GroupVersionResource
		list, err := plain.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
		must(b, err)
		must(b, meta.EachListItem(list, func(o runtime.Object) error {
			u := o.(*unstructured.Unstructured)
			owner := u.GetLabels()[v1alpha1.LabelMicroservice]
			clean := &unstructured.Unstructured{Object: map[string]any{}}
			clean.SetGroupVersionKind(u.GroupVersionKind())
			clean.SetName(u.GetName())
			clean.SetLabels(u.GetLabels())
			for _, field := range []string{"spec", "data", "type", "automountServiceAccountToken"} {
				if value, ok := u.Object[field]; ok {
					clean.Object[field] = value
				}
			}
			unstructured.RemoveNestedField(clean.Object, "spec", "clusterIP")
			unstructured.RemoveNestedField(clean.Object, "spec", "clusterIPs")
			found[owner] = append(found[owner], clean)
			return nil
		}))
	}
	return found
}

// applyAll is the plain program. It applies the children of a Microservice one at a
// time, and as many Microservices in parallel as the operator.
func applyAll(ctx context.Context, b *testing.B, plain dynamic.Interface, namespace string, objects map[string][]*unstructured.Unstructured) {
	b.Helper()
	mapping := map[string]schema.GroupVersionResource{}
	for _, k := range childKinds {
		mapping[k.kind] = k.GroupVersionResource
	}
	runParallel(len(objects), func(i int) error {
		for _, o := range objects[serviceName(i)] {
			text, err := o.MarshalJSON()
			if err != nil {
				return err
			}
			if _, err := plain.Resource(mapping[o.GetKind()]).Namespace(namespace).Patch(ctx, o.GetName(), types.ApplyPatchType, text,
				metav1.PatchOptions{FieldManager: "program", Force: new(true)}); err != nil {
				return err
			}
		}
		return nil
	}, b)
}
