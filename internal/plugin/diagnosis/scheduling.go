// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/internal/podfailure"
)

// unschedulable finds pods that no node fits.
func unschedulable(e *Evidence, part Part) *Finding {
	for _, pod := range e.unready(part) {
		f := podfailure.Unscheduled(pod)
		if f == nil {
			continue
		}
		return &Finding{
			Object: name("Pod", pod.Name), Steps: []Step{podStep(pod, "no node fits it")},
			Cause: fmt.Sprintf("No node fits pod %s: %s", pod.Name, f.Why()), Remedy: upperFirst(f.Remedy()),
			Proof: []Excerpt{{Title: "The scheduler on Pod " + pod.Name, Lines: []string{f.Detail}}},
		}
	}
	return nil
}

// nodeNotReady finds pods on nodes whose condition Ready is not True.
func nodeNotReady(e *Evidence, part Part) *Finding {
	for _, pod := range e.unready(part) {
		node := e.Nodes[pod.Spec.NodeName]
		if node == nil {
			continue
		}
		for i := range node.Status.Conditions {
			c := &node.Status.Conditions[i]
			if c.Type != corev1.NodeReady || c.Status == corev1.ConditionTrue {
				continue
			}
			return &Finding{
				Object: name("Node", node.Name), Steps: []Step{podStep(pod, "runs on node %s", node.Name), step(name("Node", node.Name), "Ready is %s: %s", c.Status, c.Reason)},
				Cause:  fmt.Sprintf("Node %s, on which pod %s runs, is not ready: %s", node.Name, pod.Name, strings.TrimSuffix(orElse(c.Message, c.Reason), ".")),
				Remedy: fmt.Sprintf("See kubectl describe node %s; Kubernetes replaces its pods on other nodes after five minutes, a database's pod only once the node or the pod is deleted", node.Name),
			}
		}
	}
	return nil
}

func orElse(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}
