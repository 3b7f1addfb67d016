// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"fmt"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
	"github.com/atoll-dev/atoll/internal/names"
)

// The matrix is twelve services in three namespaces and two Topologies, one of
// which has members in all three. Every pair of pods is tried at every port.
//
//	front:  web (routed), mobile (routed, gRPC), admin
//	back:   orders, users, payments (two ports), stock, mail (a Worker), legacy (alone)
//	data:   search, reports (Topology reports), ledger (Topology reports)
var matrixServices = map[string]struct {
	namespace, topology string
	ports               []v1alpha1.Port
	engine              v1alpha1.DatabaseEngine
	provider            v1alpha1.DatabaseProvider
	// calls are namespace/name, or namespace/name:port.
	calls []v1alpha1.Dependency
	// access are callers of other Topologies.
	access []v1alpha1.AccessRule
	routed bool
	worker bool
	egress []v1alpha1.EgressRule
}{
	"web": {namespace: "front", topology: "front/shop", routed: true,
		calls: []v1alpha1.Dependency{{Name: "orders", Namespace: "back"}, {Name: "users", Namespace: "back"}, {Name: "search", Namespace: "data"}}},
	"mobile": {namespace: "front", topology: "front/shop", routed: true, ports: []v1alpha1.Port{{Name: "grpc", Port: 9000, TargetPort: 50051, Protocol: v1alpha1.ProtocolGRPC}},
		calls: []v1alpha1.Dependency{{Name: "orders", Namespace: "back"}}},
	"admin": {namespace: "front", topology: "front/shop", calls: []v1alpha1.Dependency{{Name: "users", Namespace: "back"}, {Name: "payments", Namespace: "back", Port: "admin", MorePorts: []string{"http"}}}},
	"orders": {namespace: "back", topology: "front/shop", engine: v1alpha1.EnginePostgreSQL,
		calls:  []v1alpha1.Dependency{{Name: "users"}, {Name: "payments"}, {Name: "stock"}},
		access: []v1alpha1.AccessRule{{Name: "reports", Namespace: "data"}}},
	"users": {namespace: "back", topology: "front/shop", engine: v1alpha1.EngineMariaDB},
	"payments": {namespace: "back", topology: "front/shop", engine: v1alpha1.EnginePostgreSQL, provider: v1alpha1.ProviderCloudNativePG,
		ports:  []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 8080}, {Name: "admin", Port: 9090}},
		egress: []v1alpha1.EgressRule{{CIDRs: []string{"203.0.113.0/24"}, Ports: []int32{443}}}},
	"stock":  {namespace: "back", topology: "front/shop", engine: v1alpha1.EngineValkey},
	"mail":   {namespace: "back", topology: "front/shop", worker: true, calls: []v1alpha1.Dependency{{Name: "users"}}, egress: []v1alpha1.EgressRule{{CIDRs: []string{"198.51.100.7/32"}}}},
	"legacy": {namespace: "back", calls: []v1alpha1.Dependency{{Name: "stock"}}},
	// Its pods call each other.
	"search": {namespace: "data", topology: "front/shop", access: []v1alpha1.AccessRule{{Name: "search"}}},
	// It calls orders, which permits it, and users, which does not.
	"reports": {namespace: "data", topology: "data/reports", calls: []v1alpha1.Dependency{{Name: "orders", Namespace: "back"}, {Name: "users", Namespace: "back"}, {Name: "ledger"}}},
	"ledger":  {namespace: "data", topology: "data/reports", engine: v1alpha1.EnginePostgreSQL},
}

