// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// calling is a Microservice and what it calls.
func calling(name string, callees ...string) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, callee := range callees {
		ms.Spec.Dependencies = append(ms.Spec.Dependencies, v1alpha1.Dependency{Name: callee})
	}
	return ms
}

// nowhere finds no services beside those that are given.
func findNone(string, string) *v1alpha1.Microservice { return nil }

func TestCycles(t *testing.T) {
	// A chain of 500, each a caller of the next; and the same bent into a ring of
	// which every tenth has a way back.
	var chain, ring []*v1alpha1.Microservice
	number := func(i int) string { return fmt.Sprintf("service-%03d", i%500) }
	for i := range 500 {
		if i < 499 {
			chain = append(chain, calling(number(i), number(i+1)))
		} else {
			chain = append(chain, calling(number(i)))
		}
		if i%10 == 9 {
			ring = append(ring, calling(number(i), number(i+1), number(i-9)))
		} else {
			ring = append(ring, calling(number(i), number(i+1)))
		}
	}
	for name, tc := range map[string]struct {
		services   []*v1alpha1.Microservice
		wantCycles []string
	}{
		"no services": {},
		"a tree":      {services: []*v1alpha1.Microservice{calling("web", "orders", "users"), calling("orders", "users"), calling("users")}},
		"two ways to the same service are no cycle": {
			services: []*v1alpha1.Microservice{calling("a", "b", "c"), calling("b", "d"), calling("c", "d"), calling("d")}},
		"a dependency that does not exist leads nowhere": {services: []*v1alpha1.Microservice{calling("a", "gone"), calling("b", "a")}},
		"itself": {services: []*v1alpha1.Microservice{calling("a", "a", "b"), calling("b")}, wantCycles: []string{"a -> a"}},
		"two services": {
			services: []*v1alpha1.Microservice{calling("payments", "orders"), calling("orders", "payments")}, wantCycles: []string{"orders -> payments -> orders"}},
		"three, begun at the first by name": {
			services: []*v1alpha1.Microservice{calling("c", "a"), calling("b", "c"), calling("a", "b")}, wantCycles: []string{"a -> b -> c -> a"}},
		"two cycles apart, in order": {
			services:   []*v1alpha1.Microservice{calling("y", "x"), calling("x", "y"), calling("b", "a"), calling("a", "b", "x")},
			wantCycles: []string{"a -> b -> a", "x -> y -> x"}},
		"a cycle in reach of a service outside it is without it": {
			services: []*v1alpha1.Microservice{calling("a", "b"), calling("b", "c"), calling("c", "b")}, wantCycles: []string{"b -> c -> b"}},
		"overlapping cycles are reported once, by the shortest through the first": {
			services:   []*v1alpha1.Microservice{calling("a", "b"), calling("b", "c", "d"), calling("c", "a"), calling("d", "e"), calling("e", "a", "b")},
			wantCycles: []string{"a -> b -> c -> a"}},
		"of cycles of one length the first by name": {
			services:   []*v1alpha1.Microservice{calling("a", "z", "m"), calling("z", "a"), calling("m", "a")},
			wantCycles: []string{"a -> m -> a"}},
		"a chain of 500":                       {services: chain},
		"a ring of 500 with shorter ways back": {services: ring, wantCycles: []string{"service-000 -> service-001 -> service-002 -> service-003 -> service-004 -> service-005 -> service-006 -> service-007 -> service-008 -> service-009 -> service-000"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.wantCycles, Cycles("", tc.services, findNone)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// The cache lists services in no order.
			backwards := slices.Clone(tc.services)
			slices.Reverse(backwards)
			if diff := cmp.Diff(tc.wantCycles, Cycles("", backwards, findNone)); diff != "" {
				t.Errorf("with the services in another order (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCyclesLeavesServices makes sure that sorting stays out of the cache.
func TestCyclesLeavesServices(t *testing.T) {
	services := []*v1alpha1.Microservice{calling("b", "z", "a"), calling("a", "b")}
	Cycles("", services, findNone)
	want := []*v1alpha1.Microservice{calling("b", "z", "a"), calling("a", "b")}
	if diff := cmp.Diff(want, services); diff != "" {
		t.Errorf("Cycles changed the services (-want +got):\n%s", diff)
	}
}

// everyCalls is a graph in which each of n services calls the next degree.
func denseGraph(n, degree int) []*v1alpha1.Microservice {
	services := make([]*v1alpha1.Microservice, n)
	for i := range services {
		var callees []string
		for j := 1; j <= degree; j++ {
			callees = append(callees, fmt.Sprintf("service-%03d", (i+j)%n))
		}
		services[i] = calling(fmt.Sprintf("service-%03d", i), callees...)
	}
	return services
}

// TestCyclesOfDenseGraph would not end if every cycle were listed.
func TestCyclesOfDenseGraph(t *testing.T) {
	got := Cycles("", denseGraph(500, 64), findNone)
	want := []string{"service-000 -> service-052 -> service-116 -> service-180 -> service-244 -> service-308 -> service-372 -> service-436 -> service-000"}
	if len(got) != 1 {
		t.Fatalf("found %d cycles, want 1: all services can reach one another", len(got))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCyclesOverNamespaces names services of other namespaces in full.
func TestCyclesOverNamespaces(t *testing.T) {
	orders, stock := inShop(calling("orders")), calling("stock")
	stock.Namespace = "warehouse"
	orders.Spec.Dependencies = []v1alpha1.Dependency{{Name: "stock", Namespace: "warehouse"}}
	stock.Spec.Dependencies = []v1alpha1.Dependency{{Name: "orders", Namespace: "shop"}}
	// One of the same name elsewhere is another one.
	other := calling("orders", "stock")
	other.Namespace = "warehouse"
	want := []string{"orders -> warehouse/stock -> orders"}
	if diff := cmp.Diff(want, Cycles("shop", []*v1alpha1.Microservice{orders, stock, other}, findNone)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCyclesThroughOthers is about cycles that lead through services that are not
// the Topology's members.
func TestCyclesThroughOthers(t *testing.T) {
	in := func(namespace, name string, callees ...string) *v1alpha1.Microservice {
		ms := calling(name)
		ms.Namespace = namespace
		for _, callee := range callees {
			of, name, _ := strings.Cut(callee, "/")
			ms.Spec.Dependencies = append(ms.Spec.Dependencies, v1alpha1.Dependency{Namespace: of, Name: name})
		}
		return ms
	}
	leaving := in("books", "ledger", "shop/orders")
	leaving.DeletionTimestamp = &metav1.Time{}
	for name, tc := range map[string]struct {
		members, others []*v1alpha1.Microservice
		want            []string
	}{
		"through a service of another Topology": {
			members: []*v1alpha1.Microservice{in("shop", "orders", "books/ledger")},
			others:  []*v1alpha1.Microservice{in("books", "ledger", "shop/orders")},
			want:    []string{"orders -> books/ledger -> orders"}},
		"through two of them": {
			members: []*v1alpha1.Microservice{in("shop", "orders", "books/ledger")},
			others:  []*v1alpha1.Microservice{in("books", "ledger", "tax/rates"), in("tax", "rates", "shop/orders")},
			want:    []string{"orders -> books/ledger -> tax/rates -> orders"}},
		"begun at a member, although others come first and have a shorter cycle": {
			members: []*v1alpha1.Microservice{in("shop", "orders", "books/a")},
			others:  []*v1alpha1.Microservice{in("books", "a", "books/b"), in("books", "b", "books/a", "books/c"), in("books", "c", "shop/orders")},
			want:    []string{"orders -> books/a -> books/b -> books/c -> orders"}},
		"a cycle of others in reach is theirs": {
			members: []*v1alpha1.Microservice{in("shop", "orders", "books/a")},
			others:  []*v1alpha1.Microservice{in("books", "a", "books/b"), in("books", "b", "books/a")}},
		"one that is being deleted closes none": {
			members: []*v1alpha1.Microservice{in("shop", "orders", "books/ledger")},
			others:  []*v1alpha1.Microservice{leaving}},
	} {
		t.Run(name, func(t *testing.T) {
			lookup := func(namespace, name string) *v1alpha1.Microservice {
				for _, ms := range slices.Concat(tc.others, tc.members) {
					if ms.Namespace == namespace && ms.Name == name {
						return ms
					}
				}
				return nil
			}
			if diff := cmp.Diff(tc.want, Cycles("shop", tc.members, lookup)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestWaitsInCycle is about services that would wait for each other forever.
func TestWaitsInCycle(t *testing.T) {
	waiting := func(name string, callees ...string) *v1alpha1.Microservice {
		ms := calling(name, callees...)
		for i := range ms.Spec.Dependencies {
			ms.Spec.Dependencies[i].Startup = v1alpha1.StartupWait
		}
		return ms
	}
	services := []*v1alpha1.Microservice{
		waiting("a", "b"), waiting("b", "c"), waiting("c", "a"),
		waiting("outside", "a"), waiting("d", "e"), calling("e", "d"), waiting("f", "gone"),
	}
	lookup := func(_, name string) *v1alpha1.Microservice {
		for _, ms := range services {
			if ms.Name == name {
				return ms
			}
		}
		return nil
	}
	for name, want := range map[string]bool{"a": true, "b": true, "c": true, "outside": false, "d": false, "e": false, "f": false} {
		if got := WaitsInCycle(lookup("", name), lookup); got != want {
			t.Errorf("%s: in a cycle is %t, want %t", name, got, want)
		}
	}
}
