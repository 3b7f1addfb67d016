// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

// EnvPort is the variable that many frameworks read for the port to listen on. In a
// Topology's defaults it needs no value.
const EnvPort = "PORT"

// defaultsOf returns the defaults of a Topology; empty if there are none.
func defaultsOf(topology *v1alpha1.Topology) *v1alpha1.TopologyDefaults {
	if topology == nil || topology.Spec.Defaults == nil {
		return &v1alpha1.TopologyDefaults{}
	}
	return topology.Spec.Defaults
}

// withDefaults returns a Microservice with the defaults of its Topology in place of what
// it does not set. The overlays of the pod template stay apart, because they are merged one
// after the other.
func withDefaults(ms *v1alpha1.Microservice, topology *v1alpha1.Topology) *v1alpha1.Microservice {
	inherited := Inherited(ms, topology)
	if len(inherited) == 0 {
		return ms
	}
	defaults := defaultsOf(topology)
	merged := *ms
	spec := &merged.Spec
	for _, field := range inherited {
		switch field {
		case "imagePullSecrets":
			spec.ImagePullSecrets = defaults.ImagePullSecrets
		case "resources":
			spec.Resources = defaults.Resources
		case "scaling":
			spec.Scaling = defaults.Scaling
		case "probes":
			spec.Probes = defaults.Probes
		}
	}
	spec.Env = slices.Concat(inheritedEnv(ms, defaults), ms.Spec.Env)
	return &merged
}

// Inherited returns the fields of a Microservice that its Topology's defaults decide, as
// fields of the defaults.
func Inherited(ms *v1alpha1.Microservice, topology *v1alpha1.Topology) []string {
	defaults := defaultsOf(topology)
	var fields []string
	add := func(inherits bool, field string) {
		if inherits {
			fields = append(fields, field)
		}
	}
	add(len(ms.Spec.ImagePullSecrets) == 0 && len(defaults.ImagePullSecrets) > 0, "imagePullSecrets")
	add(ms.Spec.Resources == nil && defaults.Resources != nil, "resources")
	add(ms.Spec.Scaling == nil && defaults.Scaling != nil, "scaling")
	add(ms.Spec.Probes == nil && defaults.Probes != nil && (defaults.Probes.Path == "" || speaksHTTP(ms)), "probes")
	add(defaults.TerminationGracePeriodSeconds != nil, "terminationGracePeriodSeconds")
	add(defaults.PodTemplate != nil, "podTemplate")
	for _, v := range inheritedEnv(ms, defaults) {
		fields = append(fields, "env["+v.Name+"]")
	}
	return fields
}

// speaksHTTP reports whether a path of the first port can be probed.
func speaksHTTP(ms *v1alpha1.Microservice) bool {
	ports := graph.Ports(ms)
	return len(ports) > 0 && (ports[0].Protocol == "" || ports[0].Protocol == v1alpha1.ProtocolHTTP)
}

// inheritedEnv returns the default variables that a Microservice does not set itself.
func inheritedEnv(ms *v1alpha1.Microservice, defaults *v1alpha1.TopologyDefaults) []corev1.EnvVar {
	var env []corev1.EnvVar
	for _, v := range defaults.Env {
		if slices.ContainsFunc(ms.Spec.Env, func(own corev1.EnvVar) bool { return own.Name == v.Name }) {
			continue
		}
		if v.Name == EnvPort && v.Value == "" && v.ValueFrom == nil {
			ports := graph.Ports(ms)
			if len(ports) == 0 {
				continue
			}
			v.Value = strconv.Itoa(int(graph.TargetPort(&ports[0])))
		}
		env = append(env, v)
	}
	return env
}

// OwnEnv returns the variables that the Microservice itself declares; nil if there are none.
func (in *Inputs) OwnEnv() []corev1.EnvVar {
	own := in.Microservice.Spec.Env[in.InheritedEnv:]
	if len(own) == 0 {
		return nil
	}
	return own
}

// GracePeriodSeconds returns the Topology's default for the time that a service has to end
// after SIGTERM; nil if there is none.
func (in *Inputs) GracePeriodSeconds() *int64 {
	return defaultsOf(in.Topology).TerminationGracePeriodSeconds
}

// DefaultPodTemplate returns the overlay that the Topology gives all members; nil if there
// is none.
func (in *Inputs) DefaultPodTemplate() []byte {
	if overlay := defaultsOf(in.Topology).PodTemplate; overlay != nil {
		return overlay.Raw
	}
	return nil
}
