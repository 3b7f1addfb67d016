// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"cmp"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/kube"
)

// Source is what inputs are read from: the operator's caches, objects of files, or a
// test. Methods return nil for what does not exist. What they return is shared and
// must not be changed.
type Source interface {
	graph.Registry
	// Settings are what the platform team decided.
	Settings() Settings
	// Microservice returns the Microservice of a name.
	Microservice(key types.NamespacedName) (*v1alpha1.Microservice, error)
	// Callers returns the Microservices that declare one as a dependency, by namespace
	// and name.
	Callers(of *v1alpha1.Microservice) ([]*v1alpha1.Microservice, error)
	// Objects returns the live objects of a kind that were made for a Microservice, by
	// name.
	Objects(ms *v1alpha1.Microservice, kind string) ([]kube.Object, error)
	// Gateway returns the Gateway of a name.
	Gateway(key types.NamespacedName) (*gatewayv1.Gateway, error)
	// GatewayClass returns the GatewayClass of a name.
	GatewayClass(name string) (*gatewayv1.GatewayClass, error)
	// Admits reports whether a listener of a Gateway, or any where section is empty,
	// lets routes of a Microservice attach.
	Admits(ms *v1alpha1.Microservice, topology *v1alpha1.Topology, gateway types.NamespacedName, section string) (bool, error)
	// TakenHosts returns the hosts of a Microservice's routes that belong to others, and the
	// names of its live routes that do not stay for that reason. The Gateways are known by then.
	TakenHosts(in *Inputs) (hosts []TakenHost, live []string, err error)
	// RouteConflicts returns the claims of a Microservice's routes that other
	// Microservices make too.
	RouteConflicts(in *Inputs) ([]RouteConflict, error)
	// Autoscalers returns the names of the HorizontalPodAutoscalers that scale the
	// Deployment of a Microservice and were not made for it, in order.
	Autoscalers(ms *v1alpha1.Microservice) ([]string, error)
	// Content returns what a ConfigMap or Secret holds; it may return
	// graph.ErrUnknown.
	Content(namespace string, ref *Reference) (*Content, error)
	// Credentials adds what exists of the Secrets and the volume of a database.
	Credentials(in *Inputs) error
}

// Settings are what the platform team decided for all Microservices.
type Settings struct {
	// RcloneImage is the image that copies backups to and from buckets.
	RcloneImage string
	// CloudNativePGNamespace is where the operator of CloudNativePG runs; empty means
	// where its own manifests install it.
	CloudNativePGNamespace string
	// NameServers are the addresses of the cluster's name servers; nil means those in the
	// status of the Topology.
	NameServers []string
	// PublicPorts are the ports at which clients outside the cluster reach Gateways.
	PublicPorts PublicPorts
	// MissingCRDs are the optional kinds that the cluster lacks.
	MissingCRDs map[string]bool
}

// Assemble reads everything that decides what a Microservice is made of. It is the
// only place that puts inputs together, so that the operator, kubectl atoll and the
// golden tests build from the same.
func Assemble(ms *v1alpha1.Microservice, source Source) (*Inputs, error) {
	settings := source.Settings()
	in := &Inputs{
		Microservice: withOwnScaling(ms),
		RcloneImage:  settings.RcloneImage, CloudNativePGNamespace: settings.CloudNativePGNamespace, MissingCRDs: settings.MissingCRDs, PublicPorts: settings.PublicPorts,
	}
	for _, step := range []func(*Inputs, Source) error{addTopology, addEdges, addCallers, addObjects, addAwaited, addGateways, addRouteConflicts, addAutoscalers, addReferences, addCredentials} {
		if err := step(in, source); err != nil {
			return nil, err
		}
	}
	in.NameServers = nameServers(in.Topology, settings.NameServers)
	return in, nil
}

// AssembleRouting reads only what decides the routes of a Microservice.
func AssembleRouting(ms *v1alpha1.Microservice, source Source) (*Inputs, error) {
	in := &Inputs{Microservice: ms}
	if err := addTopology(in, source); err != nil {
		return nil, err
	}
	return in, addGateways(in, source)
}

func addTopology(in *Inputs, source Source) error {
	topology, standing, err := graph.Join(in.Microservice, source)
	in.Standing = standing
	if standing == graph.Member {
		in.Topology = topology
		own := len(in.Microservice.Spec.Env)
		in.Microservice = withDefaults(in.Microservice, topology)
		in.InheritedEnv = len(in.Microservice.Spec.Env) - own
	}
	return err
}

// lookups adapts a source to the graph, whose lookups return no error.
type lookups struct {
	source Source
	err    error
}

func (l *lookups) find(namespace, name string) *v1alpha1.Microservice {
	ms, err := l.source.Microservice(types.NamespacedName{Namespace: namespace, Name: name})
	l.err = errors.Join(l.err, err)
	return ms
}

