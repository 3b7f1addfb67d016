// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// drainBlocked finds cordoned nodes from which no pod of the service can be evicted,
// because a PodDisruptionBudget allows no eviction.
func drainBlocked(e *Evidence) []*Finding {
	for _, nodeName := range slices.Sorted(maps.Keys(e.Nodes)) {
		node := e.Nodes[nodeName]
		if node == nil || !node.Spec.Unschedulable {
			continue
		}
		for i := range e.Pods {
			pod := &e.Pods[i]
			if pod.Spec.NodeName != nodeName || pod.DeletionTimestamp != nil || pod.Status.Phase != corev1.PodRunning {
				continue
			}
			budgets := e.budgetsOf(pod)
			if f := blocked(pod, node, budgets); f != nil {
				f.Part, f.Beside = Part(pod.Labels[v1alpha1.LabelComponent]), true
				return []*Finding{f}
			}
		}
	}
	return nil
}

// budgetsOf returns the PodDisruptionBudgets that select a pod.
func (e *Evidence) budgetsOf(pod *corev1.Pod) []*policyv1.PodDisruptionBudget {
	var all []*policyv1.PodDisruptionBudget
	for i := range e.Budgets {
		selector, err := metav1.LabelSelectorAsSelector(e.Budgets[i].Spec.Selector)
		if err == nil && selector.Matches(labels.Set(pod.Labels)) {
			all = append(all, &e.Budgets[i])
		}
	}
	return all
}

func blocked(pod *corev1.Pod, node *corev1.Node, budgets []*policyv1.PodDisruptionBudget) *Finding {
	steps := []Step{step(name("Node", node.Name), "is cordoned"), podStep(pod, "runs there and cannot be evicted")}
	if len(budgets) > 1 {
		return &Finding{
			Object: name("PodDisruptionBudget", budgets[1].Name),
			Steps:  append(steps, step(name("PodDisruptionBudget", budgets[0].Name+" and "+budgets[1].Name), "both select the pod")),
			Cause: fmt.Sprintf("Node %s is cordoned, and pod %s cannot be evicted: PodDisruptionBudgets %q and %q both select it, and the eviction API supports only one",
				node.Name, pod.Name, budgets[0].Name, budgets[1].Name),
			Remedy: "Delete the one that Atoll does not own, or correct its selector",
		}
	}
	for _, b := range budgets {
		always := b.Spec.UnhealthyPodEvictionPolicy != nil && *b.Spec.UnhealthyPodEvictionPolicy == policyv1.AlwaysAllow
		if b.Status.DisruptionsAllowed > 0 || b.Status.ObservedGeneration < b.Generation || always && !podfailure.Ready(pod) {
			continue
		}
		f := &Finding{
			Object: name("PodDisruptionBudget", b.Name),
			Steps:  append(steps, step(name("PodDisruptionBudget", b.Name), "allows no eviction: %d of %d pods are ready, %d must be", b.Status.CurrentHealthy, b.Status.ExpectedPods, b.Status.DesiredHealthy)),
			Cause: fmt.Sprintf("Node %s is cordoned, and pod %s cannot be evicted: PodDisruptionBudget %q allows no eviction, because %d of %d pods are ready and %d must be",
				node.Name, pod.Name, b.Name, b.Status.CurrentHealthy, b.Status.ExpectedPods, b.Status.DesiredHealthy),
			Remedy: "Make the other pods ready on other nodes: add a node, or correct why they are not ready",
		}
		if b.Status.DesiredHealthy >= b.Status.ExpectedPods && b.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByAtoll {
			f.Remedy = fmt.Sprintf("PodDisruptionBudget %q never allows an eviction: delete it, or lower its minAvailable", b.Name)
		}
		return f
	}
	return nil
}
