// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"maps"
	"path/filepath"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
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
