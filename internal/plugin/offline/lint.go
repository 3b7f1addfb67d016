// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/isolation"
	"github.com/atoll-dev/atoll/internal/components/monitoring"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
)

// linter collects findings.
type linter struct {
	schemas Schemas
	world   *World
	sources map[string]*Source
	// checked are the objects of Atoll, in the order of the files.
	checked []CheckedObject
	// broken are services that the API server would refuse: nothing is built of them.
	broken map[string]bool
	// names are the objects of the files and those that are built, to find two of a name.
	names    objectNames
	findings []Finding
}

func id(kind, namespace, name string) string { return kind + " " + namespace + "/" + name }

func newLinter(schemas Schemas) *linter {
	return &linter{schemas: schemas, world: &World{}, sources: map[string]*Source{}, broken: map[string]bool{}, names: objectNames{}}
}

// CheckedObject is an object of Atoll that lint looked at.
type CheckedObject struct {
	Source, Kind, Namespace, Name string
	Position                      Position
}

// Report is what Lint found in files.
type Report struct {
	Findings []Finding
	// Checked are the objects that Lint looked at, in the order of the files.
	Checked []CheckedObject
}

// Errors returns the number of findings that are errors.
func (r *Report) Errors() int {
	errors := 0
	for i := range r.Findings {
		if r.Findings[i].Severity == SeverityError {
			errors++
		}
	}
	return errors
}

// objects looks at each object by itself, and lists Atoll's.
func (l *linter) objects(ctx context.Context, sources []Source) {
	for i := range sources {
		if o := sources[i].Object; l.object(ctx, &sources[i]) {
			l.checked = append(l.checked, CheckedObject{sources[i].Name, o.GetKind(), o.GetNamespace(), o.GetName(), positionOf(sources[i].node, "")})
		}
	}
}

// Lint finds what is wrong with objects as far as it shows without a cluster.
func Lint(ctx context.Context, schemas Schemas, sources []Source) (*Report, error) {
	l := newLinter(schemas)
	l.objects(ctx, sources)
	for _, ms := range l.world.Services {
		if err := l.service(ms); err != nil {
			return nil, err
		}
	}
	for _, topology := range l.world.Topologies {
		if err := l.topology(topology); err != nil {
			return nil, err
		}
	}
	l.cycles()
	l.sameNames()
	return &Report{l.findings, l.checked}, nil
}

// Validate finds what the API server would refuse of each object by itself. count
// is the number of objects that it looked at.
func Validate(ctx context.Context, schemas Schemas, sources []Source) (findings []Finding, count int) {
	l := newLinter(schemas)
	l.objects(ctx, sources)
	return l.findings, len(l.checked)
}

func (l *linter) find(kind, namespace, name string, severity Severity, code, path, message string) {
	l.findAt(kind, namespace, name, severity, code, path, path, message)
}

// findAt adds a finding whose place is that of another path than the field that it shows.
func (l *linter) findAt(kind, namespace, name string, severity Severity, code, path, place, message string) {
	f := Finding{Kind: kind, Namespace: namespace, Name: name, Severity: severity, Code: code, Field: path, Message: message}
	if source := l.sources[id(kind, namespace, name)]; source != nil {
		f.Source, f.Position = source.Name, positionOf(source.node, place)
	}
	l.findings = append(l.findings, f)
}

// object looks at one object by itself, and says whether it is one of Atoll's.
func (l *linter) object(ctx context.Context, source *Source) bool {
	o := source.Object
	known, ours := l.schemas.knows(o.GroupVersionKind())
	if !ours {
		if !adoptable[o.GetKind()] {
			l.names.add(referenceOf(o.GetKind(), o), objectOwner{})
		}
		if err := l.world.Add(o); err != nil {
			l.refuse(source, CodeInvalid, "", err.Error())
		}
		return false
	}
	key := id(o.GetKind(), o.GetNamespace(), o.GetName())
	_, twice := l.sources[key]
	l.sources[key] = source
	if !known {
		field, remedy := l.schemas.kindRemedy(o.GetKind())
		l.refuseAt(source, CodeUnknownKind, "", field, condition.Message{
			Cause: fmt.Sprintf("there is no kind %s in %s", o.GetKind(), o.GetAPIVersion()), Remedy: remedy}.String())
		return true
	}
	if twice {
		l.refuse(source, CodeInvalid, "", "is there twice: the one that is applied last wins")
		return true
	}
	pruned, unknown, errs := l.schemas.Validate(ctx, o)
	for _, path := range unknown {
		l.refuse(source, CodeUnknownField, path, l.schemas.unknownMessage(o.GroupVersionKind(), path))
	}
	named := slices.ContainsFunc(errs, func(e *field.Error) bool { return fieldOf(e) != "" })
	for _, e := range errs {
		if named && fieldOf(e) == "" {
			// The API server repeats in other words what is wrong with a field.
			continue
		}
		l.refuse(source, CodeInvalid, fieldOf(e), l.schemas.invalidMessage(o.GroupVersionKind(), e))
	}
	l.broken[key] = len(errs) > 0
	if err := l.world.Add(pruned); err != nil && len(errs) == 0 {
		l.refuse(source, CodeInvalid, "", err.Error())
	}
	return true
}

func (l *linter) refuse(source *Source, code, path, message string) {
	l.refuseAt(source, code, path, path, message)
}

