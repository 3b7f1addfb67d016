// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/components/workload"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// Built is what one Topology or Microservice is made of.
type Built struct {
	// Kind is Topology or Microservice.
	Kind            string
	Namespace, Name string
	// Objects are what the operator would apply, in its order.
	Objects []kube.Object
	// made names the objects.
	made []reference
	// Problems kept objects from being built.
	Problems []Problem
	// missing is the field that names the first ConfigMap or Secret which does not exist; empty
	// if there is none.
	missing string
	// Unknown are objects that the service refers to and that the world lacks, such
	// as Secret "orders-keys" (envFrom[0]).
	Unknown []string
	// Unresolved says of dependencies why they don't resolve: their port is a guess.
	Unresolved []string
	// Topology is the Topology that the service is a member of, and Inherited the fields
	// that its defaults decide.
	Topology  string
	Inherited []string
	// database is what decides the variables of the pods.
	database *database.Database
	// Beside is what is wrong and kept nothing from being built.
	Beside []*condition.Health
	// HashUnknown says that the hash over what the pods use could not be computed.
	HashUnknown bool
	// LeftAsIs says that the operator would neither make nor delete anything.
	LeftAsIs bool
	// Once are the names of objects that are made once and never changed.
	Once map[string]bool
}

// Problem is what keeps kinds of children from being built.
type Problem struct {
	condition.Problem
	// Kinds are the kinds that are held back.
	Kinds []string
}

// BuildTopology builds what a Topology is made of.
func (w *World) BuildTopology(topology *v1alpha1.Topology) *Built {
	b := &Built{Kind: "Topology", Namespace: topology.Namespace, Name: topology.Name}
	if gateway := w.ownedGateway(topology); gateway != nil {
		b.Objects = append(b.Objects, gateway)
	}
	return b
}

// ownedGateway is the Gateway that a Topology owns, or nil.
func (w *World) ownedGateway(topology *v1alpha1.Topology) *gatewayv1.Gateway {
	gateway := routes.Gateway(topology, w.guests(topology))
	if gateway != nil {
		gateway.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: v1alpha1.GroupVersion.String(), Kind: "Topology", Name: topology.Name, UID: topology.UID,
			Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
		}}
	}
	return gateway
}

// guests are the namespaces beside a Topology's own that have members.
func (w *World) guests(topology *v1alpha1.Topology) []string {
	var namespaces []string
	memberOf := w.indexed().memberOf
	for _, ms := range w.Services {
		if ms.Namespace != topology.Namespace && memberOf[ms] == topology.Namespace+"/"+topology.Name && !slices.Contains(namespaces, ms.Namespace) {
			namespaces = append(namespaces, ms.Namespace)
		}
	}
	return namespaces
}

// BuildService builds what a Microservice is made of. settled builds what there
// is once its database is ready, filled and migrated; otherwise what is applied
// at first.
func (w *World) BuildService(ms *v1alpha1.Microservice, settled bool) (*Built, error) {
	b := &Built{Kind: "Microservice", Namespace: ms.Namespace, Name: ms.Name, Once: map[string]bool{}}
	in := w.inputsOf(ms)
	b.Unknown, b.HashUnknown = in.unknown, in.hashUnknown
	if len(in.References.Missing) > 0 {
		b.missing = in.References.Missing[0].Field
	}
	if problem := in.MembershipProblem(); problem != nil {
		if in.Standing == graph.NotFound && !w.Live {
			problem.Message.Cause, problem.Message.Remedy = "is not in the files, and decides what is made", "pass its file too, or correct topologyRef"
		}
		b.Problems, b.LeftAsIs = []Problem{{Problem: *problem}}, true
		return b, nil
	}
	if in.Topology != nil {
		b.Topology, b.Inherited = in.Topology.Name, inputs.Inherited(ms, in.Topology)
	}
	for i := range in.Edges {
		if reason, message := in.Edges[i].Problem(); reason != "" {
			b.Unresolved = append(b.Unresolved, message.String())
		}
	}
	wanted, err := components.Build(in.Inputs)
	if err != nil {
		return nil, err
	}
	if settled {
		if wanted, err = settle(in, wanted); err != nil {
			return nil, err
		}
	}
	b.database = wanted.Database
	for _, h := range []*condition.Health{database.ConnectionsHealth(wanted.Database), workload.ForeignAutoscaler(in.Inputs)} {
		if h != nil && !h.Ready {
			b.Beside = append(b.Beside, h)
		}
	}
	if h := routes.RouteConflictHealth(in.Inputs); h != nil {
		b.Problems = append(b.Problems, Problem{Problem: condition.Problem{
			Condition: v1alpha1.ConditionRoutesReady, Reason: h.Reason, Message: h.Message, Stalled: h.Stalled,
		}})
	}
	for i := range wanted.Components {
		b.add(&wanted.Components[i])
	}
	if b.HashUnknown {
		b.forgetHash()
	}
	return b, nil
}

func (b *Built) add(wanted *components.Wanted) {
	for _, o := range wanted.Objects {
		b.Objects = append(b.Objects, o)
		b.made = append(b.made, referenceOf(wanted.Component.Kind, o))
		if wanted.Component.Kind == "Job" {
			b.Once[wanted.Component.Kind+"/"+o.GetName()] = true
		}
	}
	if wanted.Problem == nil {
		return
	}
	for i := range b.Problems {
		if b.Problems[i].Problem == *wanted.Problem {
			if !slices.Contains(b.Problems[i].Kinds, wanted.Component.Kind) {
				b.Problems[i].Kinds = append(b.Problems[i].Kinds, wanted.Component.Kind)
			}
			return
		}
	}
	b.Problems = append(b.Problems, Problem{Problem: *wanted.Problem, Kinds: []string{wanted.Component.Kind}})
}

// Origin says which fields of a service its Topology decides; empty if none.
func (b *Built) Origin() string {
	if len(b.Inherited) == 0 {
		return ""
	}
	return fmt.Sprintf("the defaults of Topology %q set %s", b.Topology, strings.Join(b.Inherited, ", "))
}

// forgetHash puts a word in the place of a hash that would be another in the
// cluster.
func (b *Built) forgetHash() {
	for _, o := range b.Objects {
		if d, ok := o.(*appsv1.Deployment); ok && d.Spec.Template.Annotations[names.AnnotationReferences] != "" {
			d.Spec.Template.Annotations[names.AnnotationReferences] = UnknownHash
		}
	}
}

// Build builds everything that the world holds, Topologies first.
func (w *World) Build(settled bool) ([]*Built, error) {
	built := make([]*Built, 0, len(w.Topologies)+len(w.Services))
	for _, topology := range w.Topologies {
		built = append(built, w.BuildTopology(topology))
	}
	for _, ms := range w.Services {
		b, err := w.BuildService(ms, settled)
		if err != nil {
			return nil, err
		}
		built = append(built, b)
	}
	return built, nil
}

// String is the condition's reason and message, and what is held back.
func (p Problem) String() string {
	text := p.Reason + ": " + p.Message.String()
	if len(p.Kinds) > 0 {
		text += " (held back: " + strings.Join(p.Kinds, ", ") + ")"
	}
	return text
}
