// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

func listening(name string, ports ...v1alpha1.Port) *v1alpha1.Microservice {
	return &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"}, Spec: v1alpha1.MicroserviceSpec{Ports: ports}}
}

func permitting(namespace, name string, access ...v1alpha1.AccessRule) *v1alpha1.Microservice {
	return &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}, Spec: v1alpha1.MicroserviceSpec{Access: access}}
}

// TestPermits checks which caller may declare which callee as a dependency.
func TestPermits(t *testing.T) {
	member := func(namespace string, topology *v1alpha1.TopologyReference) *v1alpha1.Microservice {
		return &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: namespace}, Spec: v1alpha1.MicroserviceSpec{TopologyRef: topology}}
	}
	shop, shopFromElsewhere := &v1alpha1.TopologyReference{Name: "shop"}, &v1alpha1.TopologyReference{Name: "shop", Namespace: "shop"}
	services := Services{MemberOf: func(ms *v1alpha1.Microservice) string {
		if ms.Namespace == "intruder" {
			return ""
		}
		return TopologyOf(ms)
	}}
	for name, tc := range map[string]struct {
		callee, caller *v1alpha1.Microservice
		want           bool
	}{
		"both without a Topology, in one namespace":                            {member("shop", nil), member("shop", nil), true},
		"both without a Topology, in two namespaces":                           {member("shop", nil), member("people", nil), false},
		"members of one Topology":                                              {member("shop", shop), member("shop", shop), true},
		"members of one Topology, in two namespaces":                           {member("shop", shop), member("people", shopFromElsewhere), true},
		"members of two Topologies of the same name":                           {member("shop", shop), member("people", shop), false},
		"members of two Topologies of one namespace":                           {member("shop", shop), member("shop", &v1alpha1.TopologyReference{Name: "other"}), false},
		"a member and a service without a Topology, in one namespace":          {member("shop", shop), member("shop", nil), true},
		"a member and a refused service":                                       {member("shop", shop), member("intruder", shopFromElsewhere), false},
		"a refused member of its own Topology and a refused service":           {member("intruder", shop), member("intruder", shopFromElsewhere), false},
		"two refused services":                                                 {member("intruder", shopFromElsewhere), member("intruder", shopFromElsewhere), false},
		"a refused service and a service without a Topology, in one namespace": {member("intruder", shopFromElsewhere), member("intruder", nil), true},
		"a member and a service without a Topology, in two namespaces":         {member("shop", shop), member("people", nil), false},
	} {
		if got := services.permits(tc.callee, tc.caller); got != tc.want {
			t.Errorf("%s: permitted is %t, want %t", name, got, tc.want)
		}
	}
}

func inShop(ms *v1alpha1.Microservice) *v1alpha1.Microservice {
	ms.Namespace = "shop"
	return ms
}

func worker(name string) *v1alpha1.Microservice {
	return &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"}, Spec: v1alpha1.MicroserviceSpec{Type: v1alpha1.WorkloadWorker}}
}

