// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// conditionDescs are the metrics of the conditions of one kind.
type conditionDescs struct{ counts, abnormal *prometheus.Desc }

// statuses are those that a condition can have.
var statuses = [...]metav1.ConditionStatus{metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown}

// conditionCounts counts the objects of a kind by namespace, condition and status.
type conditionCounts struct {
	descs  conditionDescs
	counts map[countedCondition]*[len(statuses)]int
}

type countedCondition struct{ namespace, condition string }

func newConditionCounts(descs conditionDescs) *conditionCounts {
	return &conditionCounts{descs: descs, counts: map[countedCondition]*[len(statuses)]int{}}
}

// add counts the conditions of an object, and collects those that are not as they should be.
func (c *conditionCounts) add(o metav1.Object, conditions []metav1.Condition, metrics chan<- prometheus.Metric) {
	if meta.FindStatusCondition(conditions, v1alpha1.ConditionReady) == nil {
		c.count(o.GetNamespace(), v1alpha1.ConditionReady, metav1.ConditionUnknown)
		metrics <- gaugeOf(c.descs.abnormal, float64(o.GetCreationTimestamp().Unix()), o.GetNamespace(), o.GetName(), v1alpha1.ConditionReady, "")
	}
	for i := range conditions {
		found := &conditions[i]
		c.count(o.GetNamespace(), found.Type, found.Status)
		if isAbnormal(found) {
			metrics <- gaugeOf(c.descs.abnormal, float64(found.LastTransitionTime.Unix()), o.GetNamespace(), o.GetName(), found.Type, found.Reason)
		}
	}
}

func (c *conditionCounts) count(namespace, conditionType string, status metav1.ConditionStatus) {
	key := countedCondition{namespace, conditionType}
	counts, found := c.counts[key]
	if !found {
		counts = new([len(statuses)]int)
		c.counts[key] = counts
	}
	for i := range statuses {
		if statuses[i] == status {
			counts[i]++
		}
	}
}

// collect collects the counts. A condition that an object of a namespace has is reported with
// each status, so that a query finds a zero.
func (c *conditionCounts) collect(metrics chan<- prometheus.Metric) {
	for key, counts := range c.counts {
		for i := range statuses {
			metrics <- gaugeOf(c.descs.counts, float64(counts[i]), key.namespace, key.condition, string(statuses[i]))
		}
	}
}

// isAbnormal reports whether a condition is not as it should be. What spec.suspend stopped is as
// the user wants it.
func isAbnormal(c *metav1.Condition) bool {
	if c.Reason == v1alpha1.ReasonSuspended {
		return false
	}
	return c.Status != condition.NormalStatus(c.Type)
}
