// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/output"
	"github.com/atoll-dev/atoll/internal/plugin/diagnosis"
)

const (
	// operatorName and operatorRole are labels of Atoll's own Deployment.
	operatorName, operatorRole = "atoll", "controller-manager"
	// eventObjectUID is the field that selects the events of an object.
	eventObjectUID = "involvedObject.uid"
)

// gatherer reads the evidence about services.
type gatherer struct {
	client    client.Reader
	logs      logReader
	now       func() time.Time
	inventory *inventory
}

// readEvidence reads all objects that may show the cause of a service's fault.
func (g *gatherer) readEvidence(ctx context.Context, of types.NamespacedName) (*diagnosis.Evidence, error) {
	ms, err := g.inventory.find(of.Namespace, of.Name)
	if err != nil {
		return nil, err
	}
	r := &evidenceReader{gatherer: g, namespace: ms.Namespace,
		byService: []client.ListOption{client.InNamespace(ms.Namespace), client.MatchingLabels{v1alpha1.LabelMicroservice: ms.Name}},
		evidence: &diagnosis.Evidence{
			Microservice: ms, Services: g.inventory.all, Graph: g.neighbours(ms), Now: g.now(),
			Gateways: map[string]*gatewayv1.Gateway{}, Classes: map[string]*gatewayv1.GatewayClass{}, Claims: map[string]*corev1.PersistentVolumeClaim{},
			Nodes: map[string]*corev1.Node{}, Callees: map[string]*corev1.Pod{}, Namespaces: map[string]map[string]string{},
			Events: map[types.UID][]corev1.Event{}, Logs: map[diagnosis.Log]string{},
		}}
	r.runConcurrently(
		func() { r.readWorkload(ctx) }, func() { r.readPods(ctx) }, func() { r.readDatabase(ctx) }, func() { r.readRoutes(ctx) },
		func() { r.readLimitsAndPolicies(ctx) }, func() { r.readCallees(ctx) }, func() { r.readOperator(ctx) },
	)
	// The next reads depend on the pods.
	r.runConcurrently(func() { r.readNodesAndClaims(ctx) }, func() { r.readEvents(ctx) })
	// Logs are read only for containers that have failed.
	r.readLogs(ctx)
	slices.Sort(r.evidence.Unread)
	return r.evidence, r.failed
}

// neighbours returns the lookup of a service's neighbours. It reads their memberships
// in advance.
func (g *gatherer) neighbours(ms *v1alpha1.Microservice) graph.Services {
	members := map[*v1alpha1.Microservice]string{ms: g.inventory.memberOf(ms)}
	for i := range ms.Spec.Dependencies {
		dependency := &ms.Spec.Dependencies[i]
		if callee := g.inventory.lookup(graph.NamespaceOf(ms, dependency), dependency.Name); callee != nil {
			members[callee] = g.inventory.memberOf(callee)
		}
	}
	return graph.Services{Find: g.inventory.lookup, MemberOf: func(ms *v1alpha1.Microservice) string { return members[ms] }}
}

func (r *evidenceReader) readWorkload(ctx context.Context) {
	e := r.evidence
	deployments, sets := &appsv1.DeploymentList{}, &appsv1.ReplicaSetList{}
	r.list(ctx, "Deployments", deployments, client.InNamespace(r.namespace))
	r.list(ctx, "ReplicaSets", sets, r.byService...)
	e.Deployments, e.ReplicaSets = deployments.Items, sets.Items
	if service := (&corev1.Service{}); r.getLocal(ctx, "Services", e.Microservice.Name, service) {
		e.Service = service
	}
	if hpa := (&autoscalingv2.HorizontalPodAutoscaler{}); r.getLocal(ctx, "HorizontalPodAutoscalers", e.Microservice.Name, hpa) {
		e.Autoscaler = hpa
	}
}

func (r *evidenceReader) readPods(ctx context.Context) {
	pods := &corev1.PodList{}
	r.list(ctx, "Pods", pods, r.byService...)
	r.evidence.Pods = pods.Items
}

func (r *evidenceReader) readDatabase(ctx context.Context) {
	if r.evidence.Microservice.Spec.Database == nil {
		return
	}
	set := &appsv1.StatefulSet{}
	if r.getLocal(ctx, "StatefulSets", names.Database(r.evidence.Microservice.Name), set) {
		r.evidence.StatefulSet = set
	}
	jobs := &batchv1.JobList{}
	r.list(ctx, "Jobs", jobs, r.byService...)
	r.evidence.Jobs = jobs.Items
}

// readRoutes reads the Topology, the routes, and the Gateways that they attach to.
func (r *evidenceReader) readRoutes(ctx context.Context) {
	e := r.evidence
	if ref := e.Microservice.Spec.TopologyRef; ref != nil {
		topology := &v1alpha1.Topology{}
		if there, _ := r.get(ctx, "Topologies", namespaceOr(ref.Namespace, r.namespace), ref.Name, topology); there {
			e.Topology = topology
		}
	}
	if len(e.Microservice.Spec.Routes) == 0 {
		return
	}
	http, grpc := &gatewayv1.HTTPRouteList{}, &gatewayv1.GRPCRouteList{}
	r.list(ctx, "HTTPRoutes", http, r.byService...)
	r.list(ctx, "GRPCRoutes", grpc, r.byService...)
	e.HTTPRoutes, e.GRPCRoutes = http.Items, grpc.Items
	for i := range e.Microservice.Spec.Routes {
		for _, ref := range routes.GatewayRefs(e.Microservice, &e.Microservice.Spec.Routes[i], e.Topology) {
			r.readGateway(ctx, namespaceOr(ref.Namespace, r.namespace), ref.Name)
		}
	}
}

