// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/names"
)

// simulate plays, in some namespaces and until the test ends, the controllers
// that envtest lacks: Deployments and StatefulSets become available, claims are
// made and bound, Gateways and routes accepted.
func simulate(namespaces ...string) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			for _, ns := range namespaces {
				if _, paused := pausedSimulations.Load(ns); !paused {
					simulateOnce(ctx, ns)
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	DeferCleanup(func() {
		cancel()
		<-done
	})
}

// pausedSimulations are the namespaces in which nothing is simulated for now.
var pausedSimulations sync.Map

// pause stops the simulation in a namespace until resume is called.
func pause(ns string) (resume func()) {
	pausedSimulations.Store(ns, true)
	return func() { pausedSimulations.Delete(ns) }
}

// simulateOnce ignores errors: what was changed in between is tried again.
func simulateOnce(ctx context.Context, ns string) {
	in := client.InNamespace(ns)
	deployments := &appsv1.DeploymentList{}
	_ = watched.List(ctx, deployments, in)
	for i := range deployments.Items {
		d := &deployments.Items[i]
		n := ptr.Deref(d.Spec.Replicas, 1)
		want := appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: n, UpdatedReplicas: n, ReadyReplicas: n, AvailableReplicas: n,
			Conditions: []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable"}}}
		if _, stuck := stuckRollouts.Load(ns); stuck && d.Status.ObservedGeneration == d.Generation {
			continue
		} else if stuck && d.Status.ObservedGeneration > 0 {
			// The Deployment's controller has made a pod that does not become ready.
			want = d.Status
			want.ObservedGeneration, want.Replicas, want.UpdatedReplicas = d.Generation, n+1, 1
			want.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "ReplicaSetUpdated"}}
		}
		if d.Status.ObservedGeneration != want.ObservedGeneration || d.Status.AvailableReplicas != want.AvailableReplicas || d.Status.Replicas != want.Replicas {
			d.Status = want
			_ = k8s.Status().Update(ctx, d)
		}
	}
	sets := &appsv1.StatefulSetList{}
	_ = watched.List(ctx, sets, in)
	for i := range sets.Items {
		simulateStatefulSet(ctx, &sets.Items[i])
	}
	jobs := &batchv1.JobList{}
	_ = watched.List(ctx, jobs, in)
	for i := range jobs.Items {
		simulateJob(ctx, &jobs.Items[i])
	}
	simulateClusters(ctx, in)
	gateways := &gatewayv1.GatewayList{}
	_ = k8s.List(ctx, gateways, in)
	for i := range gateways.Items {
		g := &gateways.Items[i]
		if accept(&g.Status.Conditions, g.Generation, "Accepted", "Programmed") {
			_ = k8s.Status().Update(ctx, g)
		}
	}
	routes := &gatewayv1.HTTPRouteList{}
	_ = k8s.List(ctx, routes, in)
	for i := range routes.Items {
		r := &routes.Items[i]
		if len(r.Status.Parents) == 0 {
			r.Status.Parents = []gatewayv1.RouteParentStatus{{ParentRef: r.Spec.ParentRefs[0], ControllerName: "example.com/simulated"}}
		}
		if accept(&r.Status.Parents[0].Conditions, r.Generation, "Accepted", "ResolvedRefs") {
			_ = k8s.Status().Update(ctx, r)
		}
	}
}

func simulateStatefulSet(ctx context.Context, set *appsv1.StatefulSet) {
	template := set.Spec.VolumeClaimTemplates[0]
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: template.Name + "-" + set.Name + "-0", Namespace: set.Namespace, Labels: template.Labels, Annotations: template.Annotations},
		Spec:       template.Spec,
	}
	if apierrors.IsNotFound(watched.Get(ctx, client.ObjectKeyFromObject(claim), &corev1.PersistentVolumeClaim{})) {
		_ = k8s.Create(ctx, claim)
	}
	n := ptr.Deref(set.Spec.Replicas, 1)
	want := appsv1.StatefulSetStatus{ObservedGeneration: set.Generation, Replicas: n, ReadyReplicas: n, UpdatedReplicas: n, AvailableReplicas: n}
	want.UpdateRevision = revisionOf(set)
	want.CurrentRevision = set.Status.CurrentRevision
	// Few tests make a pod. It keeps its revision until it is gone.
	pod := client.ObjectKey{Namespace: set.Namespace, Name: set.Name + "-0"}
	if want.CurrentRevision == "" || apierrors.IsNotFound(watched.Get(ctx, pod, &corev1.Pod{})) {
		want.CurrentRevision = want.UpdateRevision
	}
	if !equality.Semantic.DeepEqual(set.Status, want) {
		set.Status = want
		_ = k8s.Status().Update(ctx, set)
	}
}

// revisionOf names a pod template.
func revisionOf(set *appsv1.StatefulSet) string {
	text, err := json.Marshal(set.Spec.Template)
	if err != nil {
		return err.Error()
	}
	return names.Hash(string(text))
}

