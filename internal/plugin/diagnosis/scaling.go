// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"regexp"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var missingRequest = regexp.MustCompile(`missing request for (\w+)`)

// noMetrics finds autoscalers that get no metrics.
func noMetrics(e *Evidence) []*Finding {
	if e.Autoscaler == nil {
		return nil
	}
	for i := range e.Autoscaler.Status.Conditions {
		c := &e.Autoscaler.Status.Conditions[i]
		if c.Type != autoscalingv2.ScalingActive || c.Status != corev1.ConditionFalse || !strings.HasPrefix(c.Reason, "FailedGet") && !strings.HasPrefix(c.Reason, "FailedCompute") {
			continue
		}
		why, remedy := "their source does not answer", "Check that the source of the metrics in scaling.autoscale.metrics runs"
		switch found := missingRequest.FindStringSubmatch(c.Message); {
		case found != nil:
			why = fmt.Sprintf("a container of the pods has no request for %s, from which utilization is computed", found[1])
			remedy = fmt.Sprintf("Set resources.requests.%s, in podTemplate for other containers", found[1])
		case strings.Contains(c.Message, "metrics.k8s.io") && !strings.Contains(c.Message, "custom.metrics") && !strings.Contains(c.Message, "external.metrics"):
			why, remedy = "the cluster has no metrics of pods (metrics.k8s.io)", "Install metrics-server, or see why it does not run: kubectl get apiservice v1beta1.metrics.k8s.io"
		case strings.Contains(c.Message, "no metrics returned from resource metrics API"), strings.Contains(c.Message, "did not receive metrics"):
			why, remedy = "the pods have no metrics yet", "Wait; if nothing changes, see the log of metrics-server"
		}
		return []*Finding{{
			Part: PartService, Object: name("HorizontalPodAutoscaler", e.Autoscaler.Name), Beside: true, condition: v1alpha1.ConditionAutoscalerReady,
			Steps: append(e.conditionSteps(v1alpha1.ConditionAutoscalerReady), step(name("HorizontalPodAutoscaler", e.Autoscaler.Name), "ScalingActive is False: %s", c.Reason)),
			Cause: fmt.Sprintf("HorizontalPodAutoscaler %q gets no metrics: %s", e.Autoscaler.Name, why), Remedy: remedy + "; until then the number of pods does not change",
			Proof: []Excerpt{{Title: "HorizontalPodAutoscaler " + e.Autoscaler.Name, Lines: []string{cut(c.Message, 2*maxLine)}}},
		}}
	}
	return nil
}
