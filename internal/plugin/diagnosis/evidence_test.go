// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) metav1.Time { return metav1.NewTime(noon.Add(-d)) }

// world builds the evidence about the service orders, which is Ready at first.
type world struct{ *Evidence }

func newWorld(others ...*v1alpha1.Microservice) world {
	orders := service("orders")
	w := world{&Evidence{
		Microservice: orders, Services: append(others, orders), Now: noon,
		Gateways: map[string]*gatewayv1.Gateway{}, Classes: map[string]*gatewayv1.GatewayClass{}, Claims: map[string]*corev1.PersistentVolumeClaim{},
		Nodes: map[string]*corev1.Node{}, Callees: map[string]*corev1.Pod{}, Namespaces: map[string]map[string]string{},
		Events: map[types.UID][]corev1.Event{}, Logs: map[Log]string{},
	}}
	w.Graph = graph.Services{MemberOf: graph.TopologyOf, Find: func(namespace, name string) *v1alpha1.Microservice {
		for _, ms := range w.Services {
			if ms.Namespace == namespace && ms.Name == name {
				return ms
			}
		}
		return nil
	}}
	w.Deployments = []appsv1.Deployment{*deployment("orders")}
	w.Deployments[0].Labels[v1alpha1.LabelManagedBy] = v1alpha1.ManagedByAtoll
	w.ReplicaSets = []appsv1.ReplicaSet{{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders-1", UID: "orders-1", OwnerReferences: controlledBy("Deployment", "orders")}}}
	return w
}

func service(name string, calls ...v1alpha1.Dependency) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	ms.Spec = v1alpha1.MicroserviceSpec{Image: "example.com/" + name + ":1", Dependencies: calls}
	ms.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady}}
	return ms
}

// unready sets a condition of a service to False, and Ready with it where the
// condition decides Ready.
func unready(ms *v1alpha1.Microservice, condition, reason, message string) *v1alpha1.Microservice {
	c := metav1.Condition{Type: condition, Status: metav1.ConditionFalse, Reason: reason, Message: message}
	if decides(&c) {
		ready := c
		ready.Type = v1alpha1.ConditionReady
		ms.Status.Conditions[0] = ready
	}
	if condition != v1alpha1.ConditionReady {
		ms.Status.Conditions = append(ms.Status.Conditions, c)
	}
	return ms
}

func (w world) unready(condition, reason, message string) world {
	unready(w.Microservice, condition, reason, message)
	return w
}

func (w world) with(change func(e *Evidence)) world {
	change(w.Evidence)
	return w
}

func deployment(name string) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name), Labels: map[string]string{}},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](1), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.LabelMicroservice: name, v1alpha1.LabelComponent: v1alpha1.ComponentService}},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelMicroservice: name, v1alpha1.LabelComponent: v1alpha1.ComponentService}}},
		},
	}
}

func controlledBy(kind, name string) []metav1.OwnerReference {
	return []metav1.OwnerReference{{Kind: kind, Name: name, UID: types.UID(name), Controller: ptr.To(true)}}
}

// pod returns a pod of a component of orders, with one container that runs and is not
// ready.
func pod(name, component string, changes ...func(p *corev1.Pod)) corev1.Pod {
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: name, UID: types.UID(name), CreationTimestamp: ago(5 * time.Minute),
		Labels: map[string]string{v1alpha1.LabelMicroservice: "orders", v1alpha1.LabelComponent: component},
	}}
	switch component {
	case v1alpha1.ComponentService:
		p.OwnerReferences = controlledBy("ReplicaSet", "orders-1")
	case v1alpha1.ComponentDatabase:
	default:
		p.Labels[batchv1.JobNameLabel] = "orders-" + component
	}
	p.Spec = corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{{Name: "orders", Image: "example.com/orders:1",
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}}}}
	p.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.1.0.7", ContainerStatuses: []corev1.ContainerStatus{{
		Name: "orders", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: ago(5 * time.Minute)}}}}}
	for _, change := range changes {
		change(&p)
	}
	return p
}

func ready(p *corev1.Pod) {
	p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
	for i := range p.Status.ContainerStatuses {
		p.Status.ContainerStatuses[i].Ready = true
	}
}

func waits(reason, message string) func(p *corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	}
}

// crashed sets the last exit, a minute ago, and the number of restarts.
func crashed(restarts int32, reason string, code int32) func(p *corev1.Pod) {
	return crashedAgo(time.Minute, restarts, reason, code)
}

// crashedAgo is crashed at another time. A running container has run since.
func crashedAgo(age time.Duration, restarts int32, reason string, code int32) func(p *corev1.Pod) {
	return func(p *corev1.Pod) {
		status := &p.Status.ContainerStatuses[0]
		status.RestartCount = restarts
		status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code, StartedAt: ago(age + time.Minute), FinishedAt: ago(age)}
		if status.State.Running != nil {
			status.State.Running.StartedAt = ago(age)
		}
	}
}

func failed(message string) func(p *corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodFailed
		p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Error", ExitCode: 1, Message: message, FinishedAt: ago(time.Minute)}}
	}
}