// matrixAllowed is every connection that the declarations let through, written
// down by hand: from -> to:port of the pod. Everything else is denied, but for
// what is said of legacy, which nothing isolates, in TestMatrix.
var matrixAllowed = []string{
	"web -> orders:8080", "web -> users:8080", "web -> search:8080",
	"mobile -> orders:8080",
	"admin -> users:8080", "admin -> payments:9090", "admin -> payments:8080",
	"orders -> users:8080", "orders -> payments:8080", "orders -> stock:8080",
	"mail -> users:8080",
	"legacy -> stock:8080",
	"search -> search:8080", "search -> search:9999",
	"reports -> orders:8080", "reports -> ledger:8080",
	"orders -> orders-db:5432", "users -> users-db:3306", "payments -> payments-db:5432", "stock -> stock-db:6379", "ledger -> ledger-db:5432",
	"payments-db -> payments-db:5432", "payments-db -> payments-db:8000", "cnpg -> payments-db:5432", "cnpg -> payments-db:8000",
	"orders-backup -> orders-db:5432", "users-backup -> users-db:3306", "orders-migration -> orders-db:5432",
	// A migration has its service's dependencies.
	"orders-migration -> users:8080", "orders-migration -> payments:8080", "orders-migration -> stock:8080",
	"gateway -> web:8080", "gateway -> mobile:50051",
	"prometheus -> web:8080", "prometheus -> mobile:50051", "prometheus -> admin:8080", "prometheus -> orders:8080", "prometheus -> users:8080",
	"prometheus -> payments:8080", "prometheus -> payments:9090", "prometheus -> stock:8080", "prometheus -> search:8080",
	"payments -> bank:443", "mail -> relay:25", "mail -> relay:443", "mail -> relay:9999",
	"web -> dns:53", "mobile -> dns:53", "admin -> dns:53", "orders -> dns:53", "users -> dns:53", "payments -> dns:53", "stock -> dns:53", "mail -> dns:53",
	"search -> dns:53", "reports -> dns:53", "ledger -> dns:53", "orders-migration -> dns:53",
}

// matrixTopologies are the two, of which one lets members of all namespaces in.
func matrixTopologies() map[string]*v1alpha1.Topology {
	shop := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "front"}, Spec: v1alpha1.TopologySpec{
		Gateway: &v1alpha1.TopologyGateway{ClassName: "x", DataPlane: &v1alpha1.PodPeer{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "gateways"}},
			PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"app": "proxy"}}}},
		AllowedNamespaces: &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll},
		Monitoring:        &v1alpha1.Monitoring{PodPeer: v1alpha1.PodPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "monitoring"}}}},
	}}
	reports := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "reports", Namespace: "data"}}
	return map[string]*v1alpha1.Topology{"front/shop": shop, "data/reports": reports}
}

func matrixWorld() *inputstest.World {
	w := &inputstest.World{}
	for name, s := range matrixServices {
		ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.namespace}}
		ms.Spec = v1alpha1.MicroserviceSpec{Image: "x:1", Ports: s.ports, Dependencies: s.calls, Access: s.access, Egress: s.egress}
		for key, topology := range matrixTopologies() {
			if key == s.topology {
				ms.Spec.TopologyRef = &v1alpha1.TopologyReference{Name: topology.Name, Namespace: topology.Namespace}
			}
		}
		if s.worker {
			ms.Spec.Type = v1alpha1.WorkloadWorker
		}
		if s.routed {
			ms.Spec.Routes = []v1alpha1.Route{{Path: "/"}}
		}
		if s.engine != "" {
			ms.Spec.Database = &v1alpha1.Database{Engine: s.engine, Provider: s.provider}
		}
		w.Services = append(w.Services, ms)
	}
	for _, topology := range matrixTopologies() {
		w.Topologies = append(w.Topologies, topology)
	}
	return w
}