func TestResolve(t *testing.T) {
	http := v1alpha1.Port{Name: "http", Port: 80, TargetPort: 8080}
	grpc := v1alpha1.Port{Name: "grpc", Port: 50051, Protocol: v1alpha1.ProtocolGRPC}
	// The answer is the same whether the service exists or not.
	const secluded = `Microservice "users" of namespace "people" does not exist, or does not permit this caller; to fix: correct dependencies, or create it with {name: web, namespace: shop} in its access`
	amqp := v1alpha1.Port{Name: "amqp", Port: 5672, Protocol: v1alpha1.ProtocolTCP}
	for name, tc := range map[string]struct {
		dependency                                    v1alpha1.Dependency
		callee                                        *v1alpha1.Microservice
		wantURL, wantAddress, wantReason, wantMessage string
	}{
		"the default port": {
			dependency: v1alpha1.Dependency{Name: "users"}, callee: listening("users"),
			wantURL: "http://users.shop.svc:8080", wantAddress: "users.shop.svc:8080"},
		"the first port, by the Service's number": {
			dependency: v1alpha1.Dependency{Name: "users"}, callee: listening("users", http, grpc),
			wantURL: "http://users.shop.svc:80", wantAddress: "users.shop.svc:80"},
		"a port by name": {
			dependency: v1alpha1.Dependency{Name: "users", Port: "grpc"}, callee: listening("users", http, grpc),
			wantURL: "dns:///users-headless.shop.svc:50051", wantAddress: "users-headless.shop.svc:50051"},
		"a TCP port": {
			dependency: v1alpha1.Dependency{Name: "queue"}, callee: listening("queue", amqp),
			wantURL: "queue.shop.svc:5672", wantAddress: "queue.shop.svc:5672"},
		"a service of another namespace that permits the caller": {
			dependency: v1alpha1.Dependency{Name: "users", Namespace: "people"}, callee: permitting("people", "users", v1alpha1.AccessRule{Name: "web", Namespace: "shop"}),
			wantURL: "http://users.people.svc:8080", wantAddress: "users.people.svc:8080"},
		"a service of another namespace that permits others": {
			dependency:  v1alpha1.Dependency{Name: "users", Namespace: "people"},
			callee:      permitting("people", "users", v1alpha1.AccessRule{Name: "web"}, v1alpha1.AccessRule{Name: "other", Namespace: "shop"}),
			wantReason:  v1alpha1.ReasonNotPermitted,
			wantMessage: secluded},
		"a port that one of another namespace has, and that permits others": {
			dependency:  v1alpha1.Dependency{Name: "users", Namespace: "people", Port: "http"},
			callee:      permitting("people", "users", v1alpha1.AccessRule{Name: "other", Namespace: "shop"}),
			wantReason:  v1alpha1.ReasonNotPermitted,
			wantMessage: secluded},
		"a missing service of another namespace": {
			dependency: v1alpha1.Dependency{Name: "users", Namespace: "people"}, wantReason: v1alpha1.ReasonNotPermitted,
			wantMessage: secluded},
		"a missing service of this namespace, by its name": {
			dependency: v1alpha1.Dependency{Name: "users", Namespace: "shop"}, wantReason: v1alpha1.ReasonDependencyNotFound,
			wantMessage: `Microservice "users" does not exist in this namespace; to fix: create it, or remove it from dependencies`},
		"a missing service": {
			dependency: v1alpha1.Dependency{Name: "users"}, wantReason: v1alpha1.ReasonDependencyNotFound,
			wantMessage: `Microservice "users" does not exist in this namespace; to fix: create it, or remove it from dependencies`},
		"a missing port": {
			dependency: v1alpha1.Dependency{Name: "users", Port: "grpc"}, callee: listening("users", http), wantReason: v1alpha1.ReasonPortNotFound,
			wantMessage: `Microservice "users" has no port "grpc"; to fix: correct dependencies[].port`},
		"a missing additional port": {
			dependency: v1alpha1.Dependency{Name: "users", MorePorts: []string{"http", "grpc"}}, callee: listening("users", http), wantReason: v1alpha1.ReasonPortNotFound,
			wantMessage: `Microservice "users" has no port "grpc"; to fix: correct dependencies[].morePorts`},
		"itself, by its own namespace": {
			dependency: v1alpha1.Dependency{Name: "web", Namespace: "shop"}, callee: listening("web", http), wantReason: v1alpha1.ReasonInvalidSpec,
			wantMessage: `dependencies: must not name the service itself; to fix: remove "web"`},
		"a Worker": {
			dependency: v1alpha1.Dependency{Name: "users"}, callee: worker("users"), wantReason: v1alpha1.ReasonPortNotFound,
			wantMessage: `Microservice "users" is a Worker and has no ports; to fix: remove it from dependencies`},
		"a Worker, by a port name": {
			dependency: v1alpha1.Dependency{Name: "users", Port: "http"}, callee: worker("users"), wantReason: v1alpha1.ReasonPortNotFound,
			wantMessage: `Microservice "users" is a Worker and has no ports; to fix: remove it from dependencies`},
	} {
		t.Run(name, func(t *testing.T) {
			caller := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"}, Spec: v1alpha1.MicroserviceSpec{Dependencies: []v1alpha1.Dependency{tc.dependency}}}
			var asked []string
			edges := Resolve(caller, Services{MemberOf: TopologyOf, Find: func(_, name string) *v1alpha1.Microservice {
				asked = append(asked, name)
				return tc.callee
			}})
			if diff := cmp.Diff([]string{tc.dependency.Name}, asked); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			if len(edges) != 1 || edges[0].Callee != tc.callee || edges[0].Dependency != &caller.Spec.Dependencies[0] {
				t.Fatalf("edges are %+v, want one from the dependency to the callee", edges)
			}
			reason, message := edges[0].Problem()
			if reason != tc.wantReason || message.String() != tc.wantMessage {
				t.Errorf("problem is %q %q, want %q %q", reason, message, tc.wantReason, tc.wantMessage)
			}
			if tc.wantReason != "" {
				return
			}
			if got := edges[0].URL(); got != tc.wantURL {
				t.Errorf("URL is %q, want %q", got, tc.wantURL)
			}
			if got := edges[0].PortAddress(edges[0].NamedPort("")); got != tc.wantAddress {
				t.Errorf("address is %q, want %q", got, tc.wantAddress)
			}
		})
	}
}

