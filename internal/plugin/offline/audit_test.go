// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

func TestCuts(t *testing.T) {
	member := func(name string, change ...func(*v1alpha1.Microservice)) *v1alpha1.Microservice {
		ms := &v1alpha1.Microservice{}
		ms.Namespace, ms.Name = "shop", name
		ms.Spec.TopologyRef = &v1alpha1.TopologyReference{Name: "shop"}
		for _, f := range change {
			f(ms)
		}
		return ms
	}
	configured := func(value string) func(*v1alpha1.Microservice) {
		return func(ms *v1alpha1.Microservice) {
			ms.Spec.Env = append(ms.Spec.Env, corev1.EnvVar{Name: "TARGET", Value: value})
		}
	}
	calls := func(namespace, name, port string) func(*v1alpha1.Microservice) {
		return func(ms *v1alpha1.Microservice) {
			ms.Spec.Dependencies = append(ms.Spec.Dependencies, v1alpha1.Dependency{Namespace: namespace, Name: name, Port: port})
		}
	}
	routed := func(ms *v1alpha1.Microservice) { ms.Spec.Routes = []v1alpha1.Route{{}} }
	elsewhere := func(ms *v1alpha1.Microservice) {
		ms.Namespace, ms.Spec.TopologyRef = "other", &v1alpha1.TopologyReference{Name: "other"}
	}
	out := func(cidrs ...string) func(*v1alpha1.Microservice) {
		return func(ms *v1alpha1.Microservice) { ms.Spec.Egress = []v1alpha1.EgressRule{{CIDRs: cidrs}} }
	}
	ingress := Entry{Kind: "Ingress", Namespace: "shop", Name: "legacy", To: types.NamespacedName{Namespace: "shop", Name: "users"}}
	to := func(port string) Entry {
		entry := ingress
		entry.Port = port
		return entry
	}
	byDataPlane := func(entry Entry) Entry {
		entry.DataPlane = true
		return entry
	}
	routedTo := func(port string, parents ...v1alpha1.GatewayReference) func(*v1alpha1.Microservice) {
		return func(ms *v1alpha1.Microservice) {
			ms.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 8080}, {Name: "admin", Port: 81, TargetPort: 8081}}
			ms.Spec.Routes = []v1alpha1.Route{{Path: "/" + port, Port: port, ParentRefs: parents}}
		}
	}
	job := func(namespace, value string, labels map[string]string) Workload {
		return Workload{Kind: "CronJob", Namespace: namespace, Name: "nightly", Pods: &corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Args: []string{"--from=" + value}}}}}}
	}
	letsNightly := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nightly"}, Spec: networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.LabelMicroservice: "users"}},
		Ingress: []networkingv1.NetworkPolicyIngressRule{{
			From: []networkingv1.NetworkPolicyPeer{{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "reporting"}},
				PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"job": "nightly"}}}},
			Ports: []networkingv1.NetworkPolicyPort{{Port: ptr.To(intstr.FromString("http"))}}}}}}
	letsOut := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "out"}, Spec: networkingv1.NetworkPolicySpec{
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}, Egress: []networkingv1.NetworkPolicyEgressRule{{}}}}
	scraped := func(port string) func(*v1alpha1.Microservice) {
		return func(ms *v1alpha1.Microservice) {
			ms.Spec.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"metadata":{"annotations":{"prometheus.io/scrape":"true","prometheus.io/port":"` + port + `"}}}`)}
		}
	}
	for name, test := range map[string]struct {
		services  []*v1alpha1.Microservice
		dataPlane bool
		observed  Observed
		monitored bool
		want      []graph.BlockedConnection
	}{
		"declared calls": {services: []*v1alpha1.Microservice{member("users"), member("orders", calls("", "users", ""), configured("http://users:8080"))}},
		"an undeclared call": {
			services: []*v1alpha1.Microservice{member("users"), member("orders", configured("http://users:8080"))},
			want:     []graph.BlockedConnection{{From: "orders", To: "users", Where: "env TARGET", Remedy: "add {name: users} to dependencies of orders"}}},
		"an undeclared call out of the topology": {
			services: []*v1alpha1.Microservice{member("ledger", elsewhere), member("orders", configured("http://ledger.other.svc"))},
			want: []graph.BlockedConnection{{From: "orders", To: "other/ledger", Where: "env TARGET",
				Remedy: "add {name: ledger, namespace: other} to dependencies of orders, and {name: orders, namespace: shop} to access of ledger"}}},
		"an undeclared call into the topology": {
			services: []*v1alpha1.Microservice{member("users"), member("reports", elsewhere, configured("http://users.shop.svc"))},
			want: []graph.BlockedConnection{{From: "other/reports", To: "users", Where: "env TARGET",
				Remedy: "add {name: users, namespace: shop} to dependencies of reports, and {name: reports, namespace: other} to access of users"}}},
		"one to a routed port, which is open": {services: []*v1alpha1.Microservice{member("users", routed), member("reports", elsewhere, configured("http://users.shop.svc"))}},
		"one to a routed port, which is open to the gateway": {
			services: []*v1alpha1.Microservice{member("users", routed), member("reports", elsewhere, calls("shop", "users", ""))}, dataPlane: true,
			want: []graph.BlockedConnection{{From: "other/reports", To: "users", Where: "dependencies", Remedy: "add {name: reports, namespace: other} to access of users"}}},
		"calls beside the topology": {services: []*v1alpha1.Microservice{member("a", elsewhere), member("b", elsewhere, configured("http://a"))}},
		"a dependency that is not permitted": {
			services: []*v1alpha1.Microservice{member("ledger", elsewhere), member("orders", calls("other", "ledger", ""))},
			want:     []graph.BlockedConnection{{From: "orders", To: "other/ledger", Where: "dependencies", Remedy: "add {name: orders, namespace: shop} to access of ledger"}}},
		"a port that is not there": {
			services: []*v1alpha1.Microservice{member("users"), member("orders", calls("", "users", "grpc"))},
			want:     []graph.BlockedConnection{{From: "orders", To: "users", Where: "dependencies", Remedy: "correct the port of {name: users} in dependencies of orders"}}},
		"a dependency that is not there cuts nothing": {services: []*v1alpha1.Microservice{member("orders", calls("", "users", ""))}},
		"a host outside": {
			services: []*v1alpha1.Microservice{member("orders", configured("https://api.example.com/v1, https://api.example.com"))},
			want:     []graph.BlockedConnection{{From: "orders", To: "api.example.com", Where: "env TARGET", Remedy: "add its addresses to egress of orders"}}},
		"a Service that is none of Atoll's": {
			services: []*v1alpha1.Microservice{member("orders", configured("redis.cache.svc:6379"))},
			want:     []graph.BlockedConnection{{From: "orders", To: "redis.cache.svc", Where: "env TARGET", Remedy: "add the addresses of its pods to egress of orders"}}},
		"a host outside that egress may let out to": {services: []*v1alpha1.Microservice{member("orders", configured("https://api.example.com"), out("203.0.113.0/24"))}},
		"addresses": {
			services: []*v1alpha1.Microservice{member("orders", configured("203.0.113.9:443 203.0.114.9:443 127.0.0.1:80 http://localhost:80"), out("203.0.113.0/24"))},
			want:     []graph.BlockedConnection{{From: "orders", To: "203.0.114.9", Where: "env TARGET", Remedy: "add its addresses to egress of orders"}}},
		"the metadata of nodes, which a larger block leaves out": {
			services: []*v1alpha1.Microservice{member("orders", configured("http://169.254.169.254:80"), out("0.0.0.0/0"))},
			want:     []graph.BlockedConnection{{From: "orders", To: "169.254.169.254", Where: "env TARGET", Remedy: "add its addresses to egress of orders"}}},
		"the metadata of nodes by its own entry": {services: []*v1alpha1.Microservice{member("orders", configured("http://169.254.169.254:80"), out("0.0.0.0/0", "169.254.169.254/32"))}},
		"its own database, and what is no host":  {services: []*v1alpha1.Microservice{member("orders", configured("postgresql://u:p@orders-db.shop.svc:5432 at 12:30, level:5"))}},
		"what is no host to call": {services: []*v1alpha1.Microservice{member("orders",
			configured("0.0.0.0:8080 noreply@example.com s3://bucket/key main.go:10 https://shop.example.com/callback tcp(elsewhere:3306)"))}},
		"another port than the declared one": {
			services: []*v1alpha1.Microservice{member("users"), member("orders", calls("", "users", ""), configured("http://users.shop.svc:9000"))},
			want:     []graph.BlockedConnection{{From: "orders", To: "users:9000", Where: "env TARGET", Remedy: "the dependency is on port 8080: correct the one or the other, or name the port in its morePorts"}}},
		"one to a port that is not routed": {
			services: []*v1alpha1.Microservice{member("users", routed), member("reports", elsewhere, configured("http://users.shop.svc:9000"))},
			want: []graph.BlockedConnection{{From: "other/reports", To: "users", Where: "env TARGET",
				Remedy: "add {name: users, namespace: shop} to dependencies of reports, and {name: reports, namespace: other} to access of users"}}},
		"another service's database, which admits no other service": {services: []*v1alpha1.Microservice{member("users"), member("orders", configured("users-db.shop.svc:5432"))}},
		"databases of CloudNativePG":                                {services: []*v1alpha1.Microservice{member("orders", configured("postgresql://orders-db-rw.shop.svc:5432 postgresql://orders-db-ro.shop.svc postgresql://orders-db-r:5432"))}},
		"a Service with the name of no database": {
			services: []*v1alpha1.Microservice{member("orders", configured("http://orders-rw.shop.svc"))},
			want:     []graph.BlockedConnection{{From: "orders", To: "orders-rw.shop.svc", Where: "env TARGET", Remedy: "add the addresses of its pods to egress of orders"}}},
		"a database elsewhere": {
			services: []*v1alpha1.Microservice{member("orders", func(ms *v1alpha1.Microservice) {
				ms.Spec.Database = &v1alpha1.Database{External: &v1alpha1.ExternalDatabase{SecretName: "orders-db"}}
			})},
			want: []graph.BlockedConnection{{From: "orders", To: "its database", Where: `Secret "orders-db"`, Remedy: "add the database's addresses to egress of orders"}}},
		"an entry": {
			services: []*v1alpha1.Microservice{member("users")}, observed: Observed{Entries: []Entry{ingress}},
			want: []graph.BlockedConnection{{From: "Ingress legacy", To: "users", Where: "its backend",
				Remedy: "declare the route in routes of users, or add a NetworkPolicy to namespace shop that lets the pods that forward it reach the pods of users"}}},
		"an entry to an open port": {services: []*v1alpha1.Microservice{member("users", routed)}, observed: Observed{Entries: []Entry{ingress}}},
		"an entry to a port that is not routed, beside one that is": {
			services: []*v1alpha1.Microservice{member("users", routedTo("http"))}, observed: Observed{Entries: []Entry{to("80"), to("http"), to("admin")}},
			want: []graph.BlockedConnection{{From: "Ingress legacy", To: "users:81", Where: "its backend",
				Remedy: "declare the route in routes of users, or add a NetworkPolicy to namespace shop that lets the pods that forward it reach port 8081 of users"}}},
		"an entry that the gateway's own pods serve, to a routed port": {
			services: []*v1alpha1.Microservice{member("users", routedTo("http"))}, dataPlane: true, observed: Observed{Entries: []Entry{byDataPlane(to("80"))}}},
		"an entry that others serve, to a port that only the gateway may reach": {
			services: []*v1alpha1.Microservice{member("users", routedTo("http"))}, dataPlane: true, observed: Observed{Entries: []Entry{to("80")}},
			want: []graph.BlockedConnection{{From: "Ingress legacy", To: "users:80", Where: "its backend",
				Remedy: "declare the route in routes of users, or add a NetworkPolicy to namespace shop that lets the pods that forward it reach port 8080 of users"}}},
		"an entry that the gateway's own pods serve, to a port that is not routed": {
			services: []*v1alpha1.Microservice{member("users", routedTo("http"))}, dataPlane: true, observed: Observed{Entries: []Entry{byDataPlane(to("81"))}},
			want: []graph.BlockedConnection{{From: "Ingress legacy", To: "users:81", Where: "its backend",
				Remedy: "declare the route in routes of users, or add a NetworkPolicy to namespace shop that lets the pods that forward it reach port 8081 of users"}}},
		"a port routed at another Gateway, which is open to all": {
			services: []*v1alpha1.Microservice{member("users", routedTo("http", v1alpha1.GatewayReference{Namespace: "front", Name: "public"})),
				member("reports", elsewhere, configured("http://users.shop.svc:80"))}, dataPlane: true, observed: Observed{Entries: []Entry{to("80")}}},
		"a Job of no Microservice": {
			services: []*v1alpha1.Microservice{member("users")}, observed: Observed{Workloads: []Workload{job("reporting", "http://users.shop.svc:8080", nil)}},
			want: []graph.BlockedConnection{{From: "CronJob reporting/nightly", To: "users", Where: "args[0]",
				Remedy: "access can't name it, as it is no Microservice: add a NetworkPolicy to namespace shop that lets its pods reach port 8080 of users"}}},
		"a Job beside the members": {
			services: []*v1alpha1.Microservice{member("users")}, observed: Observed{Workloads: []Workload{job("shop", "users:8080", nil)}},
			want: []graph.BlockedConnection{{From: "CronJob nightly", To: "users", Where: "args[0]",
				Remedy: "access can't name it, as it is no Microservice: add a NetworkPolicy to namespace shop that lets its pods reach port 8080 of users"}}},
		"a Job that somebody has let in by hand": {
			services: []*v1alpha1.Microservice{member("users")},
			observed: Observed{Workloads: []Workload{job("reporting", "http://users.shop.svc:8080", map[string]string{"job": "nightly"})}, Policies: []*networkingv1.NetworkPolicy{letsNightly}}},
		"another Job than the one that is let in by hand": {
			services: []*v1alpha1.Microservice{member("users")},
			observed: Observed{Workloads: []Workload{job("reporting", "http://users.shop.svc:8080", nil)}, Policies: []*networkingv1.NetworkPolicy{letsNightly}},
			want: []graph.BlockedConnection{{From: "CronJob reporting/nightly", To: "users", Where: "args[0]",
				Remedy: "access can't name it, as it is no Microservice: add a NetworkPolicy to namespace shop that lets its pods reach port 8080 of users"}}},
		"a Job that asks a routed port, which is open": {
			services: []*v1alpha1.Microservice{member("users", routedTo("http"))}, observed: Observed{Workloads: []Workload{job("reporting", "http://users.shop.svc:80", nil)}}},
		"a Job that asks the container's own port, which is open": {
			services: []*v1alpha1.Microservice{member("users", routedTo("http"))}, observed: Observed{Workloads: []Workload{job("reporting", "http://users.shop.svc:8080", nil)}}},
		"a Job that is no business of the Topology's": {
			services: []*v1alpha1.Microservice{member("ledger", elsewhere)}, observed: Observed{Workloads: []Workload{job("reporting", "http://ledger.other.svc:8080", nil)}}},
		"a host that a policy made by hand may let out to": {
			services: []*v1alpha1.Microservice{member("orders", configured("https://api.example.com"))}, observed: Observed{Policies: []*networkingv1.NetworkPolicy{letsOut}}},
		"one that asks to be scraped": {
			services: []*v1alpha1.Microservice{member("users", scraped("8080"))},
			want:     []graph.BlockedConnection{{From: "whoever scrapes", To: "users", Where: "annotation prometheus.io/scrape", Remedy: "set monitoring of Topology shop"}}},
		"one that asks to be scraped where monitoring may": {services: []*v1alpha1.Microservice{member("users", scraped("8080"))}, monitored: true},
		"an address that egress lets out to at another port": {
			services: []*v1alpha1.Microservice{member("orders", configured("203.0.113.9:80"), func(ms *v1alpha1.Microservice) {
				ms.Spec.Egress = []v1alpha1.EgressRule{{CIDRs: []string{"203.0.113.0/24"}, Ports: []int32{443}}}
			})},
			want: []graph.BlockedConnection{{From: "orders", To: "203.0.113.9", Where: "env TARGET", Remedy: "add its addresses to egress of orders"}}},
	} {
		t.Run(name, func(t *testing.T) {
			topology := &v1alpha1.Topology{}
			topology.Namespace, topology.Name = "shop", "shop"
			topology.Spec.Gateway = &v1alpha1.TopologyGateway{Hostnames: []v1alpha1.Hostname{"shop.example.com"}}
			if test.dataPlane {
				topology.Spec.Gateway.DataPlane = &v1alpha1.PodPeer{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "traefik"}}}
			}
			if test.monitored {
				topology.Spec.Monitoring = &v1alpha1.Monitoring{PodPeer: v1alpha1.PodPeer{}}
			}
			w := &World{Live: true, Services: test.services, Topologies: []*v1alpha1.Topology{topology, {ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "other"}}}}
			if diff := cmp.Diff(test.want, w.Cuts(topology, test.observed)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
