// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// counted counts the requests to a cluster of which some may be forbidden.
func countRequests(c client.WithWatch, requests *[]string, forbids func(o any, namespace string) bool) client.WithWatch {
	forbidden := func(verb string, o any, namespace string) error {
		*requests = append(*requests, fmt.Sprintf("%s %T", verb, o))
		if forbids != nil && forbids(o, namespace) {
			return apierrors.NewForbidden(schema.GroupResource{}, "", nil)
		}
		return nil
	}
	return interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if err := forbidden("get", o, key.Namespace); err != nil {
				return err
			}
			return c.Get(ctx, key, o, opts...)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			options := client.ListOptions{}
			options.ApplyOptions(opts)
			if err := forbidden("list", list, options.Namespace); err != nil {
				return err
			}
			return c.List(ctx, list, opts...)
		}})
}

// guests are 500 services of ten namespaces with 1,500 calls, all members of a
// Topology elsewhere that chooses namespaces by their labels.
func guests() []client.Object {
	objects := []client.Object{&v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: "front", Name: "shop"}, Spec: v1alpha1.TopologySpec{
		AllowedNamespaces: &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}}},
	}}}
	for i := range 10 {
		objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("team-%d", i), Labels: map[string]string{"team": "shop"}}})
	}
	for i := range 500 {
		ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: fmt.Sprintf("team-%d", i%10), Name: fmt.Sprintf("service-%03d", i)}}
		ms.Spec.TopologyRef = &v1alpha1.TopologyReference{Namespace: "front", Name: "shop"}
		for j := 1; j <= 3; j++ {
			to := (i + j) % 500
			ms.Spec.Dependencies = append(ms.Spec.Dependencies, v1alpha1.Dependency{Namespace: fmt.Sprintf("team-%d", to%10), Name: fmt.Sprintf("service-%03d", to)})
		}
		objects = append(objects, ms)
	}
	return objects
}

func TestRequestsForManyGuests(t *testing.T) {
	c := fakeCluster(guests()...)
	for name, tc := range map[string]struct {
		args []string
		// forbids says what may not be read.
		forbids func(o any, namespace string) bool
		most    int
		want    string
	}{
		"the graph of a Topology": {args: []string{"graph", "shop", "-n", "front"}, most: 4, want: "500 services"},
		"the table of all":        {args: []string{"status", "-A"}, most: 3, want: "service-499"},
		"the impact of one":       {args: []string{"impact", "service-000", "-n", "team-0"}, most: 3, want: "499 services are affected, 3 directly"},
		"by one who may list no namespaces": {args: []string{"graph", "shop", "-n", "front"}, most: 4 + 10, want: "500 services",
			forbids: func(o any, _ string) bool {
				_, namespaces := o.(*corev1.NamespaceList)
				return namespaces
			}},
		"by one who may list no Topologies": {args: []string{"graph", "shop", "-n", "front"}, most: 6, want: "500 services",
			forbids: func(o any, _ string) bool {
				_, topologies := o.(*v1alpha1.TopologyList)
				return topologies
			}},
		"by one who may read neither Topologies elsewhere nor namespaces": {args: []string{"status", "-n", "team-0"}, most: 5, want: "service-490",
			forbids: func(o any, namespace string) bool {
				switch o.(type) {
				case *v1alpha1.Topology, *v1alpha1.TopologyList:
					return namespace != "team-0"
				case *corev1.Namespace, *corev1.NamespaceList:
					return true
				}
				return false
			}},
	} {
		t.Run(name, func(t *testing.T) {
			var requests []string
			got := runPlugin(t, countRequests(c, &requests, tc.forbids), "", tc.args...)
			if got.code != 0 || !strings.Contains(got.out, tc.want) {
				t.Errorf("code %d, %s, want %q in:\n%.2000s", got.code, got.err, tc.want, got.out)
			}
			if len(requests) > tc.most {
				t.Errorf("%d requests, want at most %d: %.600q", len(requests), tc.most, requests)
			}
		})
	}
}
