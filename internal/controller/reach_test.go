// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// reconciled counts the reconciles of every object, by all managers together.
var reconciled = &reconcileCounter{counts: map[string]int{}, built: map[string]int{}}

var _ = Describe("A change of a service", func() {
	It("reaches exactly its callers when it comes, goes, or changes what they need", func(ctx SpecContext) {
		// No pods ever come, so that no readiness changes: what is reached is reached
		// by the change itself.
		w := newReachWorld(ctx)
		callers := []string{"microservice here/caller", "microservice here/second", "microservice there/guest", "microservice there/foreign"}
		x, callee := "microservice here/x", "microservice here/callee"
		topologies := []string{"topology here/shop", "topology there/reports"}

		w.reaches("it comes", slices.Concat(callers, topologies, []string{x, callee}), func() {
			created := w.x()
			created.Finalizers = []string{"example.com/last"}
			Expect(k8s.Create(ctx, created)).To(Succeed())
		})
		w.reaches("its port changes", slices.Concat(callers, topologies, []string{x}), func() {
			change(ctx, w.x(), func(ms *v1alpha1.Microservice) {
				ms.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 9090}, {Name: "admin", Port: 9091}}
			})
		})
		w.reaches("its access changes", slices.Concat(callers, topologies, []string{x}), func() {
			change(ctx, w.x(), func(ms *v1alpha1.Microservice) {
				ms.Spec.Access = []v1alpha1.AccessRule{{Name: "foreign", Namespace: w.there}}
			})
		})
		w.reaches("its image changes, which concerns nobody else", []string{x, "topology here/shop"}, func() {
			change(ctx, w.x(), func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/x:2" })
		})
		w.reaches("a label of it changes, which concerns nobody", nil, func() {
			change(ctx, w.x(), func(ms *v1alpha1.Microservice) { ms.Labels = map[string]string{"team": "a"} })
		})
		w.reaches("it is on its way out", slices.Concat(callers, topologies, []string{x, callee}), func() {
			Expect(k8s.Delete(ctx, w.x())).To(Succeed())
		})
		w.reaches("it goes", slices.Concat(callers, topologies, []string{x, callee}), func() {
			change(ctx, w.x(), func(ms *v1alpha1.Microservice) { ms.Finalizers = nil })
		})
	}, SpecTimeout(suiteTimeout))

	It("reaches its callers when its readiness changes, and not theirs", func(ctx SpecContext) {
		w := newReachWorld(ctx)
		x := w.x()
		x.Spec.Access = []v1alpha1.AccessRule{{Name: "foreign", Namespace: w.there}}
		Expect(k8s.Create(ctx, x)).To(Succeed())
		simulate(w.here, w.there)
		eventuallyReady(ctx, x)
		for _, name := range []string{"caller", "second", "farther", "bystander", "callee"} {
			eventuallyReady(ctx, bare(w.here, name))
		}
		for _, name := range []string{"guest", "foreign", "idle", "x", "namesake"} {
			eventuallyReady(ctx, bare(w.there, name))
		}
		w.reaches("it is rolled out", []string{
			"microservice here/x", "topology here/shop",
			"microservice here/caller", "microservice here/second", "microservice there/guest", "microservice there/foreign",
		}, func() {
			change(ctx, x, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/x:2" })
		})
	}, SpecTimeout(suiteTimeout))

	It("reaches those whom it calls and who call it, when it is let into a Topology or no longer", func(ctx SpecContext) {
		w := newReachWorld(ctx)
		Expect(k8s.Create(ctx, w.x())).To(Succeed())
		asks := memberOf(w.there, "asks", "reports")
		asks.Spec.Dependencies = []v1alpha1.Dependency{{Name: "guest"}}
		Expect(k8s.Create(ctx, asks)).To(Succeed())
		around := []string{"microservice there/guest", "microservice there/idle", "microservice there/asks", "microservice here/x", "topology here/shop", "topology there/reports"}
		members := []string{"microservice here/caller", "microservice here/second", "microservice here/farther", "microservice here/bystander", "microservice here/callee"}
		w.reaches("the Topology lets others in", slices.Concat(around, members), func() {
			change(ctx, &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: w.here}}, func(t *v1alpha1.Topology) {
				t.Spec.AllowedNamespaces.Selector.MatchLabels["team"] = "others"
			})
		})
		w.reaches("their namespace gets the label", around, func() { label(ctx, w.there, "others") })
	}, SpecTimeout(suiteTimeout))

	It("reaches those who claim the same host and path when its routes change, and not else", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users, orders := topology(ns), memberOf(ns, "users", "shop"), memberOf(ns, "orders", "shop")
		users.Spec.Routes = []v1alpha1.Route{{Path: "/users"}}
		orders.Spec.Routes = []v1alpha1.Route{{Path: "/orders"}}
		for _, o := range []client.Object{shop, users, orders} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyReady(ctx, shop, users, orders)
		visitor := memberOf(ns, "visitor", "shop")
		visitor.Spec.Routes = users.Spec.Routes
		Expect(k8s.Create(ctx, visitor)).To(Succeed())
		eventuallyHas(ctx, visitor, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonRouteConflict)
		w := &reachWorld{here: ns, there: "elsewhere"}
		w.reaches("the image changes", []string{"microservice here/visitor", "topology here/shop"}, func() {
			change(ctx, visitor, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/visitor:2" })
		})
		w.reaches("the path changes", []string{"microservice here/visitor", "microservice here/users", "topology here/shop"}, func() {
			change(ctx, visitor, func(ms *v1alpha1.Microservice) { ms.Spec.Routes[0].Path = "/visitor" })
		})
		w.reaches("the path changes to another's", []string{"microservice here/visitor", "microservice here/orders", "topology here/shop"}, func() {
			change(ctx, visitor, func(ms *v1alpha1.Microservice) { ms.Spec.Routes[0].Path = "/orders/" })
		})
	}, SpecTimeout(suiteTimeout))

	It("reaches nobody by its route being counted at the Gateway", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users, orders := topology(ns), microservice(ns, "users"), microservice(ns, "orders")
		for _, o := range []client.Object{shop, users, orders} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyReady(ctx, shop, users, orders)
		w := &reachWorld{here: ns, there: "elsewhere"}
		since := metav1.Now()
		count := func(accepted metav1.ConditionStatus, routes int32) func() {
			return func() {
				gateway := get(ctx, &gatewayv1.Gateway{}, ns, "shop")
				gateway.Status.Listeners = []gatewayv1.ListenerStatus{{Name: "http", AttachedRoutes: routes, Conditions: []metav1.Condition{
					{Type: string(gatewayv1.ListenerConditionAccepted), Status: accepted, Reason: "Simulated", LastTransitionTime: since}}}}
				Expect(k8s.Status().Update(ctx, gateway)).To(Succeed())
			}
		}
		all := []string{"microservice here/users", "microservice here/orders", "topology here/shop"}
		w.reaches("the Gateway tells of its listener", all, count(metav1.ConditionTrue, 0))
		w.reaches("the Gateway counts a route", nil, count(metav1.ConditionTrue, 1))
		w.reaches("the Gateway refuses its listener", all, count(metav1.ConditionFalse, 1))
	}, SpecTimeout(suiteTimeout))
})

