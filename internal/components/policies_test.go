/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package components

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mattfenwick/cyclonus/pkg/matcher"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/isolation"
	"github.com/atoll-dev/atoll/internal/components/workload"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
	"github.com/atoll-dev/atoll/internal/names"
)

// peer is a pod at one end of a connection.
type peer struct {
	namespace string
	labels    map[string]string
}

// in says where a pod runs.
func (p peer) in(namespace string) peer { return peer{namespace, p.labels} }

func (p peer) traffic() *matcher.TrafficPeer {
	return &matcher.TrafficPeer{IP: "10.0.0.1", Internal: &matcher.InternalPeer{
		PodLabels: p.labels, Namespace: p.namespace, NamespaceLabels: map[string]string{corev1.LabelMetadataName: p.namespace}}}
}

// podOf is a pod of a component of a Microservice, as Atoll labels it.
func podOf(microservice, component string) peer {
	ms := inputstest.Orders()
	ms.Name = microservice
	return peer{"shop", names.Labels(ms, component)}
}

// member is a server of a Cluster, which has what labels the operator that made
// it sets beside those that Atoll asks for.
func member(cluster string) peer {
	pod := podOf("orders", v1alpha1.ComponentDatabase)
	pod.labels = maps.Clone(pod.labels)
	pod.labels["cnpg.io/cluster"] = cluster
	return pod
}