func unscheduled(message string) func(p *corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.NodeName, p.Status.Phase, p.Status.ContainerStatuses = "", corev1.PodPending, nil
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: message}}
	}
}

func requests(of corev1.ResourceName, quantity string) func(p *corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{of: resource.MustParse(quantity)}
	}
}

func limits(of corev1.ResourceName, quantity string) func(p *corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Containers[0].Resources.Limits = corev1.ResourceList{of: resource.MustParse(quantity)}
	}
}

func mounts(claim string) func(p *corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}}
	}
}

func probed(path string) func(p *corev1.Pod) {
	return func(p *corev1.Pod) {
		probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("http")}}}
		p.Spec.Containers[0].ReadinessProbe, p.Spec.Containers[0].LivenessProbe = probe, probe
	}
}

func (w world) pods(all ...corev1.Pod) world {
	w.Pods = append(w.Pods, all...)
	return w
}

func (w world) event(about types.UID, reason, message string) world {
	return w.eventAgo(time.Second, about, reason, message)
}

// eventAgo adds an earlier event. Add the latest event last.
func (w world) eventAgo(age time.Duration, about types.UID, reason, message string) world {
	w.Events[about] = append(w.Events[about], corev1.Event{Reason: reason, Message: message, LastTimestamp: ago(age),
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: string(about)}})
	return w
}

func (w world) log(pod string, previous bool, text string) world {
	w.Logs[Log{pod, "orders", previous}] = text
	return w
}

func (w world) database() world {
	w.Microservice.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
	w.StatefulSet = &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders-db", UID: "orders-db", CreationTimestamp: ago(time.Hour)}}
	return w
}

func (w world) job(part Part, condition batchv1.JobConditionType) world {
	job := batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders-" + string(part), UID: types.UID("orders-" + string(part)),
		Labels: map[string]string{v1alpha1.LabelComponent: string(part)}}}
	if condition != "" {
		job.Status = batchv1.JobStatus{Failed: 3, Conditions: []batchv1.JobCondition{{Type: condition, Status: corev1.ConditionTrue}}}
	}
	w.Jobs = append(w.Jobs, job)
	return w
}

// deleted sets a deletion that some finalizers hold. The operator has not observed
// the last generation.
func (w world) deleted(finalizers ...string) world {
	ms := w.Microservice
	ms.UID, ms.Generation, ms.DeletionTimestamp, ms.Finalizers = "orders", 2, ptr.To(ago(20*time.Minute)), finalizers
	ms.Status.Conditions[0].ObservedGeneration = 1
	w.Deployments[0].OwnerReferences = []metav1.OwnerReference{{UID: ms.UID, BlockOwnerDeletion: ptr.To(true)}}
	return w
}

func (w world) calls(dependencies ...v1alpha1.Dependency) world {
	w.Microservice.Spec.Dependencies = dependencies
	return w
}

func (w world) undeployed() world {
	w.Deployments, w.ReplicaSets = nil, nil
	return w
}

func claim(name, class string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)},
		Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: &class}, Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}}
}

func node(cordoned bool, status corev1.ConditionStatus) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}, Spec: corev1.NodeSpec{Unschedulable: cordoned}, Status: corev1.NodeStatus{
		NodeInfo:   corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: "arm64"},
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status, Reason: "NodeStatusUnknown", Message: "Kubelet stopped posting node status."}},
	}}
}

func budget(name string, allowed int32) policyv1.PodDisruptionBudget {
	return policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec:   policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.LabelMicroservice: "orders"}}},
		Status: policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: allowed, CurrentHealthy: 1, DesiredHealthy: 1, ExpectedPods: 2}}
}

func gateway(accepted metav1.ConditionStatus) *gatewayv1.Gateway {
	g := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop"}, Spec: gatewayv1.GatewaySpec{GatewayClassName: "traefik"}}
	for _, t := range []gatewayv1.GatewayConditionType{gatewayv1.GatewayConditionAccepted, gatewayv1.GatewayConditionProgrammed} {
		if accepted != metav1.ConditionUnknown {
			g.Status.Conditions = append(g.Status.Conditions, metav1.Condition{Type: string(t), Status: accepted, Reason: "Invalid"})
		}
	}
	return g
}

func (w world) routed(g *gatewayv1.Gateway, class *gatewayv1.GatewayClass, parents ...metav1.Condition) world {
	w.Microservice.Spec.Routes = []v1alpha1.Route{{Path: "/"}}
	w.Gateways["shop/shop"], w.Classes["traefik"] = g, class
	route := gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Name: "orders"}, Spec: gatewayv1.HTTPRouteSpec{Hostnames: []gatewayv1.Hostname{"orders.example.com"}}}
	if len(parents) > 0 {
		route.Status.Parents = []gatewayv1.RouteParentStatus{{ParentRef: gatewayv1.ParentReference{Name: "shop"}, Conditions: parents}}
	}
	w.HTTPRoutes = []gatewayv1.HTTPRoute{route}
	return w
}

func policy(name string, about string, spec networkingv1.NetworkPolicySpec) networkingv1.NetworkPolicy {
	spec.PodSelector = metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.LabelMicroservice: about}}
	return networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Spec: spec}
}
