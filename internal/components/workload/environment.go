// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// environment returns Atoll's variables, followed by the user's. The user's may refer to
// Atoll's with $(NAME), and replace one of the same name.
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

// dependencyEnv returns the variables with the address of the i-th dependency.
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
		keepLiveValues(in, env)
	}
	return env
}

// keepLiveValues copies the values of variables from the live Deployment. A dependency
// that was deleted may come back: its callers keep its address and are not rolled out.
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

// telemetryEnv returns the resource attributes of the service for OpenTelemetry
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

// imageVersion returns an image's tag, or the start of its digest.
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
