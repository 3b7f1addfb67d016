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

package offline

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/children"
	"github.com/atoll-dev/atoll/internal/database"
	"github.com/atoll-dev/atoll/internal/graph"
)

// Observed is what is there beside Microservices that may send them requests.
type Observed struct {
	// Workloads are those that are none of Atoll's.
	Workloads []Workload
	// Entries are those that are none of Atoll's.
	Entries []Entry
	// Policies are those that are none of Atoll's: what they let through stays let
	// through.
	Policies []*networkingv1.NetworkPolicy
}

// Workload is something that makes pods, such as a Deployment.
type Workload struct {
	Kind, Namespace, Name string
	Pods                  *corev1.PodTemplateSpec
}

// Entry is something that has requests from outside sent to a service, such as an
// Ingress.
type Entry struct {
	Kind, Namespace, Name string
	// To is the Service, and Port its port, as a name or a number; empty means any.
	To   types.NamespacedName
	Port string
	// DataPlane says that the pods that forward are those of the Topology's
	// gateway.dataPlane.
	DataPlane bool
}

// Cuts finds the connections that Strict isolation of a Topology would cut, as far
// as is observed: it makes the policies that Strict would make, and asks of each
// connection whether they let it through.
func (w *World) Cuts(topology *v1alpha1.Topology, observed Observed) []graph.Cut {
	a := &audit{world: w, topology: topology, home: topology.Namespace + "/" + topology.Name, members: map[*v1alpha1.Microservice]*member{}}
	strict := topology.DeepCopy()
	strict.Spec.Isolation = v1alpha1.IsolationStrict
	for _, ms := range w.Services {
		if w.indexed().memberOf[ms] == a.home {
			a.members[ms] = a.member(ms, strict, observed.Policies)
		}
	}
	for _, ms := range w.Services {
		a.unresolved(ms)
		a.told(ms)
		if a.members[ms] != nil {
			a.outside(ms)
			a.scrapers(ms)
		}
	}
	for i := range observed.Workloads {
		a.workload(&observed.Workloads[i])
	}
	for i := range observed.Entries {
		a.entry(&observed.Entries[i])
	}
	return a.cuts
}

// audit collects cuts.
type audit struct {
	world    *World
	topology *v1alpha1.Topology
	// home is the Topology as namespace/name.
	home    string
	members map[*v1alpha1.Microservice]*member
	cuts    []graph.Cut
}

// member is a member of the Topology as Strict would have it.
type member struct {
	// ingress and egress are the policies about its pods.
	ingress, egress []*networkingv1.NetworkPolicy
	// byHand says that a policy that is none of Atoll's lets out to something.
	byHand bool
}

func (a *audit) member(ms *v1alpha1.Microservice, strict *v1alpha1.Topology, others []*networkingv1.NetworkPolicy) *member {
	in := a.world.inputsOf(ms)
	in.Topology = strict
	pods := a.pods(ms)
	policies := append([]*networkingv1.NetworkPolicy{children.ServicePolicy(&in.Inputs)}, others...)
	m := &member{
		ingress: about(policies, networkingv1.PolicyTypeIngress, ms.Namespace, pods),
		egress:  about(policies, networkingv1.PolicyTypeEgress, ms.Namespace, pods),
	}
	m.byHand = slices.ContainsFunc(m.egress, func(policy *networkingv1.NetworkPolicy) bool {
		return policy.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByAtoll && len(policy.Spec.Egress) > 0
	})
	return m
}

// dataPlanePeer is a data plane as policies name it; nil where it is not known.
func dataPlanePeer(of *v1alpha1.PodPeer) *networkingv1.NetworkPolicyPeer {
	if of == nil {
		return nil
	}
	p := &networkingv1.NetworkPolicyPeer{NamespaceSelector: of.NamespaceSelector, PodSelector: of.PodSelector}
	if p.NamespaceSelector == nil {
		p.NamespaceSelector = &metav1.LabelSelector{}
	}
	return p
}