// matrixPods are all pods at both ends of connections, and what listens where.
func matrixPods() (pods map[string]peer, ports map[string][]int) {
	pods = map[string]peer{
		"gateway":      {"gateways", map[string]string{"app": "proxy"}},
		"prometheus":   {"monitoring", map[string]string{"app": "prometheus"}},
		"dns":          {"kube-system", map[string]string{"k8s-app": "kube-dns"}},
		"cnpg":         {"cnpg-system", map[string]string{"app.kubernetes.io/name": "cloudnative-pg"}},
		"stranger":     {"back", map[string]string{"app": "stranger"}},
		"other-proxy":  {"front", map[string]string{"app": "proxy"}},
		"relay":        {},
		"bank":         {},
		"elsewhere":    {},
		"orders-twin":  {"front", map[string]string{v1alpha1.LabelMicroservice: "orders", v1alpha1.LabelComponent: v1alpha1.ComponentService}},
		"users-backup": {},
	}
	ports = map[string][]int{"dns": {53}, "bank": {443, 80}, "relay": {25, 443}, "elsewhere": {443}}
	of := func(name, component string) peer {
		s := matrixServices[name]
		ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.namespace}}
		return peer{s.namespace, names.Labels(ms, component)}
	}
	pods["users-backup"] = of("users", v1alpha1.ComponentBackup)
	pods["orders-backup"] = of("orders", v1alpha1.ComponentBackup)
	pods["orders-migration"] = of("orders", v1alpha1.ComponentMigration)
	for name, s := range matrixServices {
		pods[name] = of(name, v1alpha1.ComponentService)
		ms := &v1alpha1.Microservice{Spec: v1alpha1.MicroserviceSpec{Ports: s.ports}}
		if !s.worker {
			for _, port := range graph.Ports(ms) {
				ports[name] = append(ports[name], int(graph.TargetPort(&port)))
			}
		}
		if s.engine == "" {
			continue
		}
		db := of(name, v1alpha1.ComponentDatabase)
		if s.provider == v1alpha1.ProviderCloudNativePG {
			db.labels["cnpg.io/cluster"] = names.Database(name)
		}
		pods[name+"-db"] = db
		ports[name+"-db"] = []int{5432, 3306, 6379, 8000}
	}
	return pods, ports
}

// TestMatrix tries every pair of pods at every port.
func TestMatrix(t *testing.T) {
	w := matrixWorld()
	var policies []*networkingv1.NetworkPolicy
	for _, ms := range w.Services {
		in := w.Inputs(ms, inputstest.Circumstances{})
		objects, problems := buildAll(t, in)
		for _, p := range problems {
			if p.problem.Condition != v1alpha1.ConditionRoutesReady && p.problem.Reason != v1alpha1.ReasonProgressing {
				t.Errorf("%s: %s", ms.Name, p.problem.Message.String())
			}
		}
		for _, o := range objects {
			if policy, ok := o.(*networkingv1.NetworkPolicy); ok {
				policies = append(policies, policy)
			}
		}
	}
	// Eleven members, and the databases of five services.
	if len(policies) != 11+5 {
		t.Fatalf("there are %d policies, want one for each member and each database", len(policies))
	}
	all := matcher.BuildNetworkPolicies(true, policies)
	wanted := map[string]bool{}
	for _, connection := range matrixAllowed {
		wanted[connection] = true
	}
	pods, listening := matrixPods()
	tried, beyond, missing := 0, 0, 0
	reached := map[string]bool{}
	for from, source := range pods {
		for to, destination := range pods {
			for _, port := range append(listening[to], 9999) {
				for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP} {
					connection := fmt.Sprintf("%s -> %s:%d", from, to, port)
					// Names are asked for by UDP first. An egress entry without ports, and pods of one service that
					// call each other, are for all protocols; all else that is declared is TCP.
					declared := wanted[connection] && (protocol == corev1.ProtocolTCP || to == "dns" || to == "relay" || from == to && to == "search")
					want := declared || callsFreely(from) && unprotected(to)
					tried++
					traffic := matrixTraffic(from, source, destination, to, port)
					traffic.Protocol = protocol
					got := all.IsTrafficAllowed(traffic).IsAllowed()
					switch {
					case got && !want:
						beyond++
						t.Errorf("%s by %s is let through and not declared", connection, protocol)
					case !got && want:
						missing++
						t.Errorf("%s by %s is declared and denied", connection, protocol)
					}
				}
				reached[fmt.Sprintf("%s -> %s:%d", from, to, port)] = true
			}
		}
	}
	for connection := range wanted {
		if !reached[connection] {
			t.Errorf("%s was not tried", connection)
		}
	}
	t.Logf("%d pairs of %d pods tried: %d let through beyond the declared, %d declared and denied", tried, len(pods), beyond, missing)
	if tried < 4000 {
		t.Errorf("only %d pairs were tried", tried)
	}
}