func (l *lookups) memberOf(ms *v1alpha1.Microservice) string {
	topology, err := graph.MemberOf(ms, l.source)
	l.err = errors.Join(l.err, err)
	return topology
}

func (l *lookups) services() graph.Services {
	return graph.Services{Find: l.find, MemberOf: l.memberOf}
}

func addEdges(in *Inputs, source Source) error {
	l := &lookups{source: source}
	in.Edges = graph.Resolve(in.Microservice, l.services())
	for i := range in.Edges {
		in.Edges[i] = in.Edges[i].ForCaller()
	}
	in.EarlierEdges = graph.ResolveEarlier(in.Microservice, in.Edges, l.services())
	in.WaitsInCycle = graph.WaitsInCycle(in.Microservice, l.find)
	return l.err
}

// addAwaited finds what a first rollout waits for beyond its dependencies.
func addAwaited(in *Inputs, source Source) error {
	if in.Deployment != nil || in.WaitsInCycle {
		return nil
	}
	l := &lookups{source: source}
	in.AwaitedBehind = graph.AwaitedBehind(in.Microservice, l.services())
	return l.err
}

func addCallers(in *Inputs, source Source) error {
	callers, err := source.Callers(in.Microservice)
	if err != nil {
		return err
	}
	l := &lookups{source: source}
	for _, caller := range callers {
		in.CalledNumbers = append(in.CalledNumbers, graph.CalledNumbers(caller, in.Microservice)...)
		edges := graph.Resolve(caller, l.services())
		for _, edge := range edges {
			if edge.Callee == nil || !isSame(edge.Callee, in.Microservice) || !edge.Permitted {
				continue
			}
			if caller.DeletionTimestamp == nil {
				in.Dependents++
			}
			in.addCaller(&edge)
		}
		for _, edge := range graph.ResolveEarlier(caller, edges, l.services()) {
			if edge.Callee != nil && isSame(edge.Callee, in.Microservice) {
				in.addCaller(&edge)
			}
		}
	}
	slices.SortFunc(in.CalledNumbers, func(a, b v1alpha1.PortNumber) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Port, b.Port))
	})
	in.CalledNumbers = slices.Compact(in.CalledNumbers)
	return l.err
}

// addCaller adds the caller of an edge, once for each port that it may call.
func (in *Inputs) addCaller(edge *graph.Edge) {
	for _, port := range edge.Ports() {
		in.Callers = append(in.Callers, Caller{Namespace: edge.Caller.Namespace, Name: edge.Caller.Name, Port: port.Name})
	}
}

func isSame(a, b *v1alpha1.Microservice) bool { return a.Namespace == b.Namespace && a.Name == b.Name }

func addAutoscalers(in *Inputs, source Source) error {
	var err error
	in.ForeignAutoscalers, err = source.Autoscalers(in.Microservice)
	return err
}

func addGateways(in *Inputs, source Source) error {
	ms := in.Microservice
	in.Gateways, in.GatewayClasses, in.RefusedBy = map[string]*gatewayv1.Gateway{}, map[string]*gatewayv1.GatewayClass{}, map[string]bool{}
	for i := range ms.Spec.Routes {
		for _, ref := range GatewayRefs(ms, &ms.Spec.Routes[i], in.Topology) {
			key := types.NamespacedName{Namespace: cmp.Or(ref.Namespace, ms.Namespace), Name: ref.Name}
			gateway, err := source.Gateway(key)
			if err != nil {
				return err
			}
			admits, err := source.Admits(ms, in.Topology, key, ref.SectionName)
			if err != nil {
				return err
			}
			if !admits {
				in.RefusedBy[key.String()+"/"+ref.SectionName] = true
			}
			if gateway == nil {
				continue
			}
			in.Gateways[key.String()] = gateway
			class, err := source.GatewayClass(string(gateway.Spec.GatewayClassName))
			if err != nil {
				return err
			}
			if class != nil {
				in.GatewayClasses[class.Name] = class
			}
		}
	}
	return nil
}

func addRouteConflicts(in *Inputs, source Source) (err error) {
	if in.TakenHosts, in.TakenRoutes, err = source.TakenHosts(in); err != nil || len(in.Microservice.Spec.Routes) == 0 {
		return err
	}
	in.RouteConflicts, err = source.RouteConflicts(in)
	return err
}

func addReferences(in *Inputs, source Source) (err error) {
	in.References, err = findReferences(in, source)
	return err
}

func addCredentials(in *Inputs, source Source) error {
	if spec := in.Microservice.Spec.Database; spec == nil || spec.Provider == v1alpha1.ProviderExternal {
		return nil
	}
	return source.Credentials(in)
}
