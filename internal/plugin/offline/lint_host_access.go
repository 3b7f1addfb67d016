// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"encoding/json"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/kube"
)

// CodeHostAccess says that the pods reach the host.
const CodeHostAccess = "HostAccess"

// baseline has the checks of the Pod Security Standard baseline.
var baseline = api.LevelVersion{Level: api.LevelBaseline, Version: api.LatestVersion()}

// hostAccess finds what the admission policy host-access refuses: what the Pod Security
// Standard baseline forbids.
func (l *linter) hostAccess(ms *v1alpha1.Microservice, objects []kube.Object, report placedReport) error {
	for _, o := range objects {
		if d, is := o.(*appsv1.Deployment); is {
			if err := l.templateReachesHost(d.Namespace, &d.Spec.Template, placeOfHostAccess(ms), report); err != nil {
				return err
			}
		}
	}
	return nil
}

// defaultHostAccess finds the same in the defaults of a Topology, which the policy checks too.
func (l *linter) defaultHostAccess(topology *v1alpha1.Topology) error {
	defaults := topology.Spec.Defaults
	if defaults == nil {
		return nil
	}
	report := func(severity Severity, code, place, message string) {
		l.findAt("Topology", topology.Namespace, topology.Name, severity, code, "spec.defaults", place, message)
	}
	template, invalid := defaultTemplate(defaults)
	if invalid != nil {
		report(SeverityError, v1alpha1.ReasonInvalidSpec, "spec.defaults.podTemplate", invalid.String())
		return nil
	}
	return l.templateReachesHost(topology.Namespace, template, "spec.defaults", report)
}

// defaultTemplate returns what the defaults of a Topology set in the pods of its members.
func defaultTemplate(defaults *v1alpha1.TopologyDefaults) (template *corev1.PodTemplateSpec, invalid *condition.Message) {
	template = &corev1.PodTemplateSpec{}
	if defaults.PodTemplate != nil {
		if err := json.Unmarshal(defaults.PodTemplate.Raw, template); err != nil {
			return nil, &condition.Message{Field: "podTemplate", Cause: "is no pod template: " + err.Error(), Remedy: "correct the field that is named"}
		}
	}
	if probes := defaults.Probes; probes != nil {
		template.Spec.Containers = append(template.Spec.Containers, corev1.Container{
			Name: "of a member", ReadinessProbe: probes.Readiness, LivenessProbe: probes.Liveness, StartupProbe: probes.Startup})
	}
	return template, nil
}

func (l *linter) templateReachesHost(namespace string, template *corev1.PodTemplateSpec, place string, report placedReport) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	var found []string
	for _, result := range evaluator.EvaluatePod(baseline, &template.ObjectMeta, &template.Spec) {
		if !result.Allowed {
			found = append(found, strings.TrimSpace(result.ForbiddenReason+" "+result.ForbiddenDetail))
		}
	}
	known, given := l.world.namespaces[namespace]
	if len(found) == 0 || known[api.EnforceLevelLabel] == string(api.LevelPrivileged) {
		return nil
	}
	severity := SeverityWarning
	if given {
		severity = SeverityError
	}
	report(severity, CodeHostAccess, place, condition.Message{
		Cause:  "the pods reach the host: " + strings.Join(found, ", "),
		Remedy: fmt.Sprintf("remove it from podTemplate or probes, or let an administrator label the namespace with %s: %s", api.EnforceLevelLabel, api.LevelPrivileged),
	}.String())
	return nil
}