func TestResolveKeepsOrder(t *testing.T) {
	edges := Resolve(inShop(calling("web", "users", "gone", "orders")), Services{MemberOf: TopologyOf, Find: func(_, name string) *v1alpha1.Microservice {
		if name == "gone" {
			return nil
		}
		return listening(name)
	}})
	var got []string
	for i := range edges {
		got = append(got, edges[i].Host())
	}
	want := []string{"users.shop.svc", "gone.shop.svc", "orders.shop.svc"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if edges := Resolve(calling("web"), Services{}); edges != nil {
		t.Errorf("edges of a service without dependencies are %v, want none", edges)
	}
}

func TestPorts(t *testing.T) {
	http := v1alpha1.Port{Name: "http", Port: 80, TargetPort: 8080}
	admin := v1alpha1.Port{Name: "admin", Port: 9090}
	for name, tc := range map[string]struct {
		ms        *v1alpha1.Microservice
		find      string
		wantPorts []v1alpha1.Port
		wantFound *v1alpha1.Port
	}{
		"a Server without ports listens on 8080": {
			ms:        listening("a"),
			wantPorts: []v1alpha1.Port{{Name: "http", Port: 8080, Protocol: v1alpha1.ProtocolHTTP}},
			wantFound: &v1alpha1.Port{Name: "http", Port: 8080, Protocol: v1alpha1.ProtocolHTTP}},
		"the default port has a name": {
			ms: listening("a"), find: "http",
			wantPorts: []v1alpha1.Port{{Name: "http", Port: 8080, Protocol: v1alpha1.ProtocolHTTP}},
			wantFound: &v1alpha1.Port{Name: "http", Port: 8080, Protocol: v1alpha1.ProtocolHTTP}},
		"the first port for an empty name": {ms: listening("a", admin, http), wantPorts: []v1alpha1.Port{admin, http}, wantFound: &admin},
		"by name":                          {ms: listening("a", admin, http), find: "http", wantPorts: []v1alpha1.Port{admin, http}, wantFound: &http},
		"an unknown name":                  {ms: listening("a", admin, http), find: "grpc", wantPorts: []v1alpha1.Port{admin, http}},
		"a Worker has no ports":            {ms: worker("a")},
		"a Worker has no port http":        {ms: worker("a"), find: "http"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.wantPorts, Ports(tc.ms)); diff != "" {
				t.Errorf("ports (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.wantFound, FindPort(tc.ms, tc.find)); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
	if got := TargetPort(&http); got != 8080 {
		t.Errorf("target of %+v is %d, want its targetPort", http, got)
	}
	if got := TargetPort(&admin); got != 9090 {
		t.Errorf("target of %+v is %d, want its port", admin, got)
	}
}
