// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
)

// placedReport adds a finding. place is the path of the field that a user has to look at; the
// message names it in its own words.
type placedReport func(severity Severity, code, place, message string)

// placeOfMembership is the field that makes a service a member of a Topology.
const placeOfMembership = "spec.topologyRef"

// placesOfConditions are the fields that the conditions are about. A condition without one is about
// the whole spec.
var placesOfConditions = map[string]string{
	v1alpha1.ConditionDependenciesReady:     "spec.dependencies",
	v1alpha1.ConditionDatabaseReady:         "spec.database",
	v1alpha1.ConditionDatabaseRestored:      "spec.database.restore",
	v1alpha1.ConditionDatabaseMigrated:      "spec.database.migration",
	v1alpha1.ConditionCredentialsRotated:    "spec.database",
	v1alpha1.ConditionBackupReady:           "spec.database.backup",
	v1alpha1.ConditionCollationCurrent:      "spec.database",
	v1alpha1.ConditionConnectionsSufficient: "spec.database.pool",
	v1alpha1.ConditionRoutesReady:           "spec.routes",
	v1alpha1.ConditionAutoscalerReady:       "spec.scaling",
	v1alpha1.ConditionObjectivesMonitored:   "spec.slo",
}

// placesOfHealth are the fields of what is wrong and keeps nothing from being built, by its reason.
var placesOfHealth = map[string]string{
	v1alpha1.ReasonTooFewConnections: placesOfConditions[v1alpha1.ConditionConnectionsSufficient],
	v1alpha1.ReasonForeignAutoscaler: placesOfConditions[v1alpha1.ConditionAutoscalerReady],
}

// placeOf returns the field of the Microservice that causes a problem.
func (b *Built) placeOf(problem *condition.Problem) string {
	switch m := &problem.Message; {
	case problem.Reason == v1alpha1.ReasonReferenceNotFound && b.missing != "":
		return placeInSpec(b.missing)
	case m.Object.Kind == "Topology":
		return placeOfMembership
	case m.Object.Kind == "" && m.Field != "":
		return placeInSpec(m.Field)
	}
	return placesOfConditions[problem.Condition]
}

// placeInSpec returns the path of a field as messages name it: without spec. A field of the
// metadata is named in full.
func placeInSpec(field string) string {
	if strings.HasPrefix(field, "metadata") {
		return field
	}
	return "spec." + field
}

// placeOfHealth returns the field that causes a fault which keeps nothing from being built.
func placeOfHealth(h *condition.Health) string {
	if h.Message.Object.Kind == "" && h.Message.Field != "" {
		return placeInSpec(h.Message.Field)
	}
	return placesOfHealth[h.Reason]
}

// placeOfDependency returns a field of a dependency.
func placeOfDependency(i int, field string) string {
	return fmt.Sprintf("spec.dependencies[%d].%s", i, field)
}

// faultyField returns the field of a dependency that keeps it from resolving.
func faultyField(edge *graph.Edge, reason string) string {
	switch {
	case reason != v1alpha1.ReasonPortNotFound:
		return "name"
	case edge.MissingPort != "":
		return "morePorts"
	}
	return "port"
}

// placeOfVolume returns the volume of a podTemplate.
func placeOfVolume(name string) string {
	return fmt.Sprintf("spec.podTemplate.spec.volumes[%s]", name)
}

// placeOfHostAccess returns the field that sets what reaches the host.
func placeOfHostAccess(ms *v1alpha1.Microservice) string {
	switch {
	case ms.Spec.PodTemplate != nil:
		return "spec.podTemplate"
	case ms.Spec.Probes != nil:
		return "spec.probes"
	}
	return placeOfMembership
}

// placeOfValue returns the field of a service that has an address.
func (p *podLint) placeOfValue(at *graph.ConfiguredAddress) string {
	for _, c := range p.containers() {
		if c.Name != at.Container {
			continue
		}
		inOverlay := p.overlay[c.Name]
		ofSpec := at.Path
		switch field, inBrackets, _ := strings.Cut(at.Path, "["); {
		case field == "env" && slices.ContainsFunc(inOverlay.Env, func(v corev1.EnvVar) bool { return v.Name+"]" == inBrackets }),
			field == "command" && len(inOverlay.Command) > 0, field == "args" && len(inOverlay.Args) > 0:
			ofSpec = ""
		}
		return p.fieldOf(c, ofSpec, at.Path)
	}
	return ""
}
