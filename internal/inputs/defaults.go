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

// inheritable are the fields that a Microservice takes over as a whole where it sets none.
var inheritable = []struct {
	field    string
	inherits func(ms *v1alpha1.Microservice, defaults *v1alpha1.TopologyDefaults) bool
	take     func(spec *v1alpha1.MicroserviceSpec, defaults *v1alpha1.TopologyDefaults)
}{
	{"imagePullSecrets",
		func(ms *v1alpha1.Microservice, d *v1alpha1.TopologyDefaults) bool {
			return len(ms.Spec.ImagePullSecrets) == 0 && len(d.ImagePullSecrets) > 0
		},
		func(spec *v1alpha1.MicroserviceSpec, d *v1alpha1.TopologyDefaults) {
			spec.ImagePullSecrets = d.ImagePullSecrets
		}},
	{"resources",
		func(ms *v1alpha1.Microservice, d *v1alpha1.TopologyDefaults) bool {
			return ms.Spec.Resources == nil && d.Resources != nil
		},
		func(spec *v1alpha1.MicroserviceSpec, d *v1alpha1.TopologyDefaults) { spec.Resources = d.Resources }},
	{"scaling",
		func(ms *v1alpha1.Microservice, d *v1alpha1.TopologyDefaults) bool {
			return OwnScaling(ms) == nil && d.Scaling != nil
		},
		func(spec *v1alpha1.MicroserviceSpec, d *v1alpha1.TopologyDefaults) { spec.Scaling = d.Scaling }},
	{"probes",
		func(ms *v1alpha1.Microservice, d *v1alpha1.TopologyDefaults) bool {
			return ms.Spec.Probes == nil && d.Probes != nil && (d.Probes.Path == "" || speaksHTTP(ms))
		},
		func(spec *v1alpha1.MicroserviceSpec, d *v1alpha1.TopologyDefaults) { spec.Probes = d.Probes }},
}

// withDefaults returns a Microservice with the defaults of its Topology in place of what
// it does not set. The overlays of the pod template stay apart, because they are merged one
// after the other.
func withDefaults(ms *v1alpha1.Microservice, topology *v1alpha1.Topology) *v1alpha1.Microservice {
	if len(Inherited(ms, topology)) == 0 {
		return ms
	}
	defaults := defaultsOf(topology)
	merged := *ms
	for _, f := range inheritable {
		if f.inherits(ms, defaults) {
			f.take(&merged.Spec, defaults)
		}
	}
	merged.Spec.Env = slices.Concat(inheritedEnv(ms, defaults), ms.Spec.Env)
	return &merged
}

// Inherited returns the fields of a Microservice that its Topology's defaults decide, as
// fields of the defaults.
func Inherited(ms *v1alpha1.Microservice, topology *v1alpha1.Topology) []string {
	defaults := defaultsOf(topology)
	var fields []string
	for _, f := range inheritable {
		if f.inherits(ms, defaults) {
			fields = append(fields, f.field)
		}
	}
	if defaults.TerminationGracePeriodSeconds != nil {
		fields = append(fields, "terminationGracePeriodSeconds")
	}
	if defaults.PodTemplate != nil {
		fields = append(fields, "podTemplate")
	}
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
