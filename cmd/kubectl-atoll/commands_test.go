// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

var update = flag.Bool("update", false, "write the output to testdata instead of comparing")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); if it should, run this test with -update and read the diff:\n%s", file, diff)
	}
}

// commandResult is the exit code and the output of a command.
type commandResult struct {
	code     int
	out, err string
}

// TestMain keeps the environment of the user from changing what the tests print.
func TestMain(m *testing.M) {
	if err := os.Unsetenv(prometheusVariable); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// runPlugin runs the plugin against a cluster.
func runPlugin(t *testing.T, c client.WithWatch, stdin string, args ...string) commandResult {
	t.Helper()
	return runPluginOn(t, c, stdin, terminal{width: 80}, args...)
}

func runPluginOn(t *testing.T, c client.WithWatch, stdin string, on terminal, args ...string) commandResult {
	t.Helper()
	t.Setenv("KUBECONFIG", os.DevNull)
	streams, in, out, errOut := genericiooptions.NewTestIOStreams()
	in.WriteString(stdin)
	p := &plugin{IOStreams: onScreen(streams), flags: genericclioptions.NewConfigFlags(false), terminal: on}
	p.flags.Namespace = ptr.To("shop")
	p.connect = func() (client.WithWatch, error) { return c, nil }
	p.now = func() time.Time { return noon }
	command := newCommand(p)
	command.SetArgs(args)
	code := exitCode(command.ExecuteContext(t.Context()), streams)
	return commandResult{code, out.String(), errOut.String()}
}

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func fakeCluster(objects ...client.Object) client.WithWatch {
	return fake.NewClientBuilder().WithScheme(offline.Scheme).WithObjects(objects...).Build()
}

func condition(conditionType string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: status, Reason: reason, Message: message, LastTransitionTime: metav1.NewTime(noon.Add(-90 * time.Minute))}
}

func service(name string, callees ...string) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec:       v1alpha1.MicroserviceSpec{Image: "ghcr.io/example/" + name + ":1.4.0", TopologyRef: &v1alpha1.TopologyReference{Name: "shop"}},
		Status: v1alpha1.MicroserviceStatus{
			Ready:      "2/2",
			Conditions: []metav1.Condition{condition(v1alpha1.ConditionReady, metav1.ConditionTrue, "Ready", "The service is ready")},
		},
	}
	for _, callee := range callees {
		ms.Spec.Dependencies = append(ms.Spec.Dependencies, v1alpha1.Dependency{Name: callee})
	}
	return ms
}

func withRoute(ms *v1alpha1.Microservice) *v1alpha1.Microservice {
	ms.Spec.Routes = []v1alpha1.Route{{Path: "/" + ms.Name}}
	ms.Status.URLs = []string{"https://shop.example.com/" + ms.Name}
	return ms
}

func withDatabase(ms *v1alpha1.Microservice) *v1alpha1.Microservice {
	ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
	ms.Status.Database = &v1alpha1.DatabaseStatus{Engine: v1alpha1.EnginePostgreSQL, Version: "17", Host: ms.Name + "-db.shop.svc", SecretName: ms.Name + "-db"}
	ms.Status.Conditions = append(ms.Status.Conditions, condition(v1alpha1.ConditionDatabaseReady, metav1.ConditionTrue, "Ready", "The database accepts connections"))
	return ms
}