// pods are the labels of a service's pods.
func (a *audit) pods(ms *v1alpha1.Microservice) map[string]string {
	pods := children.PodSelector(ms)
	d := a.world.deployments[types.NamespacedName{Namespace: ms.Namespace, Name: ms.Name}]
	if d != nil && labels.SelectorFromSet(pods).Matches(labels.Set(d.Spec.Template.Labels)) {
		return d.Spec.Template.Labels
	}
	pods[v1alpha1.LabelManagedBy], pods[v1alpha1.LabelName] = v1alpha1.ManagedByAtoll, ms.Name
	return pods
}

func (a *audit) peerOf(namespace string, pods map[string]string) *peer {
	p := &peer{namespace: namespace, labels: pods}
	if of, known := a.world.namespaces[namespace]; known {
		p.namespaceLabels = of
		if of == nil {
			p.namespaceLabels = map[string]string{}
		}
	}
	return p
}

func (a *audit) cut(from, to, where, do string) {
	a.cuts = append(a.cuts, graph.Cut{From: from, To: to, Where: where, Do: do})
}

func (a *audit) shown(o metav1.Object) string {
	return graph.Shown(a.topology.Namespace, o.GetNamespace(), o.GetName())
}

// reaches says whether Strict lets a service's pods reach a port of another
// service's, of which 0 is any. What is not the Topology's is not its to decide.
func (a *audit) reaches(caller, callee *v1alpha1.Microservice, port int32) bool {
	from, to := a.peerOf(caller.Namespace, a.pods(caller)), a.peerOf(callee.Namespace, a.pods(callee))
	numbers, named := listensOn(callee, port)
	return slices.ContainsFunc(numbers, func(number int32) bool {
		m := a.members[caller]
		return (m == nil || letsOut(m.egress, to, number, named) != no) && a.letsTo(callee, from, number, named)
	})
}

// lets says whether Strict lets somebody reach a port of a service.
func (a *audit) lets(callee *v1alpha1.Microservice, from *peer, port int32) bool {
	numbers, named := listensOn(callee, port)
	return slices.ContainsFunc(numbers, func(number int32) bool { return a.letsTo(callee, from, number, named) })
}

func (a *audit) letsTo(callee *v1alpha1.Microservice, from *peer, number int32, named []corev1.ContainerPort) bool {
	m := a.members[callee]
	return m == nil || letsIn(m.ingress, from, number, named) != no
}

// listensOn are the ports of the container for a port of the Service, of which 0 is
// any, and all named ports of the container. A number that is no port of the Service
// may be one of the container all the same.
func listensOn(ms *v1alpha1.Microservice, number int32) (container []int32, named []corev1.ContainerPort) {
	for _, port := range graph.Ports(ms) {
		target := graph.TargetPort(&port)
		named = append(named, corev1.ContainerPort{Name: port.Name, ContainerPort: target})
		if number == 0 || port.Port == number {
			container = append(container, target)
		}
	}
	if number != 0 && len(container) == 0 {
		container = []int32{number}
	}
	return container, named
}

// unresolved finds dependencies that don't resolve.
func (a *audit) unresolved(ms *v1alpha1.Microservice) {
	edges := a.world.indexed().edges[ms]
	for i := range edges {
		edge := &edges[i]
		if edge.Callee == nil || edge.Resolved() || a.members[ms] == nil && a.members[edge.Callee] == nil {
			continue
		}
		port, do := int32(0), fmt.Sprintf("correct the port of {name: %s} in dependencies of %s", edge.Callee.Name, ms.Name)
		if edge.Port != nil {
			port, do = edge.Port.Port, fmt.Sprintf("add {name: %s, namespace: %s} to access of %s", ms.Name, ms.Namespace, edge.Callee.Name)
		}
		if edge.Callee != ms && !a.reaches(ms, edge.Callee, port) {
			a.cut(a.shown(ms), a.shown(edge.Callee), "dependencies", do)
		}
	}
}

