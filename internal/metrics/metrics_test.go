// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
)

// objects is a cache.
type objects struct {
	client.Reader
	microservices []v1alpha1.Microservice
	topologies    []v1alpha1.Topology
	err           error
}

func (o *objects) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch l := list.(type) {
	case *v1alpha1.MicroserviceList:
		l.Items = o.microservices
	case *v1alpha1.TopologyList:
		l.Items = o.topologies
	}
	return o.err
}

// leader is the channel of a manager that was elected.
func leader() <-chan struct{} {
	elected := make(chan struct{})
	close(elected)
	return elected
}

// registered returns a registry with all metrics.
func registered(t *testing.T, cache client.Reader, elected <-chan struct{}) (*prometheus.Registry, *Activity) {
	t.Helper()
	registry, activity := prometheus.NewPedanticRegistry(), NewActivity("Deployment")
	if err := Register(registry, activity, &State{Cache: cache, Elected: elected}); err != nil {
		t.Fatal(err)
	}
	return registry, activity
}

func at(seconds int64) metav1.Time { return metav1.Time{Time: time.Unix(seconds, 0)} }

func is(conditionType string, status metav1.ConditionStatus, reason string, since int64) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: status, Reason: reason, LastTransitionTime: at(since)}
}

func named(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, CreationTimestamp: at(50)}
}

func serviceWith(name string, conditions ...metav1.Condition) v1alpha1.Microservice {
	return v1alpha1.Microservice{ObjectMeta: named("shop", name), Status: v1alpha1.MicroserviceStatus{Conditions: conditions}}
}

