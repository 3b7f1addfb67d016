// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/plugin/networkpolicy"
)

// endpointOf returns a pod as NetworkPolicies see it. Without a pod, it has the labels
// that the service's pods would have.
func (e *Evidence) endpointOf(ms *v1alpha1.Microservice, pod *corev1.Pod) *networkpolicy.Endpoint {
	at := &networkpolicy.Endpoint{Namespace: ms.Namespace, NamespaceLabels: e.Namespaces[ms.Namespace], Labels: names.PodSelector(ms)}
	if pod == nil {
		at.Labels[v1alpha1.LabelManagedBy] = v1alpha1.ManagedByAtoll
		at.Labels[v1alpha1.LabelName] = ms.Name
		if ref := ms.Spec.TopologyRef; ref != nil {
			at.Labels[v1alpha1.LabelTopology] = ref.Name
		}
		for _, port := range graph.Ports(ms) {
			at.Ports = append(at.Ports, corev1.ContainerPort{Name: port.Name, ContainerPort: graph.TargetPort(&port)})
		}
		return at
	}
	at.Labels, at.IP = pod.Labels, pod.Status.PodIP
	for i := range pod.Spec.Containers {
		at.Ports = append(at.Ports, pod.Spec.Containers[i].Ports...)
	}
	return at
}

// own returns the service itself as NetworkPolicies see it.
func (e *Evidence) own() *networkpolicy.Endpoint {
	for i := range e.Pods {
		pod := &e.Pods[i]
		if pod.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentService && pod.DeletionTimestamp == nil && !e.stray(pod) {
			return e.endpointOf(e.Microservice, pod)
		}
	}
	return e.endpointOf(e.Microservice, nil)
}

func (e *Evidence) calleeEndpoint(callee *v1alpha1.Microservice) *networkpolicy.Endpoint {
	return e.endpointOf(callee, e.Callees[callee.Namespace+"/"+callee.Name])
}

func (e *Evidence) policies() []*networkingv1.NetworkPolicy {
	policies := make([]*networkingv1.NetworkPolicy, len(e.Policies))
	for i := range e.Policies {
		policies[i] = &e.Policies[i]
	}
	return policies
}

// policyCut finds NetworkPolicies of other owners that block a connection the service
// needs. Atoll's own policies allow every declared call; no other policy can forbid
// what they allow.
func policyCut(e *Evidence) []*Finding {
	var all []*Finding
	// out holds the finding about each policy that blocks egress.
	out := map[*networkingv1.NetworkPolicy]*blockedEgress{}
	policies := e.policies()
	for _, n := range e.needs() {
		policy, direction := n.blockedBy(policies)
		if policy == nil {
			continue
		}
		object := name("NetworkPolicy", e.shown(policy.Namespace, policy.Name))
		if known := out[policy]; known != nil && direction == networkingv1.PolicyTypeEgress {
			known.needs = append(known.needs, n)
			continue
		}
		f := &Finding{
			Part: PartDependencies, Object: object, Beside: true,
			Steps: []Step{
				step(name("Microservice", e.Microservice.Name), "%s", n.because),
				step(object, "does not allow the connection (%s)", strings.ToLower(string(direction))),
			},
		}
		all = append(all, f)
		if direction == networkingv1.PolicyTypeEgress {
			out[policy] = &blockedEgress{Finding: f, needs: []*need{n}}
			continue
		}
		f.Cause = fmt.Sprintf("NetworkPolicy %q blocks %s from %s: it selects the pods of %s and does not allow ingress from %s to port %d",
			policy.Name, e.Microservice.Name, n.shown, n.shown, e.Microservice.Name, n.port())
		f.Remedy = fmt.Sprintf("Add to its ingress: pods %s=%s of namespace %s, port %d", v1alpha1.LabelMicroservice, e.Microservice.Name, e.Microservice.Namespace, n.port())
		e.blame(f, n)
	}
	for policy, c := range out {
		var reasons, names, places, rules []string
		for _, n := range c.needs {
			reasons = append(reasons, n.because)
			names = append(names, n.shown)
			places = append(places, n.place)
			rules = append(rules, n.rule)
		}
		c.Steps[0].Says = listed(reasons, "and")
		c.Cause = fmt.Sprintf("NetworkPolicy %q blocks %s from %s: it selects the pods of %s and does not allow egress to %s",
			policy.Name, e.Microservice.Name, listed(names, "and"), e.Microservice.Name, listed(places, "or"))
		c.Remedy = "Add to its egress: " + strings.Join(rules, "; ")
		e.blame(c.Finding, c.needs...)
	}
	return all
}