// shop is a topology with a fault, and a service outside it.
func shop() []client.Object {
	orders := withDatabase(withRoute(service("orders", "users", "ledger")))
	const fault = `Container "orders" ends again and again with exit code 1: panic: open /etc/orders/rates.yaml: no such file or directory; see kubectl logs deployment/orders`
	orders.Status.Ready = "0/2"
	orders.Spec.Scaling = &v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Max: 10}}
	orders.Status.Conditions[0] = condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonCrashLooping, fault)
	orders.Status.Conditions = append(orders.Status.Conditions,
		condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonCrashLooping, fault),
		condition(v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonCrashLooping, fault),
		condition(v1alpha1.ConditionBackupReady, metav1.ConditionFalse, v1alpha1.ReasonBackupOverdue, "No backup since yesterday"),
		condition(v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotFound, `Microservice "ledger" does not exist`))
	orders.Spec.Database.Backup = &v1alpha1.DatabaseBackup{Schedule: "0 3 * * *"}
	orders.Status.Database.LastBackup = &v1alpha1.BackupStatus{
		Time: metav1.NewTime(noon.Add(-33 * time.Hour)), Size: 123456789, Location: "s3://backups/shop/orders/20260503-030000.dump"}
	users := withDatabase(withRoute(service("users")))
	users.Spec.Database.DeletionPolicy = v1alpha1.DeletionDelete
	away := service("reports", "orders")
	away.Spec.TopologyRef = nil
	return []client.Object{
		&v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop"}},
		orders, users, withRoute(service("payments", "orders")), away,
		deployment("orders", 2, appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 1, AvailableReplicas: 2}),
		httpRoute("orders.orders", "shop", gatewayAnswer("shop", "", "")),
	}
}

// deployment returns a Deployment that its controller has observed.
func deployment(name string, replicas int32, status appsv1.DeploymentStatus) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Spec: appsv1.DeploymentSpec{Replicas: &replicas}, Status: status}
}

// httpRoute returns a route of Atoll with the answers of its Gateway.
func httpRoute(name, gateway string, answers ...gatewayv1.RouteParentStatus) *gatewayv1.HTTPRoute {
	service, _, _ := strings.Cut(name, ".")
	namespace, name2, elsewhere := strings.Cut(gateway, "/")
	parent := gatewayv1.ParentReference{Name: gatewayv1.ObjectName(gateway)}
	if elsewhere {
		parent = gatewayv1.ParentReference{Namespace: ptr.To(gatewayv1.Namespace(namespace)), Name: gatewayv1.ObjectName(name2)}
	}
	return &gatewayv1.HTTPRoute{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{v1alpha1.LabelMicroservice: service}},
		Spec:       gatewayv1.HTTPRouteSpec{Hostnames: []gatewayv1.Hostname{"shop.example.com"}, CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{parent}}},
		Status:     gatewayv1.HTTPRouteStatus{RouteStatus: gatewayv1.RouteStatus{Parents: answers}},
	}
}

// gatewayAnswer returns the status of a route at a Gateway: accepted, or rejected for a
// reason.
func gatewayAnswer(gateway, reason, message string) gatewayv1.RouteParentStatus {
	accepted := condition(string(gatewayv1.RouteConditionAccepted), metav1.ConditionTrue, "Accepted", "")
	if reason != "" {
		accepted = condition(string(gatewayv1.RouteConditionAccepted), metav1.ConditionFalse, reason, message)
	}
	return gatewayv1.RouteParentStatus{ParentRef: gatewayv1.ParentReference{Name: gatewayv1.ObjectName(gateway)},
		Conditions: []metav1.Condition{accepted, condition(string(gatewayv1.RouteConditionResolvedRefs), metav1.ConditionTrue, "ResolvedRefs", "")}}
}

