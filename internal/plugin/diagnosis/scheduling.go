/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package diagnosis

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// What the scheduler says of nodes, and what it means. The resource that lacks is
// told with what the pod asks for.
var (
	insufficient = regexp.MustCompile(`Insufficient ([\w./-]+)`)
	taintWords   = regexp.MustCompile(`untolerated taint(?:\(s\))? ?(\{[^}]*\})?`)
	hindrances   = []struct{ says, means, remedy string }{
		{"didn't match Pod's node affinity/selector", "no node has the labels that its nodeSelector or nodeAffinity asks for", "Correct nodeSelector or affinity in podTemplate.spec, or label a node"},
		{"didn't match pod anti-affinity rules", "its podAntiAffinity keeps it off every node", "Loosen affinity in podTemplate.spec, or add nodes"},
		{"didn't match pod affinity rules", "no node runs the pods that its podAffinity asks for", "Correct affinity in podTemplate.spec"},
		{"didn't match pod topology spread constraints", "its topologySpreadConstraints keep it off every node", "Loosen topologySpreadConstraints in podTemplate.spec, or add nodes"},
		{"didn't have free ports", "its hostPort is taken on every node", "Remove hostPort from podTemplate"},
		{"were unschedulable", "the nodes are cordoned", "Let pods on them again: kubectl uncordon <node>"},
		{"Too many pods", "the nodes have as many pods as they may", "Add nodes"},
		{"volume node affinity conflict", "its volume is on a node that does not take it", "Make room on the node or in the zone of the volume"},
		{"exceed max volume count", "the nodes have as many volumes as they may", "Add nodes"},
	}
)

// unschedulable tells of pods that no node takes, and of the resource that lacks.
func unschedulable(e *Evidence, part Part) *Finding {
	for _, pod := range e.unready(part) {
		c := podCondition(pod, corev1.PodScheduled)
		if c == nil || c.Status != corev1.ConditionFalse || c.Reason != corev1.PodReasonUnschedulable {
			continue
		}
		said, _, _ := strings.Cut(c.Message, " preemption:")
		why, remedy := hindrance(pod, part, said)
		return &Finding{
			Object: name("Pod", pod.Name), Steps: []Step{podStep(pod, "no node takes it")},
			Cause: fmt.Sprintf("No node takes pod %s: %s", pod.Name, why), Remedy: remedy,
			Proof: []Excerpt{{Title: "The scheduler on Pod " + pod.Name, Lines: []string{said}}},
		}
	}
	return nil
}

func hindrance(pod *corev1.Pod, part Part, said string) (why, remedy string) {
	var lacking []string
	for _, found := range insufficient.FindAllStringSubmatch(said, -1) {
		if of := strings.TrimSuffix(found[1], "."); !slices.Contains(lacking, of) {
			lacking = append(lacking, of)
		}
	}
	if len(lacking) > 0 {
		var asks, fields []string
		for _, of := range lacking {
			requests := requested(pod, corev1.ResourceName(of))
			asks = append(asks, fmt.Sprintf("%s %s", requests.String(), of))
			fields = append(fields, fmt.Sprintf("%s.requests.%s", part.field("resources"), of))
		}
		return fmt.Sprintf("it asks for %s, and no node has that much free", strings.Join(asks, " and ")),
			fmt.Sprintf("Lower %s, or add a node that has so much free", strings.Join(fields, " and "))
	}
	if taint := taintWords.FindStringSubmatch(said); taint != nil {
		return strings.TrimSpace("the nodes have a taint that it does not tolerate " + taint[1]),
			"Add tolerations in podTemplate.spec, or remove the taint from a node"
	}
	for _, h := range hindrances {
		if strings.Contains(said, h.says) {
			return h.means, h.remedy
		}
	}
	return said, "See what the scheduler says, and correct resources or podTemplate.spec, or add nodes"
}

// requested is how much of a resource a pod asks for: what all its containers do,
// or an init container, if that is more.
func requested(pod *corev1.Pod, of corev1.ResourceName) *resource.Quantity {
	sum := resource.Quantity{}
	for i := range pod.Spec.Containers {
		sum.Add(pod.Spec.Containers[i].Resources.Requests[of])
	}
	for i := range pod.Spec.InitContainers {
		if one := pod.Spec.InitContainers[i].Resources.Requests[of]; one.Cmp(sum) > 0 {
			sum = one
		}
	}
	return &sum
}

// nodeNotReady tells of pods on nodes of which nothing is heard.
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
				Remedy: fmt.Sprintf("See kubectl describe node %s; its pods go to other nodes after five minutes, a database's only once the node or its pod is deleted", node.Name),
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