// reachWorld has two namespaces and a Topology in each. All but x is there.
type reachWorld struct{ here, there string }

func newReachWorld(ctx context.Context) *reachWorld {
	GinkgoHelper()
	w := &reachWorld{here: newNamespace(ctx), there: newNamespace(ctx)}
	label(ctx, w.there, "shop")
	shop := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: w.here}}
	shop.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}}}
	reports := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "reports", Namespace: w.there}}
	caller, second, farther := memberOf(w.here, "caller", "shop"), memberOf(w.here, "second", "shop"), memberOf(w.here, "farther", "shop")
	caller.Spec.Dependencies = []v1alpha1.Dependency{{Name: "x"}}
	second.Spec.Dependencies = []v1alpha1.Dependency{{Name: "x", Port: "http"}}
	farther.Spec.Dependencies = []v1alpha1.Dependency{{Name: "caller"}}
	guest, idle := memberOf(w.there, "guest", "shop"), memberOf(w.there, "idle", "shop")
	guest.Spec.TopologyRef.Namespace, idle.Spec.TopologyRef.Namespace = w.here, w.here
	guest.Spec.Dependencies = []v1alpha1.Dependency{{Name: "x", Namespace: w.here}}
	foreign, namesake := memberOf(w.there, "foreign", "reports"), memberOf(w.there, "namesake", "reports")
	foreign.Spec.Dependencies = []v1alpha1.Dependency{{Name: "x", Namespace: w.here}}
	// It calls another service of the same name.
	namesake.Spec.Dependencies = []v1alpha1.Dependency{{Name: "x"}}
	all := []client.Object{
		shop, reports, caller, second, farther, memberOf(w.here, "bystander", "shop"), memberOf(w.here, "callee", "shop"),
		guest, idle, foreign, namesake, memberOf(w.there, "x", "reports"),
	}
	for _, o := range all {
		Expect(k8s.Create(ctx, o)).To(Succeed())
	}
	// All are quiet also before the operator has seen the first one.
	for _, o := range all {
		Eventually(func() *metav1.Condition { return condition(ctx, o, v1alpha1.ConditionReady) }).ShouldNot(BeNil())
	}
	return w
}