// TestDatabasePolicies asks whether connections are let through by all policies
// that a service with a database has.
func TestDatabasePolicies(t *testing.T) {
	var (
		strangers = peer{"shop", nil}
		operator  = peer{"cnpg-system", map[string]string{"app.kubernetes.io/name": "cloudnative-pg"}}
		node      = peer{}
	)
	type connection struct {
		from, to peer
		port     int
		want     bool
	}
	builtIn, clustered := podOf("orders", v1alpha1.ComponentDatabase), member("orders-db")
	cases := map[string]map[string]connection{
		"database-postgresql-builtin-retain": {
			"its service":                           {podOf("orders", v1alpha1.ComponentService), builtIn, 5432, true},
			"its migration":                         {podOf("orders", v1alpha1.ComponentMigration), builtIn, 5432, true},
			"its backup":                            {podOf("orders", v1alpha1.ComponentBackup), builtIn, 5432, true},
			"its restore":                           {podOf("orders", v1alpha1.ComponentRestore), builtIn, 5432, true},
			"the change of its password":            {podOf("orders", v1alpha1.ComponentRotation), builtIn, 5432, true},
			"itself":                                {builtIn, builtIn, 5432, false},
			"another service":                       {podOf("users", v1alpha1.ComponentService), builtIn, 5432, false},
			"another service's migration":           {podOf("users", v1alpha1.ComponentMigration), builtIn, 5432, false},
			"another service's backup":              {podOf("users", v1alpha1.ComponentBackup), builtIn, 5432, false},
			"a service whose name begins alike":     {podOf("orders-2", v1alpha1.ComponentService), builtIn, 5432, false},
			"a pod without labels":                  {strangers, builtIn, 5432, false},
			"a pod of the service, of no component": {peer{"shop", map[string]string{v1alpha1.LabelMicroservice: "orders"}}, builtIn, 5432, false},
			"a pod of its labels elsewhere":         {podOf("orders", v1alpha1.ComponentService).in("staging"), builtIn, 5432, false},
			"what is outside the cluster":           {node, builtIn, 5432, false},
			"its service, at another port":          {podOf("orders", v1alpha1.ComponentService), builtIn, 22, false},
			"the operator of CloudNativePG":         {operator, builtIn, 5432, false},
			"it calls its restore":                  {builtIn, podOf("orders", v1alpha1.ComponentRestore), 5432, true},
			"it calls its restore, at another port": {builtIn, podOf("orders", v1alpha1.ComponentRestore), 80, false},
			"it calls another service's restore":    {builtIn, podOf("users", v1alpha1.ComponentRestore), 5432, false},
			"it calls its restore, elsewhere":       {builtIn, podOf("orders", v1alpha1.ComponentRestore).in("staging"), 5432, false},
			"it calls its service":                  {builtIn, podOf("orders", v1alpha1.ComponentService), 5432, false},
			"it calls names to be resolved":         {builtIn, peer{"kube-system", map[string]string{"k8s-app": "kube-dns"}}, 53, false},
			"it calls what is outside the cluster":  {builtIn, node, 443, false},
			"it says nothing of calls to services":  {podOf("users", v1alpha1.ComponentService), podOf("orders", v1alpha1.ComponentService), 8080, true},
			"it says nothing of other databases":    {podOf("orders", v1alpha1.ComponentService), podOf("users", v1alpha1.ComponentDatabase), 5432, true},
		},
		"database-mariadb-builtin-retain": {
			"its service":              {podOf("orders", v1alpha1.ComponentService), builtIn, 3306, true},
			"the port of another kind": {podOf("orders", v1alpha1.ComponentService), builtIn, 5432, false},
		},
		"database-valkey-builtin-retain": {
			"its service":          {podOf("orders", v1alpha1.ComponentService), builtIn, 6379, true},
			"it calls its restore": {builtIn, podOf("orders", v1alpha1.ComponentRestore), 6379, true},
		},
		"database-postgresql-cloudnativepg-retain": {
			"its service":                        {podOf("orders", v1alpha1.ComponentService), clustered, 5432, true},
			"its migration":                      {podOf("orders", v1alpha1.ComponentMigration), clustered, 5432, true},
			"the change of its password":         {podOf("orders", v1alpha1.ComponentRotation), clustered, 5432, true},
			"its service, at the status port":    {podOf("orders", v1alpha1.ComponentService), clustered, 8000, false},
			"another service":                    {podOf("users", v1alpha1.ComponentService), clustered, 5432, false},
			"a pod of its labels elsewhere":      {podOf("orders", v1alpha1.ComponentService).in("staging"), clustered, 5432, false},
			"a pod without labels":               {strangers, clustered, 5432, false},
			"another of its servers":             {clustered, clustered, 5432, true},
			"another of its servers, its status": {clustered, clustered, 8000, true},
			"a server of another Cluster":        {member("users-db"), clustered, 5432, false},
			"a server of its name elsewhere":     {clustered.in("staging"), clustered, 5432, false},
			"the operator":                       {operator, clustered, 8000, true},
			"the operator, at its port":          {operator, clustered, 5432, true},
			"its like in another namespace":      {operator.in("shop"), clustered, 5432, false},
			"the operator, at another port":      {operator, clustered, 22, false},
			"something else of the operator's":   {peer{"cnpg-system", nil}, clustered, 8000, false},
			"it calls its bucket":                {clustered, node, 443, true},
		},
	}
	for name, connections := range cases {
		in := inputstest.CaseInputs(t, filepath.Join("testdata", name))
		objects, _ := buildAll(t, in)
		var policies []*networkingv1.NetworkPolicy
		for _, o := range objects {
			if policy, ok := o.(*networkingv1.NetworkPolicy); ok {
				policies = append(policies, policy)
			}
		}
		all := matcher.BuildNetworkPolicies(false, policies)
		for who, c := range connections {
			t.Run(name+": "+who, func(t *testing.T) {
				traffic := &matcher.Traffic{Source: c.from.traffic(), Destination: c.to.traffic(), ResolvedPort: c.port, Protocol: corev1.ProtocolTCP}
				for end, p := range map[*matcher.TrafficPeer]peer{traffic.Source: c.from, traffic.Destination: c.to} {
					if p.namespace == "" {
						end.Internal, end.IP = nil, "203.0.113.7"
					}
				}
				if got := all.IsTrafficAllowed(traffic); got.IsAllowed() != c.want {
					t.Errorf("let through is %t, want %t:\n%s", got.IsAllowed(), c.want, got.Table())
				}
			})
		}
	}
}

