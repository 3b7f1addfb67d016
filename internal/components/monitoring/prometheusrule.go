// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// PrometheusRuleKind is the kind of rules of the Prometheus operator
// (https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule).
// Atoll knows it by its fields only, and so depends on no version of its Go types.
var PrometheusRuleKind = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PrometheusRule"}

// PrometheusRuleCRD is the name of the definition of PrometheusRules.
const PrometheusRuleCRD = "prometheusrules.monitoring.coreos.com"

// PrometheusRules returns the PrometheusRule of a Microservice with an objective, or of a member whose
// Topology records requests.
func PrometheusRules(in *inputs.Inputs) ([]kube.Object, error) {
	ms := in.Microservice
	var groups []any
	switch {
	case ms.Spec.SLO != nil:
		o, err := parse(in)
		if err != nil {
			return nil, err
		}
		groups = o.groups()
	// No condition of a member is about what its Topology records.
	case in.MissingCRDs[PrometheusRuleCRD]:
		return nil, nil
	}
	recorded, problem := recordedGroups(in)
	if problem != nil {
		return nil, problem
	}
	if groups = append(groups, recorded...); len(groups) == 0 {
		return nil, nil
	}
	rule := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"groups": groups}}}
	rule.SetGroupVersionKind(PrometheusRuleKind)
	rule.SetNamespace(ms.Namespace)
	rule.SetName(ms.Name)
	rule.SetLabels(labels(in))
	return kube.One(rule)
}

// Health reports what keeps the objectives from being measured. Whether Prometheus selects the rules
// and the PodMonitor is not known.
func Health(in *inputs.Inputs) *condition.Health {
	ms := in.Microservice
	// Without the kind, that is what to say first.
	if ms.Spec.SLO == nil || in.MissingCRDs[PrometheusRuleCRD] {
		return nil
	}
	message := condition.Message{Field: "slo"}
	const elsewhere = "name the metrics of your gateway in slo.requests.series"
	switch m, _ := requestMetrics(in); {
	case len(m.Series) > 0:
		return &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady}
	case settings(in) == nil:
		message.Cause = "has no metrics: nothing scrapes the pods, because the Microservice has no Topology with monitoring"
		message.Remedy = "set monitoring of the Topology, or " + elsewhere
	case scrapedPort(ms) == "":
		message.Cause = "has no metrics: nothing scrapes the pods, because none of the ports speaks HTTP or is named metrics"
		message.Remedy = "add a port named metrics, or " + elsewhere
	case in.MissingCRDs[PodMonitorCRD]:
		message.Cause = fmt.Sprintf("has no metrics: nothing scrapes the pods, because CustomResourceDefinition %q is not installed", PodMonitorCRD)
		message.Remedy = "install it, or " + elsewhere
	default:
		return &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady}
	}
	return &condition.Health{Reason: v1alpha1.ReasonNotMonitored, Message: message}
}
