// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/plugin/diagnosis"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// stopped is a topology in which a database does not start: payments calls orders,
// which waits for users.
func topologyWithDownDatabase() []client.Object {
	payments := service("payments", "orders")
	payments.Status.Conditions = append(payments.Status.Conditions,
		condition(v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotReady, "Dependencies are not ready: orders"))
	orders := service("orders", "users")
	orders.Spec.Dependencies[0].Startup = v1alpha1.StartupWait
	const waits = "The first rollout waits for users to be Ready (dependencies[].startup)"
	orders.Status.Conditions = []metav1.Condition{
		condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotReady, waits),
		condition(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonDependencyNotReady, waits),
		condition(v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotReady, waits),
		condition(v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotReady, waits),
		condition(v1alpha1.ConditionConnectionsSufficient, metav1.ConditionFalse, v1alpha1.ReasonTooFewConnections,
			"(4 pods + 1 during a rollout) × 25 connections (database.pool) = 125, of 97; to fix: lower database.pool or the number of pods"),
	}
	users := withDatabase(service("users"))
	const crashes = `Container "database" keeps crashing; last exit code 1; to fix: see kubectl logs statefulset/users-db -c database --previous`
	users.Status.Conditions = []metav1.Condition{
		condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonCrashLooping, crashes),
		condition(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonCrashLooping, crashes),
		condition(v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonCrashLooping, crashes),
	}
	labels := map[string]string{v1alpha1.LabelMicroservice: "users", v1alpha1.LabelComponent: v1alpha1.ComponentDatabase}
	return []client.Object{
		&v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop"}}, payments, orders, users,
		&appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "users-db", UID: "users-db", CreationTimestamp: metav1.NewTime(noon.Add(-time.Hour))}},
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "users-db-0", UID: "users-db-0", Labels: labels},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "database"}}},
			Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{Name: "database", RestartCount: 7,
				State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
				LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Error", ExitCode: 1, FinishedAt: metav1.NewTime(noon)}}}}}},
	}
}

// unpullable is a service whose image can't be pulled.
func serviceWithBadImage() []client.Object {
	ms := service("web")
	const message = `Image "web:nope" of container "web" cannot be pulled: the registry does not have it; to fix: correct image, or push the image`
	ms.Status.Conditions = []metav1.Condition{
		condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonImagePullFailed, message),
		condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonImagePullFailed, message),
		condition(v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonImagePullFailed, message),
	}
	labels := map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: "web", v1alpha1.LabelComponent: v1alpha1.ComponentService}
	owner := func(kind, name string) []metav1.OwnerReference {
		return []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name, UID: types.UID(name), Controller: ptr.To(true)}}
	}
	return []client.Object{ms,
		&v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop"}},
		&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "web", Labels: labels},
			Spec:   appsv1.DeploymentSpec{Replicas: ptr.To[int32](2), Selector: &metav1.LabelSelector{MatchLabels: labels}},
			Status: appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 1, ReadyReplicas: 2}},
		&appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-2", UID: "web-2", Labels: labels, OwnerReferences: owner("Deployment", "web")}},
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-2-x", UID: "web-2-x", Labels: labels, OwnerReferences: owner("ReplicaSet", "web-2")},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "web:nope"}}},
			Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{Name: "web",
				State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "Back-off pulling image: not found"}}}}}},
		&corev1.Event{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "1"}, InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "web-2-x", UID: "web-2-x"},
			Reason: "Failed", Message: `Failed to pull image "web:nope": rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/web:nope": not found`},
	}
}

// observed is a cluster whose events can be found as in a real one.
func clusterWithEvents(objects ...client.Object) client.WithWatch {
	return fake.NewClientBuilder().WithScheme(offline.Scheme).WithObjects(objects...).
		WithIndex(&corev1.Event{}, eventObjectUID, func(o client.Object) []string { return []string{string(o.(*corev1.Event).InvolvedObject.UID)} }).Build()
}

// logsOf are logs by pod.
func logsOf(logs map[string]string) logReader {
	return func(_ context.Context, _ string, log diagnosis.Log) (string, error) { return logs[log.Pod], nil }
}

func runWhy(t *testing.T, c client.WithWatch, logs logReader, on terminal, args ...string) commandResult {
	t.Helper()
	t.Setenv("KUBECONFIG", os.DevNull)
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	p := &plugin{IOStreams: onScreen(streams), flags: genericclioptions.NewConfigFlags(false), terminal: on, logs: logs}
	p.flags.Namespace = ptr.To("shop")
	p.connect = func() (client.WithWatch, error) { return c, nil }
	p.now = func() time.Time { return noon }
	command := newCommand(p)
	command.SetArgs(append([]string{"why"}, args...))
	code := exitCode(command.ExecuteContext(t.Context()), streams)
	return commandResult{code, out.String(), errOut.String()}
}

var databaseLog = logsOf(map[string]string{"users-db-0": "2026-05-04 11:59:58.001 UTC [1] FATAL:  could not access file \"no_such_library\": No such file or directory\n" +
	"2026-05-04 11:59:58.002 UTC [1] LOG:  database system is shut down\n" + strings.Repeat("a line that is longer than any terminal is wide, and that is cut at its end ", 5) + "\n"})