// TestPolicyOfBrokenDatabase is about a service whose database's spec can't be
// carried out: what runs goes on, and so does what is declared of it.
func TestPolicyOfBrokenDatabase(t *testing.T) {
	running := func(port int32) *appsv1.Deployment {
		d := &appsv1.Deployment{}
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "orders", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: port}}}}
		return d
	}
	for name, tc := range map[string]struct {
		deployment *appsv1.Deployment
		serves     int
	}{
		"not there yet":                       {nil, 8080},
		"listening where the spec says":       {running(8080), 8080},
		"listening elsewhere than it will":    {running(9090), 9090},
		"running something else than was set": {&appsv1.Deployment{}, 8080},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders()
			ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Version: "17"}
			in := &inputs.Inputs{Microservice: ms, Deployment: tc.deployment, Callers: []inputs.Caller{{Namespace: "shop", Name: "payments", Port: "http"}},
				Topology: &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop"}}}
			in.DatabaseState.Claim = &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
				Name: "data-orders-db-0", Labels: map[string]string{inputs.LabelMajorVersion: "16", inputs.LabelEngine: "postgresql"}}}
			built, err := Build(in)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range built.Components {
				if w.Component.Kind != "NetworkPolicy" {
					continue
				}
				if w.Component.Label == v1alpha1.ComponentDatabase {
					if w.Problem == nil || w.Problem.Condition != v1alpha1.ConditionDatabaseReady || len(w.Objects) > 0 {
						t.Errorf("the database's policy: %d objects, the problem is %+v, want the problem alone", len(w.Objects), w.Problem)
					}
					continue
				}
				if len(w.Objects) != 1 {
					t.Fatalf("made are %d policies, want the service's", len(w.Objects))
				}
				all := matcher.BuildNetworkPolicies(false, []*networkingv1.NetworkPolicy{w.Objects[0].(*networkingv1.NetworkPolicy)})
				service := podOf("orders", v1alpha1.ComponentService)
				for to, c := range map[int][2]peer{
					tc.serves: {podOf("payments", v1alpha1.ComponentService), service},
					5432:      {service, podOf("orders", v1alpha1.ComponentDatabase)},
				} {
					if !all.IsTrafficAllowed(&matcher.Traffic{Source: c[0].traffic(), Destination: c[1].traffic(), ResolvedPort: to, Protocol: corev1.ProtocolTCP}).IsAllowed() {
						t.Errorf("what goes to port %d is cut", to)
					}
				}
			}
		})
	}
}

// TestServingPorts is about pods that listen elsewhere than the spec says now: those
// of an earlier template, which serve until others do. They are reached at both ends.
func TestServingPorts(t *testing.T) {
	listening := func(port int32) corev1.PodSpec {
		return corev1.PodSpec{Containers: []corev1.Container{{Name: "orders", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: port}, {Name: "debug", ContainerPort: 6060}}}}}
	}
	earlier := func(component string, port int32) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: podOf("orders", component).labels}, Spec: listening(port)}
	}
	held := &appsv1.Deployment{}
	held.Spec.Template.Spec = listening(8080)
	for name, tc := range map[string]struct {
		deployment *appsv1.Deployment
		pods       []corev1.Pod
		want       []int32
	}{
		"a new service":                   {nil, nil, []int32{9090}},
		"a rollout that is held back":     {held, nil, []int32{8080, 9090}},
		"a rollout on its way":            {nil, []corev1.Pod{earlier(v1alpha1.ComponentService, 7070), earlier(v1alpha1.ComponentService, 9090)}, []int32{7070, 9090}},
		"a rollout that is done":          {nil, []corev1.Pod{earlier(v1alpha1.ComponentService, 9090)}, []int32{9090}},
		"pods that don't serve the calls": {nil, []corev1.Pod{earlier(v1alpha1.ComponentMigration, 7070)}, []int32{9090}},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders()
			ms.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 9090}}
			ms.Spec.Routes = []v1alpha1.Route{{}}
			topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop"}}
			topology.Spec.Gateway = &v1alpha1.TopologyGateway{ClassName: "any", DataPlane: &v1alpha1.PodPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "edge"}}}}
			topology.Spec.Monitoring = &v1alpha1.PodPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "metrics"}}}
			in := &inputs.Inputs{Microservice: ms, Topology: topology, Deployment: tc.deployment, Pods: tc.pods, Callers: []inputs.Caller{{Namespace: "shop", Name: "payments", Port: "http"}}}
			if diff := cmp.Diff([]v1alpha1.PortStatus{{Name: "http", TargetPorts: tc.want}}, workload.ServingPorts(in)); diff != "" {
				t.Errorf("serving ports (-want +got):\n%s", diff)
			}
			ms.Status.Ports = workload.ServingPorts(in)
			caller := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "payments", Namespace: "shop"}}
			edges := []graph.Edge{{Caller: caller, Dependency: &v1alpha1.Dependency{Name: "orders"}, Callee: ms, Port: &ms.Spec.Ports[0], Permitted: true}}
			all := matcher.BuildNetworkPolicies(false, []*networkingv1.NetworkPolicy{isolation.ServicePolicy(in), isolation.ServicePolicy(&inputs.Inputs{Microservice: caller, Topology: topology, Edges: edges})})
			service := podOf("orders", v1alpha1.ComponentService)
			for _, from := range []peer{podOf("payments", v1alpha1.ComponentService), {"edge", nil}, {"metrics", nil}} {
				for port := int32(6060); port <= 9090; port += 1010 {
					got := all.IsTrafficAllowed(&matcher.Traffic{Source: from.traffic(), Destination: service.traffic(), ResolvedPort: int(port), Protocol: corev1.ProtocolTCP}).IsAllowed()
					if want := slices.Contains(tc.want, port); got != want {
						t.Errorf("what comes from %s to port %d is let through: %t, want %t", from.namespace, port, got, want)
					}
				}
			}
		})
	}
}

