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

package workload

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// environment is what Atoll gives the service, followed by the user's own
// variables: these may refer to Atoll's with $(NAME), and win over one of the
// same name.
func environment(in *database.Database) []corev1.EnvVar {
	own := in.Microservice.Spec.Env
	env := make([]corev1.EnvVar, 0, len(own)+4*len(in.Edges)+8)
	add := func(v corev1.EnvVar) {
		for i := range own {
			if own[i].Name == v.Name {
				return
			}
		}
		for i := range env {
			if env[i].Name == v.Name {
				env[i] = v
				return
			}
		}
		env = append(env, v)
	}
	if in.Plan != nil {
		for _, v := range in.Plan.Env() {
			add(v)
		}
	}
	for i := range in.Edges {
		for _, v := range dependencyEnv(in.Inputs, i) {
			add(v)
		}
	}
	for _, v := range telemetryEnv(in.Microservice) {
		add(v)
	}
	return append(env, own...)
}

func dependencyEnv(in *inputs.Inputs, i int) []corev1.EnvVar {
	edge := &in.Edges[i]
	parts := map[v1alpha1.AddressPart]string{
		v1alpha1.AddressPartURL:     edge.URL(),
		v1alpha1.AddressPartAddress: edge.Address(),
		v1alpha1.AddressPartHost:    edge.Host(),
		v1alpha1.AddressPartPort:    edge.PortNumber(),
	}
	prefix := strings.ToUpper(strings.ReplaceAll(edge.Dependency.Name, "-", "_"))
	env := []corev1.EnvVar{
		{Name: prefix + "_URL", Value: parts[v1alpha1.AddressPartURL]},
		{Name: prefix + "_HOST", Value: parts[v1alpha1.AddressPartHost]},
		{Name: prefix + "_PORT", Value: parts[v1alpha1.AddressPartPort]},
	}
	for _, port := range edge.MorePorts {
		named := prefix + "_" + strings.ToUpper(strings.ReplaceAll(port.Name, "-", "_"))
		env = append(env,
			corev1.EnvVar{Name: named + "_URL", Value: edge.PortURL(port)},
			corev1.EnvVar{Name: named + "_PORT", Value: strconv.Itoa(int(port.Port))})
	}
	for _, further := range edge.Dependency.Env {
		env = append(env, corev1.EnvVar{Name: further.Name, Value: parts[further.Value]})
	}
	if edge.Port == nil {
		keepLive(in, env)
	}
	return env
}

// keepLive leaves a caller the address that it has, where the dependency has
// gone: pods are not rolled for what they may get back.
func keepLive(in *inputs.Inputs, env []corev1.EnvVar) {
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

// telemetryEnv tells OpenTelemetry who the service is
// (https://opentelemetry.io/docs/specs/semconv/resource/).
func telemetryEnv(ms *v1alpha1.Microservice) []corev1.EnvVar {
	attributes := "service.namespace=" + ms.Namespace + ",service.version=" + imageVersion(ms.Spec.Image)
	if ms.Spec.TopologyRef != nil {
		attributes += ",atoll.topology=" + ms.Spec.TopologyRef.Name
	}
	return []corev1.EnvVar{
		{Name: "OTEL_SERVICE_NAME", Value: ms.Name},
		{Name: "OTEL_RESOURCE_ATTRIBUTES", Value: attributes},
	}
}

// imageVersion is an image's tag, or the start of its digest.
func imageVersion(image string) string {
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

// Unresolved is the first dependency that does not resolve. It holds nothing
// up: the caller runs and is not Ready.
func Unresolved(in *inputs.Inputs) *condition.Problem {
	var first *condition.Problem
	for i := range in.Edges {
		reason, message := in.Edges[i].Problem()
		switch {
		case reason == "":
		case first == nil:
			first = &condition.Problem{Condition: v1alpha1.ConditionDependenciesReady, Reason: reason, Message: message, Stalled: reason == v1alpha1.ReasonInvalidSpec}
		default:
			first.Message = condition.Join(first.Message, message)
		}
	}
	return first
}