// stuckRollouts are the namespaces in which the rollout of a new pod template does not
// complete.
var stuckRollouts sync.Map

// sticks makes rollouts in a namespace stick from now on, until the test ends or release
// is called.
func sticks(ns string) (release func()) {
	stuckRollouts.Store(ns, true)
	release = func() { stuckRollouts.Delete(ns) }
	DeferCleanup(release)
	return release
}

// jobOutcome is what becomes of a Job that a test looks at.
type jobOutcome int

const (
	jobSucceeds jobOutcome = iota
	jobFails
	jobRuns
)

// jobRunners decide, by namespace, over what becomes of Jobs; where there is none
// they succeed. A runner is asked again for as long as the Job runs.
var jobRunners sync.Map

func runJobs(ns string, runner func(*batchv1.Job) jobOutcome) { jobRunners.Store(ns, runner) }

func simulateJob(ctx context.Context, job *batchv1.Job) {
	if len(job.Status.Conditions) > 0 || job.DeletionTimestamp != nil || ptr.Deref(job.Spec.Suspend, false) {
		return
	}
	outcome := jobSucceeds
	if runner, ok := jobRunners.Load(job.Namespace); ok {
		outcome = runner.(func(*batchv1.Job) jobOutcome)(job)
	}
	now := metav1.Now()
	job.Status.StartTime = &now
	set := func(t batchv1.JobConditionType) {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
			Type: t, Status: corev1.ConditionTrue, Reason: "Simulated", LastTransitionTime: now, LastProbeTime: now})
	}
	switch outcome {
	case jobRuns:
		return
	case jobFails:
		set(batchv1.JobFailureTarget)
		set(batchv1.JobFailed)
		job.Status.Failed = 1
	default:
		set(batchv1.JobSuccessCriteriaMet)
		set(batchv1.JobComplete)
		job.Status.Succeeded, job.Status.CompletionTime = 1, &now
	}
	_ = k8s.Status().Update(ctx, job)
}

// simulateClusters plays CloudNativePG: it answers for its Clusters, and makes
// the administrator's Secret.
func simulateClusters(ctx context.Context, in client.InNamespace) {
	clusters := &unstructured.UnstructuredList{}
	clusters.SetGroupVersionKind(database.ClusterKind)
	_ = k8s.List(ctx, clusters, in)
	for i := range clusters.Items {
		c := &clusters.Items[i]
		if phase, _, _ := unstructured.NestedString(c.Object, "status", "phase"); phase != "" {
			continue
		}
		_ = unstructured.SetNestedMap(c.Object, map[string]any{
			"phase":      "Cluster in healthy state",
			"conditions": []any{map[string]any{"type": "Ready", "status": "True"}},
		}, "status")
		_ = k8s.Status().Update(ctx, c)
	}
}

func accept(conditions *[]metav1.Condition, generation int64, types ...string) (changed bool) {
	for _, t := range types {
		changed = meta.SetStatusCondition(conditions, metav1.Condition{Type: t, Status: metav1.ConditionTrue, Reason: t, ObservedGeneration: generation}) || changed
	}
	return changed
}

// childLists are lists of every kind that Atoll makes.
func childLists() []client.ObjectList {
	return []client.ObjectList{
		&corev1.ServiceAccountList{}, &corev1.SecretList{}, &corev1.PersistentVolumeClaimList{}, &appsv1.StatefulSetList{},
		&corev1.ServiceList{}, &appsv1.DeploymentList{}, &autoscalingv2.HorizontalPodAutoscalerList{},
		&policyv1.PodDisruptionBudgetList{}, &networkingv1.NetworkPolicyList{}, &batchv1.JobList{}, &batchv1.CronJobList{}, &gatewayv1.HTTPRouteList{}, &gatewayv1.GRPCRouteList{}, &gatewayv1.GatewayList{},
	}
}

// everythingIn lists all that Atoll may have made in a namespace, and
// Microservices and Topologies themselves.
func everythingIn(ctx context.Context, ns string) []client.Object {
	GinkgoHelper()
	var found []client.Object
	for _, list := range append(childLists(), &v1alpha1.MicroserviceList{}, &v1alpha1.TopologyList{}) {
		Expect(k8s.List(ctx, list, client.InNamespace(ns))).To(Succeed())
		Expect(meta.EachListItem(list, func(o runtime.Object) error {
			found = append(found, o.(client.Object))
			return nil
		})).To(Succeed())
	}
	return found
}

// collectGarbage deletes what a deleted object owned, as Kubernetes'
// garbage collector would.
func collectGarbage(ctx context.Context, ns string, owner client.Object) {
	GinkgoHelper()
	for _, o := range everythingIn(ctx, ns) {
		if metav1.IsControlledBy(o, owner) {
			Expect(client.IgnoreNotFound(k8s.Delete(ctx, o))).To(Succeed())
		}
	}
}