// told finds the services whose address a service is started with.
func (a *audit) told(ms *v1alpha1.Microservice) {
	seen := map[string]bool{}
	for _, at := range graph.ToldOf(ms) {
		callee := a.world.indexed().service(at.Namespace, at.Name)
		if callee == nil || callee == ms || a.members[ms] == nil && a.members[callee] == nil || a.reaches(ms, callee, at.Port) {
			continue
		}
		to, do := a.shown(callee), ""
		edges := a.world.indexed().edges[ms]
		declared := slices.IndexFunc(edges, func(e graph.Edge) bool { return e.Callee == callee })
		switch {
		case declared < 0:
			do = a.declare(ms, callee)
		case !edges[declared].Resolved():
			// It is told of as a dependency.
			continue
		default:
			to += fmt.Sprintf(":%d", at.Port)
			do = fmt.Sprintf("the dependency is on port %d: correct the one or the other", edges[declared].Port.Port)
		}
		if !seen[to] {
			seen[to] = true
			a.cut(a.shown(ms), to, at.Where, do)
		}
	}
}

// declare is what makes a service a caller of another.
func (a *audit) declare(caller, callee *v1alpha1.Microservice) string {
	dependency := v1alpha1.Dependency{Name: callee.Name}
	name := "name: " + callee.Name
	if callee.Namespace != caller.Namespace {
		dependency.Namespace = callee.Namespace
		name += ", namespace: " + callee.Namespace
	}
	do := fmt.Sprintf("add {%s} to dependencies of %s", name, caller.Name)
	asDeclared := &v1alpha1.Microservice{ObjectMeta: caller.ObjectMeta}
	asDeclared.Spec.TopologyRef, asDeclared.Spec.Dependencies = caller.Spec.TopologyRef, []v1alpha1.Dependency{dependency}
	edge := graph.Resolve(asDeclared, graph.Services{Find: a.world.indexed().service, MemberOf: a.world.MemberOf})[0]
	if !edge.Permitted {
		do += fmt.Sprintf(", and {name: %s, namespace: %s} to access of %s", caller.Name, caller.Namespace, callee.Name)
	}
	return do
}

// outside finds the hosts beyond the services that a member is told of. Where
// something lets out to addresses, whether these are a host's can't be told from its
// name.
func (a *audit) outside(ms *v1alpha1.Microservice) {
	told := map[string]bool{"": true, "localhost": true}
	if gateway := a.topology.Spec.Gateway; gateway != nil {
		// It is told of those for what it answers, and seldom calls them.
		for _, hostname := range gateway.Hostnames {
			told[string(hostname)] = true
		}
	}
	for _, at := range graph.ToldOf(ms) {
		if told[at.Host] || a.inside(&at) || a.members[ms].byHand || letsOutTo(ms.Spec.Egress, at.Host, at.Port) {
			continue
		}
		told[at.Host] = true
		what := "its addresses"
		if at.Name != "" {
			what = "the addresses of its pods"
		}
		a.cut(a.shown(ms), at.Host, at.Where, fmt.Sprintf("add %s to egress of %s", what, ms.Name))
	}
	if db := ms.Spec.Database; db != nil && db.External != nil && len(ms.Spec.Egress) == 0 && !a.members[ms].byHand {
		a.cut(a.shown(ms), "its database", fmt.Sprintf("Secret %q", db.External.SecretName),
			fmt.Sprintf("add the database's addresses to egress of %s", ms.Name))
	}
}

// inside says whether an address is a service's, or a database's, which lets in
// nobody but its own service whatever the isolation is.
func (a *audit) inside(at *graph.Told) bool {
	find := a.world.indexed().service
	owner, isDatabase := strings.CutSuffix(at.Name, database.Name(""))
	return at.Name != "" && (find(at.Namespace, at.Name) != nil || isDatabase && find(at.Namespace, owner) != nil)
}

