// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package podfailure

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Classes of pods that no node fits.
const (
	UnboundClaim          Class = "UnboundClaim"
	SharedClaim           Class = "SharedClaim"
	InsufficientResources Class = "InsufficientResources"
	UntoleratedTaint      Class = "UntoleratedTaint"
	NodeAffinity          Class = "NodeAffinity"
	PodAntiAffinity       Class = "PodAntiAffinity"
	PodAffinity           Class = "PodAffinity"
	TopologySpread        Class = "TopologySpread"
	HostPort              Class = "HostPort"
	NodesCordoned         Class = "NodesCordoned"
	NodesFull             Class = "NodesFull"
	VolumeNodeAffinity    Class = "VolumeNodeAffinity"
	VolumeLimit           Class = "VolumeLimit"
	Unschedulable         Class = "Unschedulable"
)

var (
	insufficient = regexp.MustCompile(`Insufficient ([\w./-]+)`)
	taintText    = regexp.MustCompile(`untolerated taint(?:\(s\))? ?(\{[^}]*\})?`)
	claimText    = regexp.MustCompile(`(?i)persistentvolumeclaim`)
)

// scheduleClasses are found by a text of the scheduler. The first one that fits
// counts.
var scheduleClasses = []struct {
	class             Class
	text, why, remedy string
}{
	{SharedClaim, onePodText, "another pod has its claim, which is ReadWriteOncePod", SharedClaimRemedy},
	{NodeAffinity, "didn't match Pod's node affinity/selector", "no node has the labels that its nodeSelector or nodeAffinity requires", "correct nodeSelector or affinity in podTemplate.spec, or label a node"},
	{PodAntiAffinity, "didn't match pod anti-affinity rules", "its podAntiAffinity excludes every node", "relax affinity in podTemplate.spec, or add nodes"},
	{PodAffinity, "didn't match pod affinity rules", "no node runs the pods that its podAffinity requires", "correct affinity in podTemplate.spec"},
	{TopologySpread, "didn't match pod topology spread constraints", "its topologySpreadConstraints exclude every node", "relax topologySpreadConstraints in podTemplate.spec, or add nodes"},
	{HostPort, "didn't have free ports", "its hostPort is in use on every node", "remove hostPort from podTemplate"},
	{NodesCordoned, "were unschedulable", "the nodes are cordoned", "make a node schedulable again: kubectl uncordon <node>"},
	{NodesFull, "Too many pods", "the nodes run their maximum number of pods", "add nodes"},
	{VolumeNodeAffinity, "volume node affinity conflict", "its volume is bound to a node or zone that does not fit the pod", "make room on the node or in the zone of the volume"},
	{VolumeLimit, "exceed max volume count", "the nodes have their maximum number of volumes", "add nodes"},
}

// Unscheduled returns why the scheduler finds no node for a pod, and nil where it
// does not say so.
func Unscheduled(pod *corev1.Pod) *Failure {
	c := Condition(pod, corev1.PodScheduled)
	if c == nil || c.Status != corev1.ConditionFalse || c.Reason != corev1.PodReasonUnschedulable {
		return nil
	}
	f := &Failure{Stage: Scheduling, Class: Unschedulable, Pod: pod}
	// What follows is about preemption, which does not help.
	f.Detail, _, _ = strings.Cut(c.Message, " preemption:")
	for _, found := range insufficient.FindAllStringSubmatch(f.Detail, -1) {
		if of := corev1.ResourceName(strings.TrimSuffix(found[1], ".")); !slices.Contains(f.Lacking, of) {
			f.Lacking = append(f.Lacking, of)
		}
	}
	taint := taintText.FindStringSubmatch(f.Detail)
	switch {
	case claimText.MatchString(f.Detail) && !strings.Contains(f.Detail, onePodText):
		f.Class = UnboundClaim
	case len(f.Lacking) > 0:
		f.Class = InsufficientResources
	case taint != nil:
		f.Class, f.Taint = UntoleratedTaint, taint[1]
	default:
		for _, known := range scheduleClasses {
			if strings.Contains(f.Detail, known.text) {
				f.Class = known.class
				break
			}
		}
	}
	return f
}

func (f *Failure) whyUnscheduled() string {
	switch f.Class {
	case InsufficientResources:
		var asks []string
		for _, of := range f.Lacking {
			requests := requested(f.Pod, of)
			asks = append(asks, fmt.Sprintf("%s %s", requests.String(), of))
		}
		return fmt.Sprintf("it requests %s, and no node has that much free", strings.Join(asks, " and "))
	case UntoleratedTaint:
		return strings.TrimSpace("the nodes have a taint that it does not tolerate " + f.Taint)
	}
	for _, known := range scheduleClasses {
		if known.class == f.Class {
			return known.why
		}
	}
	return f.Detail
}

func (f *Failure) scheduleRemedy() string {
	switch f.Class {
	case InsufficientResources:
		var fields []string
		for _, of := range f.Lacking {
			fields = append(fields, fmt.Sprintf("%s.requests.%s", f.field("resources"), of))
		}
		return fmt.Sprintf("lower %s, or add a node that has that much free", strings.Join(fields, " and "))
	case UntoleratedTaint:
		return "add tolerations in podTemplate.spec, or remove the taint from a node"
	case UnboundClaim:
		return "see the events of the claim (kubectl describe pvc -n " + f.Pod.Namespace + ")"
	}
	for _, known := range scheduleClasses {
		if known.class == f.Class {
			return known.remedy
		}
	}
	return "see what the scheduler says, and correct resources or podTemplate.spec, or add nodes"
}

// requested returns how much of a resource a pod requests: the sum of its
// containers, or an init container that requests more.
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
