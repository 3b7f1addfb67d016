// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// recorded returns the series that Prometheus records of a service with an objective, a route and a
// dependency, whose Topology records everything.
func recorded(t *testing.T) []labels.Labels {
	t.Helper()
	orders := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders"}}
	orders.Spec.SLO = &v1alpha1.ServiceLevelObjective{Availability: "99.9"}
	orders.Spec.Routes = []v1alpha1.Route{{}}
	topology := &v1alpha1.Topology{Spec: v1alpha1.TopologySpec{Monitoring: &v1alpha1.Monitoring{
		Record:          []v1alpha1.RecordedRequests{v1alpha1.RecordRequests, v1alpha1.RecordCalls, v1alpha1.RecordGatewayRequests},
		GatewayRequests: &v1alpha1.RequestMetrics{Series: []v1alpha1.LabelPattern{{Label: "service", Pattern: "$(name)"}}},
	}}}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Record string            `json:"record"`
				Labels map[string]string `json:"labels"`
			} `json:"rules"`
		} `json:"groups"`
	}
	text := rulesFor(t, &inputs.Inputs{Microservice: orders, Topology: topology, Edges: []graph.Edge{{Caller: orders, Dependency: &v1alpha1.Dependency{Name: "users"}}}})
	if err := yaml.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	var all []labels.Labels
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			if rule.Record == "" {
				continue
			}
			rule.Labels[model.MetricNameLabel] = rule.Record
			all = append(all, labels.FromMap(rule.Labels))
		}
	}
	return all
}
