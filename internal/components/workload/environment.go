// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// environment returns Atoll's variables, followed by the user's. The user's may refer to
// Atoll's with $(NAME), and replace one of the same name. So may the Topology's. A variable
// of a dependency with the name of another variable of Atoll's is a fault of the spec.
func environment(in *database.Database) ([]corev1.EnvVar, *condition.Problem) {
	own := in.Microservice.Spec.Env
	if invalid := invalidVariable(in.Inputs); invalid != nil {
		return nil, invalid
	}
	env := make([]corev1.EnvVar, 0, len(own)+4*len(in.Edges)+8)
	setBy := make(map[string]variableSource, cap(env))
	var collision *condition.Problem
	add := func(source variableSource, variables []corev1.EnvVar) {
		for _, v := range variables {
			if slices.ContainsFunc(own, func(o corev1.EnvVar) bool { return o.Name == v.Name }) {
				continue
			}
			other, taken := setBy[v.Name]
			if taken && other == source {
				// A dependency's env replaces what its name gives.
				env = slices.DeleteFunc(env, func(e corev1.EnvVar) bool { return e.Name == v.Name })
			} else if taken && collision == nil {
				collision = &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: condition.Message{Field: source.field(),
					Cause: fmt.Sprintf("%s and %s both set %s", other.name(in), source.name(in), v.Name), Remedy: "set envPrefix of the dependency, or set " + v.Name + " in env"}}
			}
			setBy[v.Name] = source
			env = append(env, v)
		}
	}
	forEachSource(in, add)
	if collision != nil {
		return nil, collision
	}
	return append(env, extendAttributes(in.Microservice)...), nil
}

// forEachSource calls visit with the variables of each source, in their order.
func forEachSource(in *database.Database, visit func(variableSource, []corev1.EnvVar)) {
	if in.Plan != nil {
		visit(fromDatabase, in.Plan.Env())
	}
	for i := range in.Edges {
		visit(variableSource(i), dependencyEnv(in.Inputs, i))
	}
	visit(fromAtoll, telemetryEnv(in.Microservice))
}

// variableSource is what sets a variable: the dependency of that index, or one of the
// constants.
type variableSource int

const (
	fromDatabase variableSource = -1
	fromAtoll    variableSource = -2
)

// name names the source, for a message.
func (s variableSource) name(in *database.Database) string {
	switch s {
	case fromDatabase:
		return "the database"
	case fromAtoll:
		return "Atoll"
	}
	d := in.Edges[s].Dependency
	if d.Namespace == "" {
		return fmt.Sprintf("dependency %q", d.Name)
	}
	return fmt.Sprintf("dependency %q of namespace %q", d.Name, d.Namespace)
}

// field returns the field of the spec that the source is declared in.
func (s variableSource) field() string {
	switch s {
	case fromDatabase:
		return "database"
	case fromAtoll:
		return "env"
	}
	return fmt.Sprintf("dependencies[%d]", s)
}

// dependencyEnv returns the variables with the address of the i-th dependency.
func dependencyEnv(in *inputs.Inputs, i int) []corev1.EnvVar {
	edge := &in.Edges[i]
	prefix := edge.Dependency.EnvPrefix
	if prefix == "" {
		prefix = variableName(edge.Dependency.Name)
	}
	env := []corev1.EnvVar{
		{Name: prefix + "_URL", Value: edge.URL()},
		{Name: prefix + "_HOST", Value: edge.Host()},
		{Name: prefix + "_PORT", Value: edge.PortNumber()},
	}
	for _, name := range edge.Dependency.MorePorts {
		port := edge.NamedPort(name)
		named := prefix + "_" + variableName(name)
		env = append(env,
			corev1.EnvVar{Name: named + "_URL", Value: edge.PortURL(port)},
			corev1.EnvVar{Name: named + "_PORT", Value: strconv.Itoa(int(port.Port))})
	}
	for _, further := range edge.Dependency.Env {
		env = append(env, corev1.EnvVar{Name: further.Name, Value: addressPart(edge, &further)})
	}
	if !edge.Resolved() {
		keepLiveValues(in, env)
	}
	return env
}

// variableName returns a name as a part of the name of a variable.
func variableName(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// addressPart returns the part of a dependency's address that a variable asks for. Where
// the dependency lacks the port, it is the likeliest one, as for URLs.
func addressPart(edge *graph.Edge, v *v1alpha1.DependencyEnvVar) string {
	port := edge.NamedPort(v.Port)
	switch v.Value {
	case v1alpha1.AddressPartURL:
		return edge.PortURL(port)
	case v1alpha1.AddressPartAddress:
		return edge.PortAddress(port)
	case v1alpha1.AddressPartHost:
		return edge.Host()
	}
	return strconv.Itoa(int(port.Port))
}

// keepLiveValues copies the values of variables from the live Deployment. A dependency that was
// deleted, or that no longer permits the caller, may come back: its callers keep its address and
// are not rolled out.
func keepLiveValues(in *inputs.Inputs, env []corev1.EnvVar) {
	if in.Deployment == nil {
		return
	}
	containers := in.Deployment.Spec.Template.Spec.Containers
	at := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == in.Microservice.Name })
	if at < 0 {
		return
	}
	for i := range env {
		for _, live := range containers[at].Env {
			if live.Name == env[i].Name && live.ValueFrom == nil {
				env[i].Value = live.Value
			}
		}
	}
}

const resourceAttributes = "OTEL_RESOURCE_ATTRIBUTES"

// telemetryEnv returns the resource attributes of the service for OpenTelemetry
// (https://opentelemetry.io/docs/specs/semconv/resource/).
func telemetryEnv(ms *v1alpha1.Microservice) []corev1.EnvVar {
	return []corev1.EnvVar{
		{Name: "OTEL_SERVICE_NAME", Value: ms.Name},
		{Name: resourceAttributes, Value: strings.Join(attributes(ms), ",")},
	}
}

func attributes(ms *v1alpha1.Microservice) []string {
	of := []string{"service.namespace=" + ms.Namespace, "service.version=" + ImageVersion(ms.Spec.Image)}
	if ms.Spec.TopologyRef != nil {
		of = append(of, "atoll.topology="+ms.Spec.TopologyRef.Name)
	}
	return of
}

// extendAttributes returns the user's variables. The user's resource attributes are added
// to Atoll's, and replace those of the same key.
func extendAttributes(ms *v1alpha1.Microservice) []corev1.EnvVar {
	env := slices.Clone(ms.Spec.Env)
	for i := range env {
		if env[i].Name != resourceAttributes || env[i].ValueFrom != nil || env[i].Value == "" {
			continue
		}
		own := strings.Split(env[i].Value, ",")
		all := slices.DeleteFunc(attributes(ms), func(attribute string) bool {
			key, _, _ := strings.Cut(attribute, "=")
			return slices.ContainsFunc(own, func(o string) bool { return strings.HasPrefix(strings.TrimSpace(o), key+"=") })
		})
		env[i].Value = strings.Join(append(all, own...), ",")
	}
	return env
}

// ImageVersion returns an image's tag, or the start of its digest.
func ImageVersion(image string) string {
	if name, digest, found := strings.Cut(image, "@"); found {
		if tag := tagOf(name); tag != "" {
			return tag
		}
		_, hex, _ := strings.Cut(digest, ":")
		return hex[:min(len(hex), 12)]
	}
	if tag := tagOf(image); tag != "" {
		return tag
	}
	return "latest"
}

func tagOf(name string) string {
	colon := strings.LastIndex(name, ":")
	if colon < 0 || strings.Contains(name[colon:], "/") {
		return ""
	}
	return name[colon+1:]
}