// callsFreely are pods whose calls no policy is about: beside the others the
// servers of a Cluster, which talk to the API server and to their bucket.
func callsFreely(pod string) bool { return unprotected(pod) || pod == "payments-db" }

// TestIsolations is about the other ways in which a Topology can isolate.
func TestIsolations(t *testing.T) {
	w := matrixWorld()
	stranger, relay := peer{"back", nil}, peer{}
	for name, tc := range map[string]struct {
		change          func(*v1alpha1.Topology)
		wantIn, wantOut bool
	}{
		"Strict":  {func(topology *v1alpha1.Topology) { topology.Spec.Isolation = v1alpha1.IsolationStrict }, false, false},
		"Ingress": {func(topology *v1alpha1.Topology) { topology.Spec.Isolation = v1alpha1.IsolationIngress }, false, true},
		"None":    {func(topology *v1alpha1.Topology) { topology.Spec.Isolation = v1alpha1.IsolationNone }, true, true},
		"only looked at": {func(topology *v1alpha1.Topology) {
			topology.Annotations = map[string]string{v1alpha1.AnnotationIsolation: v1alpha1.IsolationAudit}
		}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			in := w.Inputs(w.Service("data", "search"), inputstest.Circumstances{})
			in.Topology = in.Topology.DeepCopy()
			tc.change(in.Topology)
			objects, _ := buildAll(t, in)
			var policies []*networkingv1.NetworkPolicy
			for _, o := range objects {
				if policy, ok := o.(*networkingv1.NetworkPolicy); ok {
					policies = append(policies, policy)
				}
			}
			all := matcher.BuildNetworkPolicies(false, policies)
			search := peer{"data", names.Labels(in.Microservice, v1alpha1.ComponentService)}
			if got := all.IsTrafficAllowed(matrixTraffic("stranger", stranger, search, "search", 8080)).IsAllowed(); got != tc.wantIn {
				t.Errorf("a stranger gets in is %t, want %t", got, tc.wantIn)
			}
			if got := all.IsTrafficAllowed(matrixTraffic("search", search, relay, "relay", 443)).IsAllowed(); got != tc.wantOut {
				t.Errorf("it gets out is %t, want %t", got, tc.wantOut)
			}
		})
	}
}

// unprotected are pods that no policy is about: what they do among themselves
// is no concern of Atoll.
func unprotected(pod string) bool {
	switch pod {
	case "gateway", "prometheus", "dns", "cnpg", "stranger", "other-proxy", "relay", "bank", "elsewhere", "orders-twin", "legacy", "orders-backup", "users-backup":
		return true
	}
	return false
}

// matrixTraffic is a connection. What is outside the cluster has an address only.
func matrixTraffic(from string, source, destination peer, to string, port int) *matcher.Traffic {
	traffic := &matcher.Traffic{Source: source.traffic(), Destination: destination.traffic(), ResolvedPort: port, Protocol: corev1.ProtocolTCP}
	addresses := map[string]string{"bank": "203.0.113.7", "relay": "198.51.100.7", "elsewhere": "192.0.2.1"}
	if address := addresses[from]; address != "" {
		traffic.Source.Internal, traffic.Source.IP = nil, address
	}
	if address := addresses[to]; address != "" {
		traffic.Destination.Internal, traffic.Destination.IP = nil, address
	}
	return traffic
}
