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

package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/children"
	"github.com/atoll-dev/atoll/internal/graph"
)

// endpointOf is a pod as policies see it. Where a service has none, its labels are
// those that its pods would have.
func (e *Evidence) endpointOf(ms *v1alpha1.Microservice, pod *corev1.Pod) *endpoint {
	at := &endpoint{namespace: ms.Namespace, namespaceLabels: e.Namespaces[ms.Namespace], labels: children.PodSelector(ms)}
	if pod == nil {
		at.labels[v1alpha1.LabelManagedBy] = v1alpha1.ManagedByAtoll
		at.labels[v1alpha1.LabelName] = ms.Name
		if ref := ms.Spec.TopologyRef; ref != nil {
			at.labels[v1alpha1.LabelTopology] = ref.Name
		}
		for _, port := range graph.Ports(ms) {
			at.ports = append(at.ports, corev1.ContainerPort{Name: port.Name, ContainerPort: graph.TargetPort(&port)})
		}
		return at
	}
	at.labels, at.ip = pod.Labels, pod.Status.PodIP
	for i := range pod.Spec.Containers {
		at.ports = append(at.ports, pod.Spec.Containers[i].Ports...)
	}
	return at
}

// own is the service itself as policies see it.
func (e *Evidence) own() *endpoint {
	for i := range e.Pods {
		pod := &e.Pods[i]
		if pod.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentService && pod.DeletionTimestamp == nil && !e.stray(pod) {
			return e.endpointOf(e.Microservice, pod)
		}
	}
	return e.endpointOf(e.Microservice, nil)
}

func (e *Evidence) calleeEndpoint(callee *v1alpha1.Microservice) *endpoint {
	return e.endpointOf(callee, e.Callees[callee.Namespace+"/"+callee.Name])
}

// policyCut tells of declared calls that a policy of somebody else does not let
// through. Atoll's own policies let through what is declared; where they are
// there, no other can forbid it.
func policyCut(e *Evidence) []*Finding {
	var all []*Finding
	from := e.own()
	for _, edge := range graph.Resolve(e.Microservice, e.Graph) {
		if !edge.Resolved() {
			continue
		}
		port := graph.TargetPort(edge.Port)
		cutting, direction := cuts(e.Policies, from, e.calleeEndpoint(edge.Callee), port)
		foreign := slices.IndexFunc(cutting, func(p *networkingv1.NetworkPolicy) bool {
			return p.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByAtoll
		})
		if foreign < 0 {
			continue
		}
		policy := cutting[foreign]
		callee := e.shown(edge.Callee.Namespace, edge.Callee.Name)
		f := &Finding{
			Part: PartDependencies, Object: name("NetworkPolicy", e.shown(policy.Namespace, policy.Name)), Beside: true,
			Steps: []Step{step(name("Microservice", e.Microservice.Name), "calls %s, as dependencies declares", callee)},
		}
		f.Cause, f.Remedy = cutBy(e, policy, direction, callee, edge.Callee, port)
		f.Steps = append(f.Steps, step(f.Object, "does not let the connection through (%s)", strings.ToLower(string(direction))))
		if line, found := e.mentioned(edge.Host()); found {
			f.Beside, f.symptom = false, true
			f.Steps = append(e.workloadSteps(PartService), append(f.Steps, step(name("Microservice", e.Microservice.Name), "says: %s", cut(line, 160)))...)
		}
		all = append(all, f)
	}
	return all
}

func cutBy(e *Evidence, policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType, callee string, to *v1alpha1.Microservice, port int32) (cause, remedy string) {
	caller := e.Microservice.Name
	if direction == networkingv1.PolicyTypeEgress {
		return fmt.Sprintf("NetworkPolicy %q cuts %s off from %s: it selects the pods of %s and does not let them out to port %d of %s", policy.Name, caller, callee, caller, port, callee),
			fmt.Sprintf("Add to its egress: pods %s=%s of namespace %s, port %d", v1alpha1.LabelMicroservice, to.Name, to.Namespace, port)
	}
	return fmt.Sprintf("NetworkPolicy %q cuts %s off from %s: it selects the pods of %s and does not let %s in to port %d", policy.Name, caller, callee, callee, caller, port),
		fmt.Sprintf("Add to its ingress: pods %s=%s of namespace %s, port %d", v1alpha1.LabelMicroservice, caller, e.Microservice.Namespace, port)
}

// undeclaredCall tells of services that this one is told of and does not declare,
// where a policy lets only through what is declared.
func undeclaredCall(e *Evidence) []*Finding {
	var all []*Finding
	from := e.own()
	for _, mention := range graph.Undeclared(e.Microservice, e.Services) {
		callee := mention.Callee
		ports := graph.Ports(callee)
		var cutting []*networkingv1.NetworkPolicy
		for i := range ports {
			if cutting, _ = cuts(e.Policies, from, e.calleeEndpoint(callee), graph.TargetPort(&ports[i])); len(cutting) == 0 {
				break
			}
		}
		if len(cutting) == 0 {
			continue
		}
		shown := e.shown(callee.Namespace, callee.Name)
		policy := name("NetworkPolicy", e.shown(cutting[0].Namespace, cutting[0].Name))
		f := &Finding{
			Part: PartDependencies, Object: name("Microservice", e.Microservice.Name), Beside: true,
			Steps: []Step{
				step(name("Microservice", e.Microservice.Name), "is told of %s in %s", shown, mention.Where),
				step(name("Microservice", e.Microservice.Name), "does not name %s in dependencies", shown),
				step(policy, "lets only through what is declared"),
			},
			Cause:  fmt.Sprintf("%s names %s, which is not among the dependencies of %s: the isolation of the Topology lets no such call through", upperFirst(mention.Where), shown, e.Microservice.Name),
			Remedy: fmt.Sprintf("Add {name: %s%s} to dependencies", callee.Name, elsewhere(e.Microservice, callee)),
		}
		if line, found := e.mentioned(graph.ServiceHost(callee.Name, callee.Namespace), "//"+callee.Name+":", "//"+callee.Name+"/", " "+callee.Name+":"); found {
			f.Beside, f.symptom = false, true
			f.Steps = append(e.workloadSteps(PartService), append(f.Steps, step(name("Microservice", e.Microservice.Name), "says: %s", cut(line, 160)))...)
		}
		all = append(all, f)
	}
	return all
}

func elsewhere(caller, callee *v1alpha1.Microservice) string {
	if caller.Namespace == callee.Namespace {
		return ""
	}
	return ", namespace: " + callee.Namespace
}

// CalleesWanted are the services whose pods and policies decide over the calls of
// one: those that it declares, and those that it is told of.
func CalleesWanted(ms *v1alpha1.Microservice, services []*v1alpha1.Microservice, found graph.Services) []*v1alpha1.Microservice {
	var wanted []*v1alpha1.Microservice
	for _, edge := range graph.Resolve(ms, found) {
		if edge.Callee != nil {
			wanted = append(wanted, edge.Callee)
		}
	}
	for _, mention := range graph.Undeclared(ms, services) {
		wanted = append(wanted, mention.Callee)
	}
	return wanted
}
