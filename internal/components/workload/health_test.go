// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

const notPulled = `Image "orders:1" of container "orders" cannot be pulled: the registry does not have it; to fix: correct image, or push the image`

// rolling gives a Deployment a rolling update that may remove some pods first.
func rolling(d *appsv1.Deployment, unavailable int32) *appsv1.Deployment {
	d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxUnavailable: ptr.To(intstr.FromInt32(unavailable))}
	return d
}

func withRemedy(m condition.Message, more string) condition.Message {
	m.Remedy += more
	return m
}

func TestDeploymentHealth(t *testing.T) {
	updating := condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true, Message: condition.ParseMessage(`Deployment "orders" is being updated`)}
	rollingOut := condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true, Message: condition.ParseMessage(`Deployment "orders" is rolling out`)}
	tooFew := condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true, Message: condition.ParseMessage(`Deployment "orders" has fewer ready pods than desired; to fix: wait; if it stays so, check probes and the service's log (kubectl logs -n shop -l atoll.dev/microservice=orders,app.kubernetes.io/component=service --all-containers --prefix --tail=50)`)}
	ready := condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage("All pods are available")}
	late := appsv1.DeploymentCondition{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded"}

	live := func(replicas int32, status appsv1.DeploymentStatus) *appsv1.Deployment {
		status.ObservedGeneration = 3
		return &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: "orders", Generation: 3},
			Spec:       appsv1.DeploymentSpec{Replicas: &replicas},
			Status:     status,
		}
	}
	for name, tc := range map[string]struct {
		ms         *v1alpha1.Microservice
		pods       []corev1.Pod
		live       kube.Object
		wantHealth condition.Health
	}{
		"a Deployment that does not exist yet is progressing": {ms: inputstest.Orders(), wantHealth: updating},
		"a typed nil does not exist":                          {ms: inputstest.Orders(), live: (*appsv1.Deployment)(nil), wantHealth: updating},
		"a status of an older generation does not count": {
			ms: inputstest.Orders(),
			live: &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Generation: 4}, Spec: appsv1.DeploymentSpec{Replicas: ptr.To[int32](2)},
				Status: appsv1.DeploymentStatus{ObservedGeneration: 3, Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2}},
			wantHealth: updating,
		},
		"all pods updated and available is ready": {
			ms: inputstest.Orders(), live: live(2, appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2}), wantHealth: ready,
		},
		"no pods by choice is ready": {
			ms:   inputstest.Orders(func(ms *v1alpha1.Microservice) { ms.Spec.Scaling = &v1alpha1.Scaling{Replicas: ptr.To[int32](0)} }),
			live: live(0, appsv1.DeploymentStatus{}), wantHealth: ready,
		},
		"old pods that serve don't make a rollout ready": {
			ms: inputstest.Orders(), live: live(2, appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 1, AvailableReplicas: 2}), wantHealth: rollingOut,
		},
		"an old pod that is still there keeps Ready false": {
			ms: inputstest.Orders(), live: live(2, appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 2, AvailableReplicas: 3}), wantHealth: rollingOut,
		},
		"too few available pods of the right version": {
			ms: inputstest.Orders(), live: live(2, appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 1}), wantHealth: tooFew,
		},
		"suspended is neither ready nor on its way": {
			ms: inputstest.Orders(inputstest.Suspended), live: live(0, appsv1.DeploymentStatus{}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The service is suspended; to fix: set suspend to false to start it")},
		},
		"pods that the API server refuses stall": {
			ms: inputstest.Orders(),
			live: live(2, appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{
				{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "exceeded quota: none"}}}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonPodsRefused, Stalled: true, Message: condition.ParseMessage(`Deployment "orders" cannot create pods: exceeded quota: none; to fix: raise the namespace's ResourceQuota, or request less`)},
		},
		"a new pod that fits no node because of the old ones": {
			ms:   inputstest.Orders(),
			pods: []corev1.Pod{inputstest.Unschedulable("0/1 nodes are available: 1 Insufficient example.com/gpu.")},
			live: rolling(live(4, appsv1.DeploymentStatus{Replicas: 5, UpdatedReplicas: 1, AvailableReplicas: 4}), 0),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonUnschedulable, Progressing: true, Message: withRemedy(
				podfailure.Worst([]corev1.Pod{inputstest.Unschedulable("0/1 nodes are available: 1 Insufficient example.com/gpu.")}, v1alpha1.ComponentService).Message,
				"let an old pod make room: set rollout.maxSurge to 0 and rollout.maxUnavailable to 1")},
		},
		"a new pod that fits no node although old ones may go": {
			ms:   inputstest.Orders(),
			pods: []corev1.Pod{inputstest.Unschedulable("0/1 nodes are available: 1 Insufficient example.com/gpu.")},
			live: rolling(live(4, appsv1.DeploymentStatus{Replicas: 4, UpdatedReplicas: 1, AvailableReplicas: 3}), 1),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonUnschedulable, Progressing: true,
				Message: podfailure.Worst([]corev1.Pod{inputstest.Unschedulable("0/1 nodes are available: 1 Insufficient example.com/gpu.")}, v1alpha1.ComponentService).Message},
		},
		"a refusal that is over does not count": {
			ms: inputstest.Orders(),
			live: live(2, appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2, Conditions: []appsv1.DeploymentCondition{
				{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionFalse}}}),
			wantHealth: ready,
		},
		"a failure of a pod comes before too few pods": {
			ms: inputstest.Orders(), pods: []corev1.Pod{inputstest.Pulling(v1alpha1.ComponentService)},
			live:       live(2, appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 2}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Stalled: true, Message: condition.ParseMessage(notPulled)},
		},
		"a pod of the database is not the service's": {
			ms: inputstest.Orders(), pods: []corev1.Pod{inputstest.Pulling(v1alpha1.ComponentDatabase)},
			live: live(2, appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 2}), wantHealth: tooFew,
		},
		"a broken pod does not matter where enough are available": {
			ms: inputstest.Orders(), pods: []corev1.Pod{inputstest.Pulling(v1alpha1.ComponentService)},
			live: live(2, appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2}), wantHealth: ready,
		},
		"a broken pod of an earlier template does not matter": {
			ms: inputstest.Orders(), pods: []corev1.Pod{inputstest.Pulling(v1alpha1.ComponentService)},
			live: live(2, appsv1.DeploymentStatus{Replicas: 1}), wantHealth: rollingOut,
		},
		"the pod that does not become ready is not named": {
			ms: inputstest.Orders(), pods: []corev1.Pod{inputstest.WaitingPod(v1alpha1.ComponentService, "", "")},
			live: live(2, appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 1, Conditions: []appsv1.DeploymentCondition{late}}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonUnavailable, Stalled: true,
				Message: condition.ParseMessage(`Deployment "orders" has pods that run and do not become ready; to fix: check probes and the service's log (kubectl logs -n shop -l atoll.dev/microservice=orders,app.kubernetes.io/component=service --all-containers --prefix --tail=50)`)},
		},
		"a crash stalls once the deadline has passed": {
			ms: inputstest.Orders(), pods: []corev1.Pod{inputstest.Crashing("Error", 1)},
			live: live(2, appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 2, Conditions: []appsv1.DeploymentCondition{late}}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonCrashLooping, Stalled: true,
				Message: condition.ParseMessage(`Container "orders" keeps crashing; last exit code 1; to fix: see kubectl logs -n shop -l atoll.dev/microservice=orders,app.kubernetes.io/component=service -c orders --previous --ignore-errors --prefix --tail=50`)},
		},
		"pods that run and don't become ready stall once the deadline has passed": {
			ms: inputstest.Orders(), live: live(2, appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 2, Conditions: []appsv1.DeploymentCondition{late}}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonUnavailable, Stalled: true,
				Message: condition.ParseMessage(`Deployment "orders" has pods that run and do not become ready; to fix: check probes and the service's log (kubectl logs -n shop -l atoll.dev/microservice=orders,app.kubernetes.io/component=service --all-containers --prefix --tail=50)`)},
		},
		"pods that an autoscaler has just asked for don't make it unready": {
			ms: inputstest.Orders(inputstest.Autoscaled(2, 10)), live: live(8, appsv1.DeploymentStatus{Replicas: 8, UpdatedReplicas: 8, AvailableReplicas: 2}), wantHealth: ready,
		},
		"an autoscaled service below its minimum is not ready": {
			ms: inputstest.Orders(inputstest.Autoscaled(3, 10)), live: live(8, appsv1.DeploymentStatus{Replicas: 8, UpdatedReplicas: 8, AvailableReplicas: 2}), wantHealth: tooFew,
		},
		"an autoscaled rollout is not ready before its end": {
			ms: inputstest.Orders(inputstest.Autoscaled(2, 10)), live: live(4, appsv1.DeploymentStatus{Replicas: 5, UpdatedReplicas: 3, AvailableReplicas: 5}), wantHealth: rollingOut,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := DeploymentHealth(&inputs.Inputs{Microservice: tc.ms, Pods: tc.pods}, tc.live)
			if diff := cmp.Diff(tc.wantHealth, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAutoscalerHealth(t *testing.T) {
	live := func(conditions ...autoscalingv2.HorizontalPodAutoscalerCondition) kube.Object {
		return &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Name: "orders"},
			Status: autoscalingv2.HorizontalPodAutoscalerStatus{Conditions: conditions}}
	}
	inactive := func(reason string) kube.Object {
		return live(
			autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionTrue},
			autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionFalse, Reason: reason, Message: "took 3.2 s"})
	}
	can := condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage("The autoscaler is able to scale")}
	cannot := func(advice string) condition.Health {
		return condition.Health{Reason: v1alpha1.ReasonUnavailable, Message: condition.ParseMessage(`HorizontalPodAutoscaler "orders" can't scale: ` + advice)}
	}
	for name, tc := range map[string]struct {
		live       kube.Object
		wantHealth condition.Health
	}{
		"an autoscaler that does not exist yet is progressing": {wantHealth: condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true, Message: condition.ParseMessage(`HorizontalPodAutoscaler "orders" is being created`)}},
		"able and active works": {live: live(
			autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionTrue},
			autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue}), wantHealth: can},
		"at its limit it works too": {live: live(
			autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.ScalingLimited, Status: corev1.ConditionFalse}), wantHealth: can},
		"without metrics-server, says so": {live: inactive("FailedGetResourceMetric"),
			wantHealth: cannot("FailedGetResourceMetric; to fix: check that metrics-server runs and that resources.requests are set")},
		"at zero pods it is off": {live: inactive("ScalingDisabled"), wantHealth: cannot("ScalingDisabled; to fix: scale the Deployment to at least one replica")},
		"a wrong metric is the user's": {live: inactive("InvalidMetricSourceType"),
			wantHealth: cannot("InvalidMetricSourceType; to fix: correct scaling.autoscale.metrics")},
		"a metric's source is down": {live: inactive("FailedGetExternalMetric"),
			wantHealth: cannot("FailedGetExternalMetric; to fix: check that the source of the metrics in scaling.autoscale.metrics runs")},
		"another reason is passed on without its figures": {live: inactive("SomethingNew"), wantHealth: cannot("SomethingNew")},
		"not able to scale comes before not active": {live: live(
			autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionFalse, Reason: "ScalingDisabled"},
			autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionFalse, Reason: "FailedGetScale"}),
			wantHealth: cannot("FailedGetScale")},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.wantHealth, AutoscalerHealth(&inputs.Inputs{Microservice: inputstest.Orders()}, tc.live)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDependencyHealth(t *testing.T) {
	callee := func(name string, ready metav1.ConditionStatus) *v1alpha1.Microservice {
		ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: inputstest.Orders().Namespace}}
		if ready != "" {
			ms.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: ready}}
		}
		return ms
	}
	for name, tc := range map[string]struct {
		callees      []*v1alpha1.Microservice
		dependencies []v1alpha1.Dependency
		wantHealth   *condition.Health
		wantResolved bool
	}{
		"no dependencies, no condition": {wantResolved: true},
		"all of them ready": {
			dependencies: []v1alpha1.Dependency{{Name: "users"}, {Name: "stock"}},
			callees:      []*v1alpha1.Microservice{callee("users", metav1.ConditionTrue), callee("stock", metav1.ConditionTrue)},
			wantHealth:   &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage("All dependencies are ready")}, wantResolved: true,
		},
		"unready ones are named and don't keep the edge from resolving": {
			dependencies: []v1alpha1.Dependency{{Name: "users"}, {Name: "stock"}, {Name: "mail"}},
			callees: []*v1alpha1.Microservice{callee("users", metav1.ConditionFalse), callee("stock", metav1.ConditionTrue),
				callee("mail", "")},
			wantHealth:   &condition.Health{Reason: v1alpha1.ReasonDependencyNotReady, Progressing: true, Message: condition.ParseMessage("Dependencies are not ready: users, mail")},
			wantResolved: true,
		},
		"an optional one that is not ready is named and is no fault": {
			dependencies: []v1alpha1.Dependency{{Name: "users"}, {Name: "mail", Optional: ptr.To(true)}},
			callees:      []*v1alpha1.Microservice{callee("users", metav1.ConditionTrue), callee("mail", metav1.ConditionFalse)},
			wantHealth: &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady,
				Message: condition.ParseMessage("All required dependencies are ready; optional ones are not: mail")}, wantResolved: true,
		},
		"an optional one beside a required one that is not ready": {
			dependencies: []v1alpha1.Dependency{{Name: "users"}, {Name: "mail", Optional: ptr.To(true)}},
			callees:      []*v1alpha1.Microservice{callee("users", metav1.ConditionFalse), callee("mail", metav1.ConditionFalse)},
			wantHealth:   &condition.Health{Reason: v1alpha1.ReasonDependencyNotReady, Progressing: true, Message: condition.ParseMessage("Dependencies are not ready: users")}, wantResolved: true,
		},
		"an optional one that does not exist is reported": {
			dependencies: []v1alpha1.Dependency{{Name: "absent", Optional: ptr.To(true)}},
			wantHealth: &condition.Health{Reason: v1alpha1.ReasonDependencyNotFound, Progressing: true,
				Message: condition.ParseMessage(`Microservice "absent" does not exist in this namespace; to fix: create it, or remove it from dependencies`)},
		},
		"a missing one comes before an unready one": {
			dependencies: []v1alpha1.Dependency{{Name: "users"}, {Name: "stock"}},
			callees:      []*v1alpha1.Microservice{callee("users", metav1.ConditionFalse)},
			wantHealth: &condition.Health{Reason: v1alpha1.ReasonDependencyNotFound, Progressing: true,
				Message: condition.ParseMessage(`Microservice "stock" does not exist in this namespace; to fix: create it, or remove it from dependencies`)},
		},
		"a port that is not there does not resolve": {
			dependencies: []v1alpha1.Dependency{{Name: "users", Port: "grpc"}},
			callees:      []*v1alpha1.Microservice{callee("users", metav1.ConditionTrue)},
			wantHealth: &condition.Health{Reason: v1alpha1.ReasonPortNotFound, Progressing: true,
				Message: condition.ParseMessage(`Microservice "users" has no port "grpc"; to fix: correct dependencies[].port`)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders(func(ms *v1alpha1.Microservice) { ms.Spec.Dependencies = tc.dependencies })
			in := &inputs.Inputs{Microservice: ms, Edges: graph.Resolve(ms, (&inputstest.World{Services: tc.callees}).Found())}
			health := DependencyHealth(in)
			if diff := cmp.Diff(tc.wantHealth, health); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			decides := health != nil && !health.Ready && condition.DecidesReady(v1alpha1.ConditionDependenciesReady, health.Reason)
			if decides == tc.wantResolved {
				t.Errorf("the condition decides Ready: %t, want %t", decides, !tc.wantResolved)
			}
		})
	}
}

func TestMessageNamesAllUnresolvedDependencies(t *testing.T) {
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
	problem := UnresolvedDependencies(in)
	if problem == nil || problem.Reason != v1alpha1.ReasonDependencyNotFound ||
		!strings.Contains(problem.Message.String(), `"absent"`) || !strings.Contains(problem.Message.String(), `"gone"`) || strings.Contains(problem.Message.String(), `"users"`) {
		t.Errorf("the report is %+v", problem)
	}
}