func TestGraphCommand(t *testing.T) {
	t.Run("a topology", func(t *testing.T) {
		golden(t, "graph.txt", runPlugin(t, fakeCluster(shop()...), "", "graph", "shop").out)
	})
	t.Run("in colour", func(t *testing.T) {
		golden(t, "graph-colour.txt", runPluginOn(t, fakeCluster(shop()...), "", terminal{width: 80, colour: true}, "graph").out)
	})
	for name, tc := range map[string]struct {
		args     []string
		wantOut  string
		wantErr  string
		wantCode int
	}{
		"mermaid":                           {args: []string{"graph", "-o", "mermaid"}, wantOut: "flowchart LR\n"},
		"dot":                               {args: []string{"graph", "-o", "dot"}, wantOut: "digraph atoll {\n"},
		"all namespaces":                    {args: []string{"graph", "-A", "-o", "dot"}, wantOut: `"shop/orders"`},
		"a service outside the topology":    {args: []string{"graph"}, wantOut: "reports"},
		"another output":                    {args: []string{"graph", "-o", "png"}, wantErr: "error: -o png: must be one of mermaid, dot, json\n", wantCode: 2},
		"a missing Topology":                {args: []string{"graph", "mall"}, wantErr: `error: no Topology "mall" in namespace "shop"`, wantCode: 2},
		"a Topology in all namespaces":      {args: []string{"graph", "shop", "-A"}, wantErr: "error: a Topology is in one namespace", wantCode: 2},
		"a namespace without services":      {args: []string{"graph", "-n", "void"}, wantOut: "No services in namespace void\n"},
		"names of topologies are completed": {args: []string{"__complete", "graph", ""}, wantOut: "shop\n:4\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runPlugin(t, fakeCluster(shop()...), "", tc.args...)
			if got.code != tc.wantCode || !strings.Contains(got.out, tc.wantOut) || !strings.Contains(got.err, tc.wantErr) {
				t.Errorf("got %+v, want code %d, %q and %q", got, tc.wantCode, tc.wantOut, tc.wantErr)
			}
		})
	}
	t.Run("json", func(t *testing.T) {
		var g struct {
			Nodes, Edges []map[string]any
			Cycles       [][]string
		}
		if err := json.Unmarshal([]byte(runPlugin(t, fakeCluster(shop()...), "", "graph", "shop", "-o", "json").out), &g); err != nil {
			t.Fatal(err)
		}
		if len(g.Nodes) != 4 || len(g.Edges) != 3 || g.Cycles == nil {
			t.Errorf("%d nodes, %d edges and cycles %v, want 4, 3 and none", len(g.Nodes), len(g.Edges), g.Cycles)
		}
	})
}

// writeNotifier is a writer that sends what is written to a channel.
type writeNotifier struct{ written chan string }

func (l *writeNotifier) Write(text []byte) (int, error) {
	l.written <- string(text)
	return len(text), nil
}

func TestGraphWatch(t *testing.T) {
	c := fakeCluster(shop()...)
	out := &writeNotifier{written: make(chan string, 16)}
	streams := genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: out, ErrOut: &bytes.Buffer{}}
	p := &plugin{IOStreams: onScreen(streams), flags: genericclioptions.NewConfigFlags(false), now: time.Now}
	p.flags.Namespace = ptr.To("shop")
	p.connect = func() (client.WithWatch, error) { return c, nil }
	command := newCommand(p)
	command.SetArgs([]string{"graph", "shop", "--watch"})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- command.ExecuteContext(ctx) }()
	expect := func(want string, change func()) {
		t.Helper()
		deadline := time.After(10 * time.Second)
		// The watch may begin after the change, so the change is repeated until it is drawn.
		for {
			select {
			case text := <-out.written:
				if strings.Contains(text, want) {
					return
				}
			case <-time.After(300 * time.Millisecond):
				change()
			case <-deadline:
				t.Fatalf("%q was not drawn in time", want)
			}
		}
	}
	changed := func(o client.Object, change func()) {
		if err := c.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			t.Error(err)
		}
		change()
		if err := c.Update(ctx, o); err != nil {
			t.Error(err)
		}
	}
	expect("payments  https://shop.example.com/payments\n", func() {})
	payments := service("payments")
	expect("payments  https://shop.example.com/payments +", func() {
		changed(payments, func() { payments.Status.URLs = append(payments.Status.URLs, "https://again.example.com") })
	})
	topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop"}}
	expect("Isolation is audited", func() {
		changed(topology, func() {
			topology.Annotations = map[string]string{v1alpha1.AnnotationIsolation: v1alpha1.IsolationAudit, "again": topology.ResourceVersion}
		})
	})
	cancel()
	if err := <-done; err != nil {
		t.Errorf("the interrupted command returns %v, want no error", err)
	}
}

func TestStatusCommand(t *testing.T) {
	t.Run("a service", func(t *testing.T) {
		golden(t, "status-orders.txt", runPlugin(t, fakeCluster(shop()...), "", "status", "orders").out)
	})
	t.Run("all", func(t *testing.T) { golden(t, "status.txt", runPlugin(t, fakeCluster(shop()...), "", "status").out) })
	t.Run("all namespaces", func(t *testing.T) {
		golden(t, "status-all.txt", runPlugin(t, fakeCluster(shop()...), "", "status", "-A").out)
	})
	t.Run("a missing service", func(t *testing.T) {
		if got := runPlugin(t, fakeCluster(shop()...), "", "status", "stock"); got.code != 2 || got.err != "error: no Microservice \"stock\" in namespace \"shop\"\n" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a service that Atoll has not seen", func(t *testing.T) {
		got := runPlugin(t, fakeCluster(&v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "new"}}), "", "status", "new")
		if !strings.Contains(got.out, "No conditions yet: is Atoll running?") {
			t.Errorf("got %s", got.out)
		}
	})
}

