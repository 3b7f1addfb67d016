// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/kube"
)

// topologyDefaults begins the fields of a Topology that set something in the pods of a member.
const topologyDefaults = "defaults"

// podLint looks at the pods of one service as they are built.
type podLint struct {
	*linter
	ms *v1alpha1.Microservice
	// pods is a copy of the template of the Deployment, in which a value of env has the values
	// of the variables that it names.
	pods *corev1.PodSpec
	// own is the service's podTemplate, and overlay has its containers by name.
	own     corev1.PodTemplateSpec
	overlay map[string]corev1.Container
	// report adds a finding at a field.
	report func(severity Severity, code, field, message string)
	// reportAt adds a finding whose message names the field in its own words.
	reportAt placedReport
}

// podRules are what a podLint checks, each by itself.
var podRules = []func(*podLint){
	(*podLint).secondContainers, (*podLint).restartPolicy, (*podLint).limits, (*podLint).probePorts, (*podLint).variables, (*podLint).calls,
}

// podsOf checks the pod template of a service.
func (l *linter) podsOf(ms *v1alpha1.Microservice, built *Built, report placedReport) {
	p := &podLint{linter: l, ms: ms, reportAt: report, report: func(severity Severity, code, field, message string) {
		place := field
		if strings.HasPrefix(field, topologyDefaults) {
			place = placeOfMembership
		}
		l.findAt("Microservice", ms.Namespace, ms.Name, severity, code, field, place, message)
	}}
	p.readOverlay()
	p.databaseLimits()
	if built.database == nil {
		// What the Topology decides is not known.
		return
	}
	p.replacedVariables(built)
	at := slices.IndexFunc(built.Objects, func(o kube.Object) bool { _, is := o.(*appsv1.Deployment); return is })
	if at < 0 {
		return
	}
	p.pods = built.Objects[at].(*appsv1.Deployment).Spec.Template.Spec.DeepCopy()
	for _, rule := range podRules {
		rule(p)
	}
	for _, o := range built.Objects {
		if job, is := o.(*batchv1.Job); is && job.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentMigration {
			p.migrationVariables(&job.Spec.Template.Spec)
		}
	}
}

// containers returns all containers of the pods, init containers first.
func (p *podLint) containers() []*corev1.Container {
	var all []*corev1.Container
	for i := range p.pods.InitContainers {
		all = append(all, &p.pods.InitContainers[i])
	}
	for i := range p.pods.Containers {
		all = append(all, &p.pods.Containers[i])
	}
	return all
}

// readOverlay reads the service's podTemplate. An invalid one is reported when the pods are
// built.
func (p *podLint) readOverlay() {
	p.overlay = map[string]corev1.Container{}
	if raw := p.ms.Spec.PodTemplate; raw == nil || json.Unmarshal(raw.Raw, &p.own) != nil {
		return
	}
	for _, c := range slices.Concat(p.own.Spec.InitContainers, p.own.Spec.Containers) {
		p.overlay[c.Name] = c
	}
}

// fieldOf returns the field that sets something in a container. ofSpec is the field for the
// service's own container; empty if only podTemplate can set it. What the spec does not set is
// a default of the Topology.
func (p *podLint) fieldOf(c *corev1.Container, ofSpec, ofPod string) string {
	if c.Name == p.ms.Name && ofSpec != "" {
		return "spec." + ofSpec
	}
	list, template := "containers", "spec.podTemplate"
	if _, own := p.overlay[c.Name]; !own {
		template = topologyDefaults + ".podTemplate of the Topology"
	}
	if slices.ContainsFunc(p.pods.InitContainers, func(o corev1.Container) bool { return o.Name == c.Name }) {
		list = "initContainers"
	}
	return fmt.Sprintf("%s: spec.%s[%s].%s", template, list, c.Name, ofPod)
}