func TestWhyCommand(t *testing.T) {
	black := terminal{width: 80}
	for name, tc := range map[string]struct {
		objects []client.Object
		args    []string
		on      terminal
		code    int
	}{
		"why-path.txt":         {topologyWithDownDatabase(), []string{"payments"}, black, 1},
		"why-waits.txt":        {topologyWithDownDatabase(), []string{"orders"}, black, 1},
		"why-image.txt":        {serviceWithBadImage(), []string{"web"}, black, 1},
		"why-image-colour.txt": {serviceWithBadImage(), []string{"web"}, terminal{width: 80, colour: true}, 1},
		"why-narrow.txt":       {topologyWithDownDatabase(), []string{"payments"}, terminal{width: 50}, 1},
		"why-well.txt":         {[]client.Object{service("stock")}, []string{"stock"}, black, 0},
		"why-path.json":        {topologyWithDownDatabase(), []string{"payments", "-o", "json"}, black, 1},
	} {
		t.Run(name, func(t *testing.T) {
			// Atoll runs, or that would be reported too.
			atoll := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "atoll-system", Name: "atoll", Labels: map[string]string{v1alpha1.LabelName: "atoll", "control-plane": "controller-manager"}},
				Status: appsv1.DeploymentStatus{ReadyReplicas: 1}}
			got := runWhy(t, clusterWithEvents(append(tc.objects, atoll)...), databaseLog, tc.on, tc.args...)
			if got.code != tc.code || got.err != "" {
				t.Errorf("it ends with %d and %q, want %d", got.code, got.err, tc.code)
			}
			golden(t, name, got.out)
			for _, line := range strings.Split(got.out, "\n") {
				if !tc.on.colour && len(tc.args) == 1 && len([]rune(line)) > tc.on.width {
					t.Errorf("a line is wider than the terminal: %s", line)
				}
			}
		})
	}
}

func TestWhyErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		args    []string
		wantErr string
	}{
		"a service that is not there": {[]string{"stock"}, "error: no Microservice \"stock\" in namespace \"shop\"\n"},
		"another output":              {[]string{"orders", "-o", "yaml"}, "error: invalid value \"yaml\" for -o; the only format is json\n"},
		"no name":                     {nil, "error: expected one Microservice name; run kubectl atoll why NAME\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := runWhy(t, clusterWithEvents(topologyWithDownDatabase()...), databaseLog, terminal{}, tc.args...); got.code != 2 || got.err != tc.wantErr {
				t.Errorf("got %+v, want 2 and %q", got, tc.wantErr)
			}
		})
	}
	t.Run("a request that fails", func(t *testing.T) {
		c := interceptor.NewClient(clusterWithEvents(topologyWithDownDatabase()...), interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if _, pods := list.(*corev1.PodList); pods {
				return errors.New("the line is dead")
			}
			return c.List(ctx, list, opts...)
		}})
		if got := runWhy(t, c, databaseLog, terminal{}, "users"); got.code != 2 || got.err != "error: reading Pods: the line is dead\n" {
			t.Errorf("got %+v", got)
		}
	})
}

// TestWhyWithFewRights is about who may read little: the rest is reported all the same.
func TestWhyWithFewRights(t *testing.T) {
	forbidden := func(what string) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: what}, "", nil)
	}
	c := interceptor.NewClient(clusterWithEvents(topologyWithDownDatabase()...), interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			switch list.(type) {
			case *v1alpha1.MicroserviceList, *corev1.PodList:
				return c.List(ctx, list, opts...)
			}
			return forbidden("things")
		},
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return forbidden("things")
		},
	})
	logs := func(context.Context, string, diagnosis.Log) (string, error) { return "", forbidden("pods/log") }
	got := runWhy(t, c, logs, terminal{width: 80}, "payments")
	if got.code != 1 || got.err != "" {
		t.Fatalf("it ends with %d and %q", got.code, got.err)
	}
	golden(t, "why-few-rights.txt", got.out)
	report := &diagnosis.Report{}
	if err := json.Unmarshal([]byte(runWhy(t, c, logs, terminal{}, "payments", "-o", "json").out), report); err != nil {
		t.Fatal(err)
	}
	if report.Root.Fault != "CrashLoop" || len(report.Unread) < 8 {
		t.Errorf("root is %s, and not read is %q", report.Root.Fault, report.Unread)
	}
}

// TestFirstBackup checks that a service whose first backup is not due yet is no reason for alarm.
func TestFirstBackup(t *testing.T) {
	ms := withDatabase(service("users"))
	ms.Spec.Database.Backup = &v1alpha1.DatabaseBackup{Schedule: "30 1 * * *"}
	ms.Status.Database.LastBackup = nil
	ms.Status.Conditions = []metav1.Condition{
		condition(v1alpha1.ConditionReady, metav1.ConditionTrue, "Ready", "The service is ready"),
		condition(v1alpha1.ConditionBackupReady, metav1.ConditionFalse, v1alpha1.ReasonNoBackup,
			`No backup exists yet; the first one is due by schedule "30 1 * * *" (UTC); to fix: create a backup now with kubectl create job -n shop --from=cronjob/users-backup users-backup-now`),
	}
	manager := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "atoll-system", Name: "manager", Labels: managerLabels}, Status: appsv1.DeploymentStatus{ReadyReplicas: 1, AvailableReplicas: 1}}
	got := runPlugin(t, fakeCluster(ms, manager), "", "why", "users")
	if got.code != 0 {
		t.Errorf("the exit code is %d, want 0", got.code)
	}
	golden(t, "why-first-backup.txt", got.out)
	if got := runPlugin(t, fakeCluster(ms), "", "status", "users"); !strings.Contains(got.out, "first backup due at 2026-05-05 01:30 UTC (schedule 30 1 * * *)\n") {
		t.Errorf("status shows\n%s", got.out)
	}
}