func TestImpactCommand(t *testing.T) {
	t.Run("deleted data", func(t *testing.T) {
		golden(t, "impact-users.txt", runPlugin(t, fakeCluster(shop()...), "", "impact", "users").out)
	})
	t.Run("kept data", func(t *testing.T) {
		golden(t, "impact-orders.txt", runPlugin(t, fakeCluster(shop()...), "", "impact", "orders").out)
	})
	t.Run("a caller that works without it", func(t *testing.T) {
		all := shop()
		for _, o := range all {
			if ms, ok := o.(*v1alpha1.Microservice); ok && ms.Name == "payments" {
				ms.Spec.Dependencies[0].Optional = ptr.To(true)
			}
		}
		golden(t, "impact-optional.txt", runPlugin(t, fakeCluster(all...), "", "impact", "orders").out)
	})
	t.Run("a caller that works without it, but not without another caller", func(t *testing.T) {
		web := service("web", "users", "orders")
		web.Spec.Dependencies[0].Optional = ptr.To(true)
		got := runPlugin(t, fakeCluster(service("users"), service("orders", "users"), web), "", "impact", "users")
		if !strings.Contains(got.out, "2 services are affected, 1 directly") || !strings.Contains(got.out, "web") || strings.Contains(got.out, "works without it") {
			t.Errorf("got %s", got.out)
		}
	})
	t.Run("no callers", func(t *testing.T) {
		golden(t, "impact-reports.txt", runPlugin(t, fakeCluster(shop()...), "", "impact", "reports").out)
	})
	t.Run("callers whose calls already fail", func(t *testing.T) {
		stranger := service("stranger", "users")
		stranger.Namespace, stranger.Spec.TopologyRef = "other", nil
		stranger.Spec.Dependencies[0].Namespace = "shop"
		wrong := service("wrong-port", "users")
		wrong.Spec.Dependencies[0].Port = "grpc"
		objects := []client.Object{service("users"), service("orders", "users"), stranger, wrong, service("beyond", "wrong-port")}
		golden(t, "impact-in-vain.txt", runPlugin(t, fakeCluster(objects...), "", "impact", "users").out)
		golden(t, "impact-in-vain.json", runPlugin(t, fakeCluster(objects...), "", "impact", "users", "-o", "json").out)
	})
	t.Run("another output", func(t *testing.T) {
		if got := runPlugin(t, fakeCluster(shop()...), "", "impact", "users", "-o", "xml"); got.code != 2 || got.err != "error: invalid value \"xml\" for -o; the only format is json\n" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("guarded", func(t *testing.T) {
		users := service("users")
		users.Status.DeletionGuard, users.Status.Dependents = v1alpha1.DeletionGuardDependents, 1
		if got := runPlugin(t, fakeCluster(users), "", "impact", "users"); !strings.Contains(got.out, "the API server rejects") {
			t.Errorf("got %+v", got)
		}
		users.Annotations = map[string]string{v1alpha1.AnnotationDeletionGuard: v1alpha1.DeletionGuardOverride}
		if got := runPlugin(t, fakeCluster(users), "", "impact", "users"); !strings.Contains(got.out, "permits the deletion") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("permission for one namespace only", func(t *testing.T) {
		c := interceptor.NewClient(fakeCluster(shop()...), interceptor.Funcs{
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				options := client.ListOptions{}
				options.ApplyOptions(opts)
				if options.Namespace == "" {
					return apierrors.NewForbidden(schema.GroupResource{Resource: "microservices"}, "", nil)
				}
				return c.List(ctx, list, opts...)
			}})
		if got := runPlugin(t, c, "", "impact", "users"); got.code != 0 || !strings.Contains(got.out, "Callers in other namespaces than shop are unknown") {
			t.Errorf("got %+v", got)
		}
	})
	for provider, want := range map[v1alpha1.DatabaseProvider]string{
		v1alpha1.ProviderExternal:      `Its PostgreSQL is external: Atoll keeps it, and Secret "elsewhere".`,
		v1alpha1.ProviderCloudNativePG: `Cluster "users-db" and Secret "users-db" stay`,
	} {
		users := service("users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Provider: provider, External: &v1alpha1.ExternalDatabase{SecretName: "elsewhere"}}
		if got := runPlugin(t, fakeCluster(users), "", "impact", "users"); !strings.Contains(strings.Join(strings.Fields(got.out), " "), want) {
			t.Errorf("of %s got %s\nwant %s", provider, got.out, want)
		}
	}
}

const (
	plain  = "apiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: users}\nspec: {image: x}\n"
	broken = "apiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: users}\nspec: {image: x, replicas: 3}\n"
	caller = "apiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: orders}\nspec: {image: x, dependencies: [{name: users}]}\n"
	member = "apiVersion: atoll.dev/v1alpha1\nkind: Topology\nmetadata: {name: shop}\nspec: {}\n---\n" +
		"apiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: users}\nspec: {image: x, topologyRef: {name: shop}}\n"
)

func TestFileCommands(t *testing.T) {
	for name, tc := range map[string]struct {
		stdin    string
		args     []string
		wantCode int
		wantOut  string
		wantErr  string
	}{
		"render":                          {stdin: plain, args: []string{"render", "-f", "-"}, wantOut: "kind: Deployment"},
		"render in a namespace":           {stdin: plain, args: []string{"render", "-f", "-", "-n", "mall"}, wantOut: "namespace: mall"},
		"render of a kustomization":       {args: []string{"render", "-k", "../../config/samples"}, wantOut: "name: payments-db"},
		"render of a folder":              {args: []string{"render", "-f", "../../config/samples"}, wantCode: 2, wantErr: `directory "../../config/samples" contains a kustomization; use -k ../../config/samples`},
		"lint of folders":                 {args: []string{"lint", "-R", "-f", "../../config"}, wantCode: 2, wantErr: "contains a kustomization; use -k ../../config/"},
		"lint of a folder above one":      {args: []string{"lint", "-f", "../../config"}, wantCode: 2, wantErr: "recognized file extensions"},
		"render without files":            {args: []string{"render"}, wantCode: 2, wantErr: "error: no input: name a file with -f"},
		"render of an invalid object":     {stdin: broken, args: []string{"render", "-f", "-"}, wantCode: 1, wantErr: `spec.replicas: no such field`},
		"render without objects of Atoll": {stdin: "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n", args: []string{"render", "-f", "-"}, wantCode: 2, wantErr: "no Microservice and no Topology among 1 object\n"},
		"render with an assumed port":     {stdin: caller, args: []string{"render", "-f", "-"}, wantOut: "kind: Deployment", wantErr: `note: Microservice "orders": Microservice "users" does not exist in this namespace`},
		"render with a problem":           {stdin: strings.Replace(plain, "image: x", "image: x, topologyRef: {name: shop}", 1), args: []string{"render", "-f", "-"}, wantCode: 1, wantErr: "TopologyNotFound"},
		"render with name servers":        {stdin: member, args: []string{"render", "-f", "-", "--name-servers", "10.96.0.10,fd00::a"}, wantOut: "cidr: fd00::a/128"},
		"render with no name server":      {stdin: member, args: []string{"render", "-f", "-", "--name-servers=foo"}, wantCode: 2, wantErr: `invalid argument "foo" for "--name-servers" flag`},
		"diff with no name server":        {stdin: member, args: []string{"diff", "-f", "-", "--name-servers=10.96.0.0/16"}, wantCode: 2, wantErr: `invalid argument "10.96.0.0/16" for "--name-servers" flag`},
		"lint with name servers":          {stdin: plain, args: []string{"lint", "-f", "-", "--name-servers=10.96.0.10"}, wantCode: 2, wantErr: "unknown flag: --name-servers"},
		"lint with an image of rclone":    {stdin: plain, args: []string{"lint", "-f", "-", "--rclone-image=x"}, wantCode: 2, wantErr: "unknown flag: --rclone-image"},
		"lint with CloudNativePG":         {stdin: plain, args: []string{"lint", "-f", "-", "--cloudnative-pg-namespace=x"}, wantCode: 2, wantErr: "unknown flag: --cloudnative-pg-namespace"},
		"lint":                            {stdin: plain, args: []string{"lint", "-f", "-"}, wantOut: "1 object checked: 0 errors, 0 warnings\n"},
		"lint of the samples":             {args: []string{"lint", "-k", "../../config/samples"}, wantOut: "4 objects checked: 0 errors, 0 warnings\n"},
		"lint with a warning":             {stdin: caller, args: []string{"lint", "-f", "-"}, wantOut: "1 object checked: 0 errors, 1 warning\n"},
		"lint with an error":              {stdin: broken, args: []string{"lint", "-f", "-"}, wantCode: 1, wantOut: "1 object checked: 1 error, 0 warnings\n"},
		"lint as json":                    {stdin: broken, args: []string{"lint", "-f", "-", "-o", "json"}, wantCode: 1, wantOut: `"code": "UnknownField"`},
		"lint as json without findings":   {stdin: plain, args: []string{"lint", "-f", "-", "-o", "json"}, wantOut: `"findings": []`},
		"lint of no objects":              {stdin: "", args: []string{"lint", "-f", "-"}, wantCode: 2, wantErr: "no Microservice and no Topology among 0 objects"},
		"lint with another output":        {stdin: plain, args: []string{"lint", "-f", "-", "-o", "xml"}, wantCode: 2, wantErr: `invalid value "xml" for -o; the formats are json, junit, sarif, text`},
		"diff of a new object":            {stdin: plain, args: []string{"diff", "-f", "-"}, wantCode: 1, wantOut: "+++ wanted Deployment shop/users\n"},
		"diff of an invalid object":       {stdin: broken, args: []string{"diff", "-f", "-"}, wantCode: 1, wantErr: `spec.replicas: no such field`},
		"an unknown flag":                 {args: []string{"lint", "--fix"}, wantCode: 2, wantErr: "unknown flag: --fix"},
		"names of services are completed": {args: []string{"__complete", "impact", ""}, wantOut: ":4\n"},
		"outputs are completed":           {args: []string{"__complete", "lint", "-o", ""}, wantOut: "json\n"},
		"an unknown command":              {args: []string{"fly"}, wantCode: 2, wantErr: `unknown command "fly"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := runPlugin(t, fakeCluster(), tc.stdin, tc.args...)
			if got.code != tc.wantCode || !strings.Contains(got.out, tc.wantOut) || !strings.Contains(got.err, tc.wantErr) {
				t.Errorf("code %d, want %d\nout: %s\nwant: %s\nerr: %s\nwant: %s", got.code, tc.wantCode, got.out, tc.wantOut, got.err, tc.wantErr)
			}
		})
	}
}

// TestLinkedKustomizations checks that a link to a directory hides no kustomization.
func TestLinkedKustomizations(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"shop/kustomization.yaml": "resources: [users.yaml]\n", "shop/users.yaml": plain, "plain/users.yaml": plain} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	shop := filepath.Join(dir, "linked-shop")
	if err := os.Symlink(filepath.Join(dir, "shop"), shop); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ args, want string }{
		{shop, "contains a kustomization; use -k " + shop + "\n"},
		{shop + "/", "contains a kustomization; use -k " + shop + "\n"},
		{link, "contains a kustomization; use -k " + filepath.Join(link, "shop") + "\n"},
	} {
		got := runPlugin(t, fakeCluster(), "", "lint", "-R", "-f", tc.args)
		if got.code != 2 || !strings.HasSuffix(got.err, tc.want) {
			t.Errorf("lint of %s: code %d, error %q, want %q", tc.args, got.code, got.err, tc.want)
		}
	}
}

// runningCluster returns the objects that Atoll builds for users, which has a database.
func runningCluster(t *testing.T) (input string, objects []client.Object) {
	t.Helper()
	input = strings.Replace(plain, "image: x", "image: x, database: {engine: PostgreSQL, migration: {command: [m]}}", 1)
	ms := service("users")
	ms.UID, ms.Spec.TopologyRef, ms.Spec.Image = "1-2-3", nil, "x"
	ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Migration: &v1alpha1.DatabaseMigration{Command: []string{"m"}}}
	objects = append(objects, ms)
	// The first pass builds the Secrets, whose content the hash of the pods covers.
	for range 2 {
		world := &offline.World{Live: true, Services: []*v1alpha1.Microservice{ms}}
		for _, o := range objects {
			if secret, ok := o.(*corev1.Secret); ok {
				secret.Data["password"] = []byte("hunter2")
				u, err := offline.ToUnstructured(secret)
				if err != nil {
					t.Fatal(err)
				}
				if err := world.Add(u); err != nil {
					t.Fatal(err)
				}
			}
		}
		built, err := world.BuildService(ms, true)
		if err != nil {
			t.Fatal(err)
		}
		objects = objects[:1]
		for _, o := range built.Objects {
			objects = append(objects, o.(client.Object))
		}
	}
	return input, objects
}

func TestDiffCommand(t *testing.T) {
	input, objects := runningCluster(t)
	t.Run("nothing differs", func(t *testing.T) {
		if got := runPlugin(t, fakeCluster(objects...), input, "diff", "-f", "-"); got.code != 0 || got.out != "" || got.err != "" {
			t.Errorf("got %+v, want nothing", got)
		}
	})
	t.Run("another image", func(t *testing.T) {
		got := runPlugin(t, fakeCluster(objects...), strings.Replace(input, "image: x", "image: x2", 1), "diff", "-f", "-")
		for _, want := range []string{"-      - image: x", "+++ wanted Job shop/users-migrate-", "--- live Job shop/users-migrate-", "-    atoll.dev/migrated: "} {
			if !strings.Contains(got.out, want) && !strings.Contains(got.out, strings.Replace(want, "- image", "  image", 1)) {
				t.Errorf("want %q in %+v", want, got)
			}
		}
		if got.code != 1 || strings.Contains(got.out, "hunter2") {
			t.Errorf("code %d, want 1, and no password in\n%s", got.code, got.out)
		}
	})
	t.Run("a removed database", func(t *testing.T) {
		got := runPlugin(t, fakeCluster(objects...), plain, "diff", "-f", "-")
		if got.code != 1 || !strings.Contains(got.out, "--- live StatefulSet shop/users-db\n") || strings.Contains(got.out, "hunter2") {
			t.Errorf("code %d, want 1, and the StatefulSet in\n%s", got.code, got.out)
		}
		if strings.Contains(got.out, "Secret shop/users-db") {
			t.Errorf("Secrets are kept with the data, but the diff deletes them:\n%s", got.out)
		}
	})
	t.Run("no permission to read Secrets", func(t *testing.T) {
		forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "", nil)
		c := interceptor.NewClient(fakeCluster(objects...), interceptor.Funcs{
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				if _, secrets := list.(*corev1.SecretList); secrets {
					return forbidden
				}
				return c.List(ctx, list, opts...)
			},
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				if _, secret := o.(*corev1.Secret); secret {
					return forbidden
				}
				return c.Get(ctx, key, o, opts...)
			}})
		if got := runPlugin(t, c, input, "diff", "-f", "-"); got.code != 0 || got.out != "" {
			t.Errorf("got %+v, want no differences", got)
		}
	})
	t.Run("an object of another owner", func(t *testing.T) {
		foreign := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "users", Labels: map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll}}}
		got := runPlugin(t, fakeCluster(foreign), plain, "diff", "-f", "-")
		if !strings.Contains(got.err, `note: Deployment "users" exists and does not belong to this Microservice or Topology; Atoll would not change it`) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestTerminal(t *testing.T) {
	if got := terminalOf(&bytes.Buffer{}); got != (terminal{}) {
		t.Errorf("the terminal of a buffer is %+v, want no width and no colour", got)
	}
	if got := wrap("one two three four", 10, "  "); got != "one two\n  three\n  four" {
		t.Errorf("wrapped as %q", got)
	}
}