func TestStateOfConditions(t *testing.T) {
	for name, tc := range map[string]struct {
		services []v1alpha1.Microservice
		want     string
	}{
		"a service that is ready has no series of its own": {
			services: []v1alpha1.Microservice{serviceWith("users", is(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, 100))},
			want: `
atoll_microservice_condition{condition="Ready",namespace="shop",status="False"} 0
atoll_microservice_condition{condition="Ready",namespace="shop",status="True"} 1
atoll_microservice_condition{condition="Ready",namespace="shop",status="Unknown"} 0
`,
		},
		"a service that is stalled names its conditions": {
			services: []v1alpha1.Microservice{serviceWith("users",
				is(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonImagePullFailed, 100),
				is(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonImagePullFailed, 200))},
			want: `
atoll_microservice_abnormal_since_timestamp_seconds{condition="Ready",name="users",namespace="shop",reason="ImagePullFailed"} 100
atoll_microservice_abnormal_since_timestamp_seconds{condition="Stalled",name="users",namespace="shop",reason="ImagePullFailed"} 200
atoll_microservice_condition{condition="Ready",namespace="shop",status="False"} 1
atoll_microservice_condition{condition="Ready",namespace="shop",status="True"} 0
atoll_microservice_condition{condition="Ready",namespace="shop",status="Unknown"} 0
atoll_microservice_condition{condition="Stalled",namespace="shop",status="False"} 0
atoll_microservice_condition{condition="Stalled",namespace="shop",status="True"} 1
atoll_microservice_condition{condition="Stalled",namespace="shop",status="Unknown"} 0
`,
		},
		"a suspended service is as its spec says": {
			services: []v1alpha1.Microservice{serviceWith("users",
				is(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSuspended, 100),
				is(v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended, 100))},
			want: `
atoll_microservice_condition{condition="Ready",namespace="shop",status="False"} 0
atoll_microservice_condition{condition="Ready",namespace="shop",status="True"} 1
atoll_microservice_condition{condition="Ready",namespace="shop",status="Unknown"} 0
atoll_microservice_condition{condition="WorkloadReady",namespace="shop",status="False"} 1
atoll_microservice_condition{condition="WorkloadReady",namespace="shop",status="True"} 0
atoll_microservice_condition{condition="WorkloadReady",namespace="shop",status="Unknown"} 0
`,
		},
		"a service that was never observed is abnormal since its creation": {
			services: []v1alpha1.Microservice{serviceWith("users")},
			want: `
atoll_microservice_abnormal_since_timestamp_seconds{condition="Ready",name="users",namespace="shop",reason=""} 50
atoll_microservice_condition{condition="Ready",namespace="shop",status="False"} 0
atoll_microservice_condition{condition="Ready",namespace="shop",status="True"} 0
atoll_microservice_condition{condition="Ready",namespace="shop",status="Unknown"} 1
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			registry, _ := registered(t, &objects{microservices: tc.services}, leader())
			if diff := cmp.Diff(strings.TrimSpace(tc.want), samples(t, registry, "atoll_microservice")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestStateOfTopologies(t *testing.T) {
	registry, _ := registered(t, &objects{topologies: []v1alpha1.Topology{{ObjectMeta: named("shop", "main"), Status: v1alpha1.TopologyStatus{
		Conditions: []metav1.Condition{is(v1alpha1.ConditionGatewayReady, metav1.ConditionFalse, v1alpha1.ReasonNoGateway, 100), is(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, 100)},
	}}}}, leader())
	want := `atoll_topology_abnormal_since_timestamp_seconds{condition="GatewayReady",name="main",namespace="shop",reason="NoGateway"} 100`
	if got := samples(t, registry, "atoll_topology_abnormal"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStateOfDatabases(t *testing.T) {
	backedUp := serviceWith("users", is(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, 100), is(v1alpha1.ConditionDatabaseReady, metav1.ConditionTrue, v1alpha1.ReasonReady, 100))
	backedUp.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Backup: &v1alpha1.DatabaseBackup{}}
	backedUp.Status.Database = &v1alpha1.DatabaseStatus{Version: "17", LastBackup: &v1alpha1.BackupStatus{Time: at(700), Size: 4096}}
	down := serviceWith("orders", is(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, 100))
	down.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
	// Its backups are no longer wanted, so the last one grows old as it should.
	down.Status.Database = &v1alpha1.DatabaseStatus{Version: "17", LastBackup: &v1alpha1.BackupStatus{Time: at(600)}}
	elsewhere := serviceWith("carts", is(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, 100))
	elsewhere.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EngineValkey, Provider: v1alpha1.ProviderExternal}
	registry, _ := registered(t, &objects{microservices: []v1alpha1.Microservice{backedUp, down, elsewhere}}, leader())
	want := strings.TrimSpace(`
atoll_backup_last_size_bytes{name="users",namespace="shop"} 4096
atoll_backup_last_success_timestamp_seconds{name="users",namespace="shop"} 700
atoll_database_declared{engine="PostgreSQL",namespace="shop",provider="BuiltIn",version="17"} 2
atoll_database_declared{engine="Valkey",namespace="shop",provider="External",version=""} 1
atoll_database_ready{engine="PostgreSQL",namespace="shop",provider="BuiltIn",version="17"} 1
atoll_database_ready{engine="Valkey",namespace="shop",provider="External",version=""} 0
`)
	if diff := cmp.Diff(want, samples(t, registry, "atoll_backup", "atoll_database")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestStandbyReportsNoState checks that two managers do not count an object twice.
func TestStandbyReportsNoState(t *testing.T) {
	registry, _ := registered(t, &objects{microservices: []v1alpha1.Microservice{serviceWith("users")}}, make(chan struct{}))
	if got := samples(t, registry, "atoll_microservice"); got != "" {
		t.Errorf("a manager that is not the leader reports %s", got)
	}
}

// TestScrapeFailsWithoutCache checks that a failed read does not look like an empty cluster.
func TestScrapeFailsWithoutCache(t *testing.T) {
	registry, _ := registered(t, &objects{err: errors.New("no cache")}, leader())
	if _, err := registry.Gather(); err == nil {
		t.Error("the scrape succeeded without a cache")
	}
}

func TestActivity(t *testing.T) {
	registry, activity := registered(t, &objects{}, leader())
	activity.Record("Deployment", apply.Created)
	activity.Record("Deployment", apply.Created)
	activity.Reconciled(Skipped)
	got := samples(t, registry, "atoll_apply_total", "atoll_reconcile")
	for _, want := range []string{
		`atoll_apply_total{kind="Deployment",result="created"} 2`,
		`atoll_apply_total{kind="Deployment",result="repaired"} 0`,
		`atoll_reconcile_outcomes_total{outcome="skipped"} 1`,
		`atoll_reconcile_outcomes_total{outcome="changed"} 0`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the metrics lack %s:\n%s", want, got)
		}
	}
}

// TestTable checks that the table has each metric as it is registered, and that promlint finds
// nothing.
func TestTable(t *testing.T) {
	service := serviceWith("users", is(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing, 100))
	service.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Backup: &v1alpha1.DatabaseBackup{}}
	service.Status.Database = &v1alpha1.DatabaseStatus{LastBackup: &v1alpha1.BackupStatus{Time: at(1), Size: 1}}
	registry, _ := registered(t, &objects{microservices: []v1alpha1.Microservice{service}, topologies: []v1alpha1.Topology{{ObjectMeta: named("shop", "main")}}}, leader())
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, family := range families {
		var labels []string
		for _, label := range family.Metric[0].Label {
			labels = append(labels, label.GetName())
		}
		got = append(got, fmt.Sprintln(family.GetName(), strings.ToLower(family.GetType().String()), labels, family.GetHelp()))
	}
	for _, m := range Table {
		want = append(want, fmt.Sprintln(m.Name, m.Type, sorted(m.Labels), m.Help))
	}
	if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Errorf("the table differs from what is registered (-table +registered):\n%s", diff)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
}

// TestManyServices checks that 10,000 services that are ready have no series of their own.
func TestManyServices(t *testing.T) {
	many := make([]v1alpha1.Microservice, 10_000)
	for i := range many {
		many[i] = serviceWith(fmt.Sprintf("service-%d", i), is(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, 100))
	}
	registry, _ := registered(t, &objects{microservices: many}, leader())
	if got, err := testutil.GatherAndCount(registry, "atoll_microservice_condition", "atoll_microservice_abnormal_since_timestamp_seconds"); err != nil || got != 3 {
		t.Errorf("10,000 services have %d series, want 3: %v", got, err)
	}
}

// BenchmarkScrape measures a scrape with 10,000 services, of which one in a hundred is not ready.
func BenchmarkScrape(b *testing.B) {
	many := make([]v1alpha1.Microservice, 10_000)
	for i := range many {
		status := metav1.ConditionTrue
		if i%100 == 0 {
			status = metav1.ConditionFalse
		}
		many[i] = serviceWith(fmt.Sprintf("service-%d", i), is(v1alpha1.ConditionReady, status, v1alpha1.ReasonUnavailable, 100), is(v1alpha1.ConditionWorkloadReady, status, v1alpha1.ReasonUnavailable, 100))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(&State{Cache: &objects{microservices: many}, Elected: leader()})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