// refuseAt adds an error whose place is that of another path than the field that it shows.
func (l *linter) refuseAt(source *Source, code, path, place, message string) {
	o := source.Object
	l.findings = append(l.findings, Finding{
		Source: source.Name, Position: positionOf(source.node, place), Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName(),
		Severity: SeverityError, Code: code, Field: path, Message: message,
	})
}

func fieldOf(e *field.Error) string {
	if e.Field == "<nil>" {
		return ""
	}
	return e.Field
}

// service looks at a service among the others.
func (l *linter) service(ms *v1alpha1.Microservice) error {
	report := func(severity Severity, code, place, message string) {
		l.findAt("Microservice", ms.Namespace, ms.Name, severity, code, "", place, message)
	}
	l.dependencies(ms, report)
	if l.broken[id("Microservice", ms.Namespace, ms.Name)] {
		return nil
	}
	if key, wanted := graph.TopologyKey(ms); wanted && l.world.Topology(key.Namespace, key.Name) == nil {
		if _, given := l.sources[id("Topology", key.Namespace, key.Name)]; !given {
			report(SeverityWarning, v1alpha1.ReasonTopologyNotFound, placeOfMembership,
				fmt.Sprintf("Topology %q of namespace %q is not among the files; what depends on it was not looked at", key.Name, key.Namespace)+
					didYouMean(place{key.Namespace, key.Name}, l.topologies()))
		}
		return nil
	}
	built, err := l.world.BuildService(ms, true)
	if err != nil {
		return err
	}
	for _, of := range built.made {
		l.names.add(of, objectOwner{"Microservice", ms.Name})
	}
	for i := range built.Problems {
		problem := &built.Problems[i]
		severity := SeverityWarning
		if problem.Stalled || problem.Reason == v1alpha1.ReasonReferenceNotFound || problem.Reason == v1alpha1.ReasonNotPermitted {
			severity = SeverityError
		}
		report(severity, problem.Reason, built.placeOf(&problem.Problem), problem.Message.String())
	}
	for _, h := range built.Beside {
		report(SeverityWarning, h.Reason, placeOfHealth(h), h.Message.String())
	}
	l.grpcPorts(ms)
	l.exclusiveClaims(built.Objects, report)
	l.podsOf(ms, built, report)
	return l.hostAccess(ms, built.Objects, report)
}

// topology looks at a Topology.
func (l *linter) topology(topology *v1alpha1.Topology) error {
	spec := &topology.Spec
	if wrong := isolation.InvalidAnnotation(topology); wrong != nil {
		l.findAt("Topology", topology.Namespace, topology.Name, SeverityError, v1alpha1.ReasonInvalidSpec, "metadata.annotations", "metadata.annotations["+v1alpha1.AnnotationIsolation+"]", wrong.Message.String())
	}
	for _, wrong := range []*condition.Problem{isolation.InvalidPeers(topology), monitoring.InvalidMetrics(topology)} {
		if wrong != nil {
			l.find("Topology", topology.Namespace, topology.Name, SeverityError, v1alpha1.ReasonInvalidSpec, "spec."+wrong.Message.Field, condition.Message{Cause: wrong.Message.Cause, Remedy: wrong.Message.Remedy}.String())
		}
	}
	if l.broken[id("Topology", topology.Namespace, topology.Name)] {
		return nil
	}
	if spec.Gateway != nil && spec.Gateway.DataPlane == nil && spec.Isolation != v1alpha1.IsolationNone {
		l.find("Topology", topology.Namespace, topology.Name, SeverityWarning, CodeOpenRoutes, "spec.gateway.dataPlane",
			condition.Message{Cause: "is unset, so that any pod of the cluster may reach the members' routed ports", Remedy: "select the gateway's pods"}.String())
	}
	l.defaultLimits(topology)
	return l.defaultHostAccess(topology)
}

func (l *linter) dependencies(ms *v1alpha1.Microservice, report placedReport) {
	edges := graph.Resolve(ms, l.world.indexed().graph())
	for i := range edges {
		reason, message := edges[i].Problem()
		if edges[i].Callee == nil && reason != "" {
			reason = v1alpha1.ReasonDependencyNotFound
		}
		switch reason {
		case "":
		case v1alpha1.ReasonDependencyNotFound:
			name := edges[i].Dependency.Name
			if _, given := l.sources[id("Microservice", edges[i].Namespace(), name)]; !given {
				report(SeverityWarning, reason, placeOfDependency(i, "name"), fmt.Sprintf("Microservice %q, a dependency, is not among the files; it must be in the cluster", name)+
					didYouMean(place{edges[i].Namespace(), name}, l.services()))
			}
		default:
			report(SeverityError, reason, placeOfDependency(i, faultyField(&edges[i], reason)), message.String()+similarPort(&edges[i], reason))
		}
	}
}

func (l *linter) cycles() {
	// Cycles are named as those see them whose namespace they are in.
	namespaces := map[string]bool{}
	for _, n := range graph.Build("", l.world.Services, l.world.MemberOf, nil).Nodes {
		namespaces[n.Namespace] = true
	}
	home := ""
	if len(namespaces) == 1 {
		home = l.world.Services[0].Namespace
	}
	g := graph.Build(home, l.world.Services, l.world.MemberOf, nil)
	for _, cycle := range g.Cycles {
		first := g.Node(cycle[0])
		l.find("Microservice", first.Namespace, first.Name, SeverityWarning, v1alpha1.ReasonCycle,
			"spec.dependencies", condition.Message{Cause: "form a cycle, and its services fail together: " + strings.Join(cycle, " -> "),
				Remedy: "remove one of these dependencies"}.String())
	}
}
