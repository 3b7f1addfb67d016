//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// connectivity is pods that try to reach each other. Every pair is tried at every port, by
// TCP and UDP:
//
//	e2e-front: web, orders (with a database) and mail, a Worker
//	e2e-back:  users (with a database), and bystander, a pod without a Microservice
//	e2e-other: reports, a member of another Topology, and stranger, a pod without a Microservice
//
// No policy is about bystander and stranger, which reach each other at every port. This shows
// that each port can be reached where no policy forbids it.
type connectivity struct {
	pods map[string]*corev1.Pod
	// others are addresses that are no pod of these, such as that of a Service.
	others map[string]string
	// listening are the ports of each pod and of each other address.
	listening map[string][]listener
	policies  *matcher.Policy
}

// listener is a port on which a pod or a Service listens.
type listener struct {
	protocol corev1.Protocol
	port     int
}

// connection is one from a pod to a listener of a pod or a Service.
type connection struct {
	from, to string
	listener
}

var (
	httpListener   = listener{corev1.ProtocolTCP, 8080}
	valkeyListener = listener{corev1.ProtocolTCP, 6379}
	echoListeners  = []listener{httpListener, {corev1.ProtocolUDP, 8080}, {corev1.ProtocolTCP, 9999}, {corev1.ProtocolUDP, 9999}}
	dnsListeners   = []listener{{corev1.ProtocolUDP, 53}, {corev1.ProtocolTCP, 53}}
	httpsListener  = listener{corev1.ProtocolTCP, 443}
)

// declaredConnections is every connection that the specs of the services let through, written
// down by hand. The name servers and the pods without a Microservice are in
// undeclaredConnections.
var declaredConnections = []connection{
	{"web", "orders", httpListener},
	{"orders", "users", httpListener},
	{"mail", "users", httpListener},
	{"reports", "orders", httpListener},
	{"orders", "orders-db", valkeyListener},
	{"users", "users-db", valkeyListener},
}

var _ = Describe("The connections of a topology", Label("policies"), func() {
	const front, back, other = "e2e-front", "e2e-back", "e2e-other"

	BeforeEach(func(ctx SpecContext) {
		for _, ns := range []string{front, back, other} {
			createNamespace(ctx, ns)
		}
	}, NodeTimeout(specTimeout))

	It("are those that are declared", func(ctx SpecContext) {
		Expect(images).To(HaveKey("notes"), "IMAGES lacks notes; run make test-policies")
		shopTopology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: front, Name: "shop"}}
		shopTopology.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
		reportsTopology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: other, Name: "reports"}}
		member := func(ns, name string, topology *v1alpha1.Topology, callees ...v1alpha1.Dependency) *v1alpha1.Microservice {
			ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}, Spec: v1alpha1.MicroserviceSpec{
				TopologyRef:  &v1alpha1.TopologyReference{Namespace: topology.Namespace, Name: topology.Name},
				Image:        images["notes"],
				Args:         []string{"echo", "8080", "9999"},
				Scaling:      &v1alpha1.Scaling{Replicas: ptr.To(int32(1))},
				Dependencies: callees,
			}}
			if ns == topology.Namespace {
				ms.Spec.TopologyRef.Namespace = ""
			}
			return ms
		}
		web := member(front, "web", shopTopology, v1alpha1.Dependency{Name: "orders"})
		orders := member(front, "orders", shopTopology, v1alpha1.Dependency{Name: "users", Namespace: back})
		orders.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EngineValkey}
		orders.Spec.Access = []v1alpha1.AccessRule{{Name: "reports", Namespace: other}}
		mail := member(front, "mail", shopTopology, v1alpha1.Dependency{Name: "users", Namespace: back})
		mail.Spec.Type = v1alpha1.WorkloadWorker
		users := member(back, "users", shopTopology)
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EngineValkey}
		reports := member(other, "reports", reportsTopology, v1alpha1.Dependency{Name: "orders", Namespace: front})
		withoutPolicy := []*corev1.Pod{dialer(back, "bystander"), dialer(other, "stranger")}
		for _, o := range []client.Object{shopTopology, reportsTopology, web, orders, mail, users, reports} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		for _, pod := range withoutPolicy {
			pod.Spec.Containers[0].Args = []string{"echo", "8080", "9999"}
			Expect(k8s.Create(ctx, pod)).To(Succeed())
			// Nothing else deletes it, and its namespace is deleted when it has no pods.
			DeferCleanup(func(ctx SpecContext) { Expect(k8s.Delete(ctx, pod)).To(Succeed()) }, NodeTimeout(specTimeout))
		}
		for _, ms := range []*v1alpha1.Microservice{web, orders, mail, users, reports} {
			eventuallyReady(ctx, ms)
		}

		c := &connectivity{pods: map[string]*corev1.Pod{}, others: map[string]string{}, listening: map[string][]listener{}}
		for _, ms := range []*v1alpha1.Microservice{web, orders, mail, users, reports} {
			c.addPod(ctx, ms, v1alpha1.ComponentService, ms.Name, echoListeners...)
		}
		for _, ms := range []*v1alpha1.Microservice{orders, users} {
			c.addPod(ctx, ms, v1alpha1.ComponentDatabase, ms.Name+"-db", valkeyListener)
		}
		for _, pod := range withoutPolicy {
			Eventually(ctx, func(g Gomega) {
				g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(pod), pod)).To(Succeed())
				g.Expect(pod).To(beReady())
			}).Should(Succeed())
			c.pods[pod.Name], c.listening[pod.Name] = pod, echoListeners
		}
		c.addService(ctx, "kube-system", "kube-dns", dnsListeners...)
		c.addService(ctx, "default", "kubernetes", httpsListener)
		c.readPolicies(ctx)
		for _, pod := range c.pods {
			addDialer(ctx, pod)
		}

		want := slices.Concat(declaredConnections, c.undeclaredConnections())
		By("real connections")
		// A network plugin takes a moment to enforce a policy.
		Eventually(ctx, c.reached).WithPolling(pollDials).Should(ConsistOf(want))
		By("an evaluation of the policies")
		Expect(c.evaluated()).To(ConsistOf(slices.DeleteFunc(want, c.isToService)))
	}, SpecTimeout(specTimeout))
})