// TestDataPlane says who may reach a routed port: the pods of the Topology's Gateway,
// where that alone forwards to it, and otherwise any.
func TestDataPlane(t *testing.T) {
	gateways, anybody := []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{}, PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "gateway"}}}}, []networkingv1.NetworkPolicyPeer(nil)
	own, other := v1alpha1.GatewayReference{Name: "shop", SectionName: "https"}, v1alpha1.GatewayReference{Name: "shop", Namespace: "infra"}
	for name, tc := range map[string]struct {
		routes []v1alpha1.Route
		want   map[int32][]networkingv1.NetworkPolicyPeer
	}{
		"the Topology's Gateway":             {[]v1alpha1.Route{{}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: gateways}},
		"the same by name":                   {[]v1alpha1.Route{{ParentRefs: []v1alpha1.GatewayReference{own}}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: gateways}},
		"another one":                        {[]v1alpha1.Route{{ParentRefs: []v1alpha1.GatewayReference{other}}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: anybody}},
		"both":                               {[]v1alpha1.Route{{ParentRefs: []v1alpha1.GatewayReference{own, other}}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: anybody}},
		"both, in two routes":                {[]v1alpha1.Route{{}, {ParentRefs: []v1alpha1.GatewayReference{other}}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: anybody}},
		"another one, for another port only": {[]v1alpha1.Route{{}, {Port: "admin", ParentRefs: []v1alpha1.GatewayReference{other}}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: gateways, 9090: anybody}},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders()
			ms.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 8080}, {Name: "admin", Port: 9090}}
			ms.Spec.Routes = tc.routes
			topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop"}}
			topology.Spec.Gateway = &v1alpha1.TopologyGateway{ClassName: "any", DataPlane: &v1alpha1.PodPeer{PodSelector: gateways[0].PodSelector}}
			got := map[int32][]networkingv1.NetworkPolicyPeer{}
			for _, rule := range isolation.ServicePolicy(&inputs.Inputs{Microservice: ms, Topology: topology}).Spec.Ingress {
				for _, port := range rule.Ports {
					got[port.Port.IntVal] = rule.From
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("who may reach which port (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIsolationProblem(t *testing.T) {
	for value, want := range map[string]struct{ audited, wrong bool }{
		"": {}, "audit": {audited: true}, "Audit": {audited: true}, "audited": {wrong: true}, "off": {wrong: true},
	} {
		topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.AnnotationIsolation: value}}}
		if got := isolation.Audited(topology); got != want.audited {
			t.Errorf("%q: audited is %t", value, got)
		}
		if got := isolation.InvalidAnnotation(topology); (got != "") != want.wrong {
			t.Errorf("%q: what is wrong is %q", value, got)
		}
	}
}

// TestUnresolved tells of all dependencies that don't resolve, and not of the first
// only.
func TestUnresolved(t *testing.T) {
	ms := inputstest.Orders()
	ms.Spec.Dependencies = []v1alpha1.Dependency{{Name: "absent"}, {Name: "users"}, {Name: "gone"}}
	users := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "users", Namespace: "shop"}}
	find := func(_, name string) *v1alpha1.Microservice {
		if name == "users" {
			return users
		}
		return nil
	}
	in := &inputs.Inputs{Microservice: ms, Edges: graph.Resolve(ms, graph.Services{Find: find, MemberOf: graph.TopologyOf})}
	problem := workload.UnresolvedDependencies(in)
	if problem == nil || problem.Reason != v1alpha1.ReasonDependencyNotFound ||
		!strings.Contains(problem.Message.String(), `"absent"`) || !strings.Contains(problem.Message.String(), `"gone"`) || strings.Contains(problem.Message.String(), `"users"`) {
		t.Errorf("what does not resolve is told as %+v", problem)
	}
}