// x is the service that is changed.
func (w *reachWorld) x() *v1alpha1.Microservice {
	x := memberOf(w.here, "x", "shop")
	x.Spec.Dependencies = []v1alpha1.Dependency{{Name: "callee"}}
	return x
}

// reaches does something and holds the objects that were reconciled because of
// it to those that should have been.
func (w *reachWorld) reaches(what string, want []string, do func()) {
	GinkgoHelper()
	By(what)
	w.settled()
	before := reconciled.all()
	do()
	reached := func() map[string]int {
		found := map[string]int{}
		for object, n := range reconciled.all() {
			name := strings.NewReplacer(w.here+"/", "here/", w.there+"/", "there/").Replace(object)
			if n > before[object] && name != object {
				found[name] = n - before[object]
			}
		}
		return found
	}
	keys := func() []string { return slices.Sorted(maps.Keys(reached())) }
	Eventually(keys).Should(ContainElements(want), "not all were reached when %s", what)
	w.settled()
	GinkgoWriter.Println(what, reached())
	Expect(keys()).To(ConsistOf(want), "others were reached when %s: %v", what, reached())
	// What is reached looks, may write, and looks again at what it wrote.
	Expect(slices.Max(append(slices.Collect(maps.Values(reached())), 0))).To(BeNumerically("<=", maxReconciles), "%s: %v", what, reached())
}

// maxReconciles is over what one change of a service is worth to anybody: its own
// objects, and their states as they follow.
const maxReconciles = 15

// settled waits until nothing is reconciled any more.
func (w *reachWorld) settled() {
	GinkgoHelper()
	settled(w.here)
	Eventually(func(g Gomega) {
		before := reconciled.all()
		g.Consistently(reconciled.all, "500ms").Should(Equal(before))
	}).Should(Succeed())
}

// memberOf is a service without a database and a route.
func memberOf(ns, name, topology string) *v1alpha1.Microservice {
	ms := bare(ns, name)
	ms.Spec.TopologyRef = &v1alpha1.TopologyReference{Name: topology}
	return ms
}

// reconcileCounter counts the reconciles of every object by what controller-runtime
// logs of each: its metrics do not tell objects apart.
type reconcileCounter struct {
	mu     sync.Mutex
	counts map[string]int
	// built is how often something was built in a reconcile, which one that finds
	// nothing changed leaves out.
	built map[string]int
}

// logger is a logger that counts what goes to another.
func (c *reconcileCounter) logger(next logr.Logger) logr.Logger {
	return logr.New(&countingSink{LogSink: next.GetSink(), counter: c})
}

// all is how often each object was reconciled, by controller, namespace and name.
func (c *reconcileCounter) all() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

// of is how often an object was reconciled, and in how many of these built.
func (c *reconcileCounter) of(object string) (reconciled, built int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[object], c.built[object]
}

func (c *reconcileCounter) add(counts map[string]int, object string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts[object]++
}

type countingSink struct {
	logr.LogSink
	counter                     *reconcileCounter
	controller, namespace, name string
}

// Enabled lets everything through to Info: a reconcile is told in the least
// important messages.
func (*countingSink) Enabled(int) bool { return true }

func (s *countingSink) Info(level int, message string, values ...any) {
	object := fmt.Sprintf("%s %s/%s", s.controller, s.namespace, s.name)
	switch {
	case s.name == "":
	case message == "Reconciling":
		s.counter.add(s.counter.counts, object)
	case message == "Building":
		s.counter.add(s.counter.built, object)
	}
	if s.LogSink.Enabled(level) {
		s.LogSink.Info(level, message, values...)
	}
}

func (s *countingSink) WithName(name string) logr.LogSink {
	named := *s
	named.LogSink = s.LogSink.WithName(name)
	return &named
}

func (s *countingSink) WithValues(values ...any) logr.LogSink {
	with := *s
	with.LogSink = s.LogSink.WithValues(values...)
	for i := 0; i+1 < len(values); i += 2 {
		text, _ := values[i+1].(string)
		switch values[i] {
		case "controller":
			with.controller = text
		case "namespace":
			with.namespace = text
		case "name":
			with.name = text
		}
	}
	return &with
}
