// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// TestMeshes asks whether what the proxies of a mesh need is permitted, in a topology in which
// orders calls users, both have a database, and mail is a Worker.
func TestMeshes(t *testing.T) {
	var (
		orders, users = podOf("orders", v1alpha1.ComponentService), podOf("users", v1alpha1.ComponentService)
		ordersDB      = podOf("orders", v1alpha1.ComponentDatabase)
		migration     = podOf("orders", v1alpha1.ComponentMigration)
		stranger      = peer{"shop", map[string]string{"app": "stranger"}}
		gateway       = peer{"edge", nil}
		prometheus    = peer{"monitoring", nil}
		mail          = podOf("mail", v1alpha1.ComponentService)
		names         = peer{"kube-system", map[string]string{"k8s-app": "kube-dns"}}
		probes6       = peer{labels: map[string]string{"ip": "fd16:9254:7127:1337:ffff:ffff:ffff:ffff"}}
		istiod        = peer{"istio-system", map[string]string{"app": "istiod"}}
		otherIstiod   = peer{"mesh", map[string]string{"app": "istiod"}}
		identity      = peer{"linkerd", map[string]string{"linkerd.io/control-plane-component": "identity"}}
		probes, world = peer{labels: map[string]string{"ip": "169.254.7.127"}}, peer{labels: map[string]string{"ip": "203.0.113.7"}}
	)
	type connection struct {
		from, to peer
		port     int
		want     bool
	}
	for name, tc := range map[string]struct {
		mesh        *v1alpha1.Mesh
		connections map[string]connection
	}{
		"no mesh": {nil, map[string]connection{
			"a declared call":                  {orders, users, 8080, true},
			"the tunnel of a declared call":    {orders, users, 15008, false},
			"the control plane of Istio":       {orders, istiod, 15012, false},
			"probes by way of an ambient mesh": {probes, users, 8080, false},
		}},
		"Istio, ambient": {&v1alpha1.Mesh{Type: v1alpha1.MeshIstioAmbient}, map[string]connection{
			"a declared call, which may be outside the mesh": {orders, users, 8080, true},
			"the tunnel of a declared call":                  {orders, users, 15008, true},
			"the tunnel of a call that is not declared":      {users, orders, 15008, false},
			"the tunnel of a stranger":                       {stranger, users, 15008, false},
			"the tunnel from outside the cluster":            {world, users, 15008, false},
			"the tunnel to its database":                     {orders, ordersDB, 15008, true},
			"the tunnel of its migration to the database":    {migration, ordersDB, 15008, true},
			"the tunnel to the database of another service":  {users, ordersDB, 15008, false},
			"the tunnel of the gateway":                      {gateway, users, 15008, true},
			"the tunnel of the gateway to what has no route": {gateway, orders, 15008, false},
			"the tunnel of monitoring":                       {prometheus, orders, 15008, true},
			"the tunnel to an address outside":               {orders, world, 15008, false},
			"probes":                                         {probes, users, 8080, true},
			"the control plane":                              {orders, istiod, 15012, false},
			"probes by IPv6":                                 {probes6, users, 8080, true},
			"names, of a database, whose pod has no proxy":   {ordersDB, names, 53, false},
		}},
		"Istio, with sidecars": {&v1alpha1.Mesh{Type: v1alpha1.MeshIstioSidecar}, map[string]connection{
			"a declared call":                   {orders, users, 8080, true},
			"the control plane":                 {orders, istiod, 15012, true},
			"the control plane, of a migration": {migration, istiod, 15012, true},
			"the control plane, of a database":  {ordersDB, istiod, 15012, true},
			"its name, of a database":           {ordersDB, names, 53, true},
			"metrics of the proxy of a Worker":  {prometheus, mail, 15090, true},
			"other ports of a Worker":           {prometheus, mail, 8080, false},
			"another port of it":                {orders, istiod, 443, false},
			"the same pods elsewhere":           {orders, otherIstiod, 15012, false},
			"metrics of the proxy":              {prometheus, orders, 15090, true},
			"metrics of the proxy to callers":   {orders, users, 15090, false},
			"no tunnel":                         {orders, users, 15008, false},
		}},
		"Istio in another namespace": {&v1alpha1.Mesh{Type: v1alpha1.MeshIstioSidecar, Namespace: "mesh"}, map[string]connection{
			"the control plane": {orders, otherIstiod, 15012, true},
			"the default one":   {orders, istiod, 15012, false},
		}},
		"Linkerd": {&v1alpha1.Mesh{Type: v1alpha1.MeshLinkerd}, map[string]connection{
			"a declared call":                    {orders, users, 8080, true},
			"a declared call, proxy to proxy":    {orders, users, 4143, true},
			"a call that is not declared":        {users, orders, 4143, false},
			"its database, whose port is opaque": {orders, ordersDB, 4143, true},
			"the control plane":                  {orders, identity, 8080, true},
			"policies from the control plane":    {orders, identity, 8090, true},
			"another port of the control plane":  {orders, identity, 443, false},
			"metrics of the proxy":               {prometheus, orders, 4191, true},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			all := matcher.BuildNetworkPolicies(false, meshedPolicies(t, tc.mesh))
			for what, c := range tc.connections {
				traffic := &matcher.Traffic{Source: c.from.traffic(), Destination: c.to.traffic(), ResolvedPort: c.port, Protocol: corev1.ProtocolTCP}
				for end, p := range map[*matcher.TrafficPeer]peer{traffic.Source: c.from, traffic.Destination: c.to} {
					if p.namespace == "" {
						end.Internal, end.IP = nil, p.labels["ip"]
					}
				}
				if got := all.IsTrafficAllowed(traffic); got.IsAllowed() != c.want {
					t.Errorf("%s: permitted is %t, want %t:\n%s", what, got.IsAllowed(), c.want, got.Table())
				}
			}
		})
	}
}