func namespaceOr(namespace, own string) string {
	if namespace == "" {
		return own
	}
	return namespace
}

func (r *evidenceReader) readGateway(ctx context.Context, namespace, name string) {
	e := r.evidence
	key := namespace + "/" + name
	if _, read := e.Gateways[key]; read {
		return
	}
	gateway := &gatewayv1.Gateway{}
	there, known := r.get(ctx, "Gateways", namespace, name, gateway)
	if known {
		e.Gateways[key] = nil
	}
	if !there {
		return
	}
	e.Gateways[key] = gateway
	class := &gatewayv1.GatewayClass{}
	of := string(gateway.Spec.GatewayClassName)
	if there, known := r.get(ctx, "GatewayClasses", "", of, class); there {
		e.Classes[of] = class
	} else if known {
		e.Classes[of] = nil
	}
}

// readLimitsAndPolicies reads the budgets, quotas and network policies of the
// namespace.
func (r *evidenceReader) readLimitsAndPolicies(ctx context.Context) {
	budgets, quotas, policies := &policyv1.PodDisruptionBudgetList{}, &corev1.ResourceQuotaList{}, &networkingv1.NetworkPolicyList{}
	in := client.InNamespace(r.namespace)
	r.list(ctx, "PodDisruptionBudgets", budgets, in)
	r.list(ctx, "ResourceQuotas", quotas, in)
	r.list(ctx, "NetworkPolicies", policies, in)
	r.evidence.Budgets, r.evidence.Quotas = budgets.Items, quotas.Items
	r.addPolicies(policies)
}

func (r *evidenceReader) addPolicies(policies *networkingv1.NetworkPolicyList) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.evidence.Policies = append(r.evidence.Policies, policies.Items...)
}

// readCallees reads a pod of each callee, and the policies and labels of its namespace.
func (r *evidenceReader) readCallees(ctx context.Context) {
	e := r.evidence
	callees := diagnosis.CalleesWanted(e.Microservice, e.Services, e.Graph)
	if len(callees) == 0 {
		return
	}
	r.readNamespaceLabels(ctx, r.namespace)
	for _, callee := range callees {
		pods := &corev1.PodList{}
		r.list(ctx, "Pods", pods, client.InNamespace(callee.Namespace), client.MatchingLabels(names.PodSelector(callee)), client.Limit(1))
		if len(pods.Items) > 0 {
			e.Callees[callee.Namespace+"/"+callee.Name] = &pods.Items[0]
		}
		if _, read := e.Namespaces[callee.Namespace]; read || callee.Namespace == r.namespace {
			continue
		}
		r.readNamespaceLabels(ctx, callee.Namespace)
		policies := &networkingv1.NetworkPolicyList{}
		r.list(ctx, "NetworkPolicies", policies, client.InNamespace(callee.Namespace))
		r.addPolicies(policies)
	}
}

func (r *evidenceReader) readNamespaceLabels(ctx context.Context, namespace string) {
	ns := &corev1.Namespace{}
	r.evidence.Namespaces[namespace] = nil
	if there, _ := r.get(ctx, "Namespaces", "", namespace, ns); there {
		r.evidence.Namespaces[namespace] = ns.Labels
	}
}

// readOperator reads the Deployment of Atoll.
func (r *evidenceReader) readOperator(ctx context.Context) {
	found := &appsv1.DeploymentList{}
	if r.list(ctx, "Deployments of all namespaces", found, managerLabels) {
		r.evidence.Operators = append([]appsv1.Deployment{}, found.Items...)
	}
}

// readNodesAndClaims reads the nodes and the volume claims of the pods.
func (r *evidenceReader) readNodesAndClaims(ctx context.Context) {
	e := r.evidence
	for i := range e.Pods {
		spec := &e.Pods[i].Spec
		if _, read := e.Nodes[spec.NodeName]; !read && spec.NodeName != "" {
			e.Nodes[spec.NodeName] = nil
			node := &corev1.Node{}
			if there, _ := r.get(ctx, "Nodes", "", spec.NodeName, node); there {
				e.Nodes[spec.NodeName] = node
			}
		}
		for j := range spec.Volumes {
			of := spec.Volumes[j].PersistentVolumeClaim
			if of == nil {
				continue
			}
			if _, read := e.Claims[of.ClaimName]; read {
				continue
			}
			claim := &corev1.PersistentVolumeClaim{}
			if there, known := r.get(ctx, "PersistentVolumeClaims", r.namespace, of.ClaimName, claim); there {
				e.Claims[of.ClaimName] = claim
				r.readEventsOf(ctx, claim)
			} else if known {
				e.Claims[of.ClaimName] = nil
			}
		}
	}
}

// readEvents reads the events of the objects that may have a fault.
func (r *evidenceReader) readEvents(ctx context.Context) {
	for _, o := range diagnosis.EventsWanted(r.evidence) {
		r.readEventsOf(ctx, o)
	}
}

func (r *evidenceReader) readEventsOf(ctx context.Context, o metav1.Object) {
	found := &corev1.EventList{}
	if !r.list(ctx, "Events", found, client.InNamespace(r.namespace), client.MatchingFields{eventObjectUID: string(o.GetUID())}) {
		return
	}
	slices.SortStableFunc(found.Items, func(a, b corev1.Event) int { return diagnosis.LastSeen(&a).Compare(diagnosis.LastSeen(&b)) })
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range found.Items {
		// The kubelet quotes the output of probes and hooks.
		found.Items[i].Message = output.Safe(found.Items[i].Message)
	}
	r.evidence.Events[o.GetUID()] = found.Items
}
