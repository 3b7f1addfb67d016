// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

const (
	// CodeNoImage says that podTemplate adds a container without an image.
	CodeNoImage = "NoImage"
	// CodeRestartPolicy says that the pods have another restartPolicy than Always.
	CodeRestartPolicy = "RestartPolicy"
	// CodeLimits says that a limit is below the request.
	CodeLimits = "Limits"
)

// secondContainers finds containers of podTemplate that were meant to change the service's
// container: they have another name and no image.
func (p *podLint) secondContainers() {
	for _, c := range p.containers() {
		if c.Image != "" {
			continue
		}
		field, remedy := p.fieldOf(c, "", "name"), "set its image"
		if slices.ContainsFunc(p.pods.Containers, func(o corev1.Container) bool { return o.Name == c.Name }) {
			remedy = fmt.Sprintf("name it %q to change the service's container, or %s", p.ms.Name, remedy)
		}
		p.report(SeverityError, CodeNoImage, field, condition.Message{Cause: fmt.Sprintf("adds container %q, which has no image", c.Name), Remedy: remedy}.String())
	}
}

// restartPolicy finds a policy that a Deployment can't have.
func (p *podLint) restartPolicy() {
	if policy := cmp.Or(p.pods.RestartPolicy, corev1.RestartPolicyAlways); policy != corev1.RestartPolicyAlways {
		field := "spec.podTemplate: spec.restartPolicy"
		if p.own.Spec.RestartPolicy != policy {
			field = topologyDefaults + ".podTemplate of the Topology: spec.restartPolicy"
		}
		p.report(SeverityError, CodeRestartPolicy, field, condition.Message{
			Cause: fmt.Sprintf("is %s, and a Deployment restarts its pods Always", policy), Remedy: "remove it; run what ends as a Job"}.String())
	}
}

// limits finds limits below the requests of the same container, which the API server refuses.
func (p *podLint) limits() {
	for _, c := range p.containers() {
		inOverlay := p.overlay[c.Name].Resources
		field := p.fieldOf(c, "resources", "resources")
		switch {
		case len(inOverlay.Limits) > 0 || len(inOverlay.Requests) > 0:
			field = p.fieldOf(c, "", "resources")
		case c.Name == p.ms.Name && p.ms.Spec.Resources == nil:
			// They are defaults of the Topology, where they are reported.
			continue
		}
		p.limitsOf(field, &c.Resources)
	}
}

// databaseLimits does the same for the database's server.
func (p *podLint) databaseLimits() {
	if db := p.ms.Spec.Database; db != nil && db.Resources != nil {
		p.limitsOf("spec.database.resources", db.Resources)
	}
}

func (p *podLint) limitsOf(field string, resources *corev1.ResourceRequirements) {
	for _, text := range limitsBelowRequests(resources) {
		p.report(SeverityError, CodeLimits, field, text)
	}
}

// defaultLimits does the same for the defaults of a Topology.
func (l *linter) defaultLimits(topology *v1alpha1.Topology) {
	if defaults := topology.Spec.Defaults; defaults != nil && defaults.Resources != nil {
		for _, text := range limitsBelowRequests(defaults.Resources) {
			l.find("Topology", topology.Namespace, topology.Name, SeverityError, CodeLimits, "spec.defaults.resources", text)
		}
	}
}

func limitsBelowRequests(resources *corev1.ResourceRequirements) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(resources.Requests)) {
		request := resources.Requests[name]
		limit, limited := resources.Limits[name]
		if limited && request.Cmp(limit) > 0 {
			found = append(found, condition.Message{Cause: fmt.Sprintf("requests %s of %s, and the limit is %s", request.String(), name, limit.String()),
				Remedy: "raise the limit, or lower the request"}.String())
		}
	}
	return found
}