// meshedPolicies builds the NetworkPolicies of orders and users.
func meshedPolicies(t *testing.T, mesh *v1alpha1.Mesh) []*networkingv1.NetworkPolicy {
	t.Helper()
	in := func(namespace string) *v1alpha1.PodPeer {
		return &v1alpha1.PodPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}}}
	}
	topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop"}, Spec: v1alpha1.TopologySpec{
		Mesh: mesh, Monitoring: &v1alpha1.Monitoring{PodPeer: *in("monitoring")}, Gateway: &v1alpha1.TopologyGateway{ClassName: "any", DataPlane: in("edge")}}}
	service := func(name string, change func(*v1alpha1.MicroserviceSpec)) *v1alpha1.Microservice {
		return inputstest.Orders(func(ms *v1alpha1.Microservice) {
			ms.Name, ms.Spec.TopologyRef = name, &v1alpha1.TopologyReference{Name: "shop"}
			ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
			change(&ms.Spec)
		})
	}
	w := &inputstest.World{Topologies: []*v1alpha1.Topology{topology}, Services: []*v1alpha1.Microservice{
		service("orders", func(spec *v1alpha1.MicroserviceSpec) {
			spec.Dependencies = []v1alpha1.Dependency{{Name: "users"}}
			spec.Egress = []v1alpha1.EgressRule{{CIDRs: []string{"203.0.113.0/24"}, Ports: []int32{443}}}
		}),
		service("users", func(spec *v1alpha1.MicroserviceSpec) { spec.Routes = []v1alpha1.Route{{}} }),
		service("mail", func(spec *v1alpha1.MicroserviceSpec) { spec.Type, spec.Database = v1alpha1.WorkloadWorker, nil }),
	}}
	var policies []*networkingv1.NetworkPolicy
	for _, ms := range w.Services {
		objects, _ := buildAll(t, w.Inputs(ms, inputstest.Circumstances{}))
		for _, o := range objects {
			if policy, ok := o.(*networkingv1.NetworkPolicy); ok {
				policies = append(policies, policy)
			}
		}
	}
	return policies
}