// letsOutTo says whether egress may let out to a port of a host.
func letsOutTo(egress []v1alpha1.EgressRule, host string, port int32) bool {
	ip, err := netip.ParseAddr(host)
	if err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		return true
	}
	return slices.ContainsFunc(egress, func(rule v1alpha1.EgressRule) bool {
		if port != 0 && len(rule.Ports) > 0 && !slices.Contains(rule.Ports, port) {
			return false
		}
		return err != nil || slices.ContainsFunc(rule.CIDRs, func(cidr string) bool {
			prefix, err := netip.ParsePrefix(cidr)
			return err == nil && prefix.Contains(ip)
		})
	})
}

const (
	annotationScrape = "prometheus.io/scrape"
	annotationPort   = "prometheus.io/port"
)

// scrapers finds members that ask to be scraped, where nobody may.
func (a *audit) scrapers(ms *v1alpha1.Microservice) {
	overlay := corev1.PodTemplateSpec{}
	if a.topology.Spec.Monitoring != nil || ms.Spec.PodTemplate == nil || json.Unmarshal(ms.Spec.PodTemplate.Raw, &overlay) != nil ||
		overlay.Annotations[annotationScrape] != "true" {
		return
	}
	// What is no number is no port, and asks for any.
	port, _ := strconv.ParseUint(overlay.Annotations[annotationPort], 10, 16)
	if !a.lets(ms, &peer{forwards: true}, int32(port)) {
		a.cut("whoever scrapes", a.shown(ms), "annotation "+annotationScrape, fmt.Sprintf("set monitoring of Topology %s", a.topology.Name))
	}
}

// workload finds the members whose address pods are started with that are no
// Microservice's. Nothing of Atoll's can name these as callers.
func (a *audit) workload(of *Workload) {
	from := a.peerOf(of.Namespace, of.Pods.Labels)
	seen := map[*v1alpha1.Microservice]bool{}
	for _, at := range graph.ToldTo(of.Namespace, &of.Pods.Spec) {
		callee := a.world.indexed().service(at.Namespace, at.Name)
		if callee == nil || seen[callee] || a.lets(callee, from, at.Port) {
			continue
		}
		seen[callee] = true
		a.cut(of.Kind+" "+graph.Shown(a.topology.Namespace, of.Namespace, of.Name), a.shown(callee), at.Where, "access can't name it, as it is no Microservice: "+byHand("its pods", callee, at.Port))
	}
}

// byHand is a policy that somebody else than Atoll has to make.
func byHand(who string, callee *v1alpha1.Microservice, port int32) string {
	what := "the pods of " + callee.Name
	if port != 0 {
		numbers, _ := listensOn(callee, port)
		what = fmt.Sprintf("port %d of %s", numbers[0], callee.Name)
	}
	return fmt.Sprintf("add a NetworkPolicy to namespace %s that lets %s reach %s", callee.Namespace, who, what)
}

// entry looks at an entry.
func (a *audit) entry(of *Entry) {
	callee := a.world.indexed().service(of.To.Namespace, of.To.Name)
	if callee == nil || a.members[callee] == nil {
		return
	}
	number := int32(0)
	if n, err := strconv.ParseUint(of.Port, 10, 16); err == nil {
		number = int32(n)
	} else if port := graph.FindPort(callee, of.Port); of.Port != "" && port != nil {
		number = port.Port
	}
	from := &peer{forwards: true}
	if gateway := a.topology.Spec.Gateway; of.DataPlane && gateway != nil {
		from.dataPlane = dataPlanePeer(gateway.DataPlane)
	}
	if !a.lets(callee, from, number) {
		to := a.shown(callee)
		if number != 0 {
			to += fmt.Sprintf(":%d", number)
		}
		a.cut(of.Kind+" "+graph.Shown(a.topology.Namespace, of.Namespace, of.Name), to, "its backend",
			fmt.Sprintf("declare the route in routes of %s, or %s", callee.Name, byHand("the pods that forward it", callee, number)))
	}
}