// undeclaredConnections are those that no service declares: all pods but databases reach the
// name servers, and no policy is about the pods without a Microservice.
func (c *connectivity) undeclaredConnections() []connection {
	connections := []connection{{"bystander", "kubernetes", httpsListener}, {"stranger", "kubernetes", httpsListener}}
	for _, echo := range echoListeners {
		connections = append(connections, connection{"bystander", "stranger", echo}, connection{"stranger", "bystander", echo})
	}
	for name := range c.pods {
		if strings.HasSuffix(name, "-db") {
			continue
		}
		for _, server := range dnsListeners {
			connections = append(connections, connection{name, "kube-dns", server})
		}
	}
	return connections
}

func (c *connectivity) addPod(ctx context.Context, ms *v1alpha1.Microservice, component, name string, listening ...listener) {
	GinkgoHelper()
	pods, err := podsOf(ctx, ms, component)
	Expect(err).NotTo(HaveOccurred())
	Expect(pods).To(HaveLen(1), "pods of %s", name)
	c.pods[name], c.listening[name] = &pods[0], listening
}

func (c *connectivity) addService(ctx context.Context, ns, name string, listening ...listener) {
	GinkgoHelper()
	s := &corev1.Service{}
	Expect(k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: name}, s)).To(Succeed())
	c.others[name], c.listening[name] = s.Spec.ClusterIP, listening
}

func (c *connectivity) readPolicies(ctx context.Context) {
	GinkgoHelper()
	list := &networkingv1.NetworkPolicyList{}
	Expect(k8s.List(ctx, list)).To(Succeed())
	policies := make([]*networkingv1.NetworkPolicy, len(list.Items))
	for i := range list.Items {
		policies[i] = &list.Items[i]
	}
	c.policies = matcher.BuildNetworkPolicies(true, policies)
}

// attempts returns what the pods of a name try, by the address that they try.
func (c *connectivity) attempts(from string) map[string]connection {
	attempts := map[string]connection{}
	for to, listening := range c.listening {
		host := c.others[to]
		if pod := c.pods[to]; pod != nil {
			host = pod.Status.PodIP
		}
		for _, l := range listening {
			if from != to {
				address := strings.ToLower(string(l.protocol)) + "/" + net.JoinHostPort(host, strconv.Itoa(l.port))
				attempts[address] = connection{from, to, l}
			}
		}
	}
	return attempts
}

// reached returns the connections that can be made.
func (c *connectivity) reached(ctx context.Context) ([]connection, error) {
	var mu sync.Mutex
	var dialing sync.WaitGroup
	var all []connection
	var failed error
	for from, pod := range c.pods {
		dialing.Go(func() {
			attempts := c.attempts(from)
			command := []string{"-n", pod.Namespace, "exec", pod.Name, "-c", dialerContainer, "--", "/notes", "dial"}
			out, err := kubectl(ctx, append(command, slices.Sorted(maps.Keys(attempts))...)...)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			for _, address := range strings.Fields(out) {
				all = append(all, attempts[address])
			}
		})
	}
	dialing.Wait()
	return all, failed
}

// evaluated returns the connections between pods that the policies let through.
func (c *connectivity) evaluated() []connection {
	var all []connection
	for from, pod := range c.pods {
		for _, tried := range c.attempts(from) {
			if c.isToService(tried) {
				continue
			}
			traffic := &matcher.Traffic{Source: trafficPeer(pod), Destination: trafficPeer(c.pods[tried.to]), ResolvedPort: tried.port, Protocol: tried.protocol}
			if c.policies.IsTrafficAllowed(traffic).IsAllowed() {
				all = append(all, tried)
			}
		}
	}
	return all
}

// isToService reports whether a connection leads to a Service, which policies are not about.
func (c *connectivity) isToService(tried connection) bool { return c.others[tried.to] != "" }

func trafficPeer(pod *corev1.Pod) *matcher.TrafficPeer {
	return &matcher.TrafficPeer{IP: pod.Status.PodIP, Internal: &matcher.InternalPeer{
		PodLabels: pod.Labels, Namespace: pod.Namespace, NamespaceLabels: map[string]string{corev1.LabelMetadataName: pod.Namespace}}}
}