// blockedEgress is the finding about a policy that blocks egress to some needs.
type blockedEgress struct {
	*Finding
	needs []*need
}

// blame makes the finding the cause where a log of the service names a blocked
// endpoint.
func (e *Evidence) blame(f *Finding, blocked ...*need) {
	var signs []string
	for _, n := range blocked {
		signs = append(signs, n.signs...)
	}
	if line, found := e.mentioned(signs...); found {
		f.Beside, f.symptom = false, true
		f.Steps = append(e.workloadSteps(PartService), append(f.Steps, step(name("Microservice", e.Microservice.Name), "logs: %s", cut(line, 160)))...)
	}
}

// listed joins a list with commas and a conjunction.
func listed(parts []string, conjunction string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " " + conjunction + " " + parts[len(parts)-1]
}

// undeclaredCall finds services that an environment variable or an argument names but
// dependencies do not, where a policy allows only declared calls.
func undeclaredCall(e *Evidence) []*Finding {
	var all []*Finding
	from, policies := e.own(), e.policies()
	for _, mention := range graph.UndeclaredCalls(e.Microservice, e.Services) {
		callee := mention.Callee
		ports := graph.Ports(callee)
		var blocking []*networkingv1.NetworkPolicy
		for i := range ports {
			if blocking, _ = networkpolicy.Blocking(policies, networkpolicy.Connection{From: from, To: e.calleeEndpoint(callee), Port: graph.TargetPort(&ports[i]), Protocol: corev1.ProtocolTCP}); len(blocking) == 0 {
				break
			}
		}
		if len(blocking) == 0 {
			continue
		}
		shown := e.shown(callee.Namespace, callee.Name)
		policy := name("NetworkPolicy", e.shown(blocking[0].Namespace, blocking[0].Name))
		f := &Finding{
			Part: PartDependencies, Object: name("Microservice", e.Microservice.Name), Beside: true,
			Steps: []Step{
				step(name("Microservice", e.Microservice.Name), "names %s in %s", shown, mention.Where),
				step(name("Microservice", e.Microservice.Name), "does not declare %s in dependencies", shown),
				step(policy, "allows only declared calls"),
			},
			Cause:  fmt.Sprintf("%s names %s, which is not among the dependencies of %s: the isolation of the Topology blocks the call", upperFirst(mention.Where), shown, e.Microservice.Name),
			Remedy: fmt.Sprintf("Add {name: %s%s} to dependencies", callee.Name, elsewhere(e.Microservice, callee)),
		}
		if line, found := e.mentioned(graph.ServiceHost(callee.Name, callee.Namespace), graph.ServiceHost(names.Headless(callee.Name), callee.Namespace), "//"+callee.Name+":", "//"+callee.Name+"/", " "+callee.Name+":"); found {
			f.Beside, f.symptom = false, true
			f.Steps = append(e.workloadSteps(PartService), append(f.Steps, step(name("Microservice", e.Microservice.Name), "logs: %s", cut(line, 160)))...)
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

// CalleesWanted returns the services whose pods and policies decide whether calls are
// allowed: the declared dependencies and those that the service's configuration names.
func CalleesWanted(ms *v1alpha1.Microservice, services []*v1alpha1.Microservice, found graph.Services) []*v1alpha1.Microservice {
	var wanted []*v1alpha1.Microservice
	for _, edge := range graph.Resolve(ms, found) {
		if edge.Callee != nil {
			wanted = append(wanted, edge.Callee)
		}
	}
	for _, mention := range graph.UndeclaredCalls(ms, services) {
		wanted = append(wanted, mention.Callee)
	}
	return wanted
}
