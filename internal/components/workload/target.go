// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// targetOf returns the container port that the Service targets for a port of the spec.
// Normally it is a name, because pods of an earlier template may have the name on another
// number. It is the number while pods have that under another name. While neither serves
// all pods, the Service keeps its live target until a pod of the new template is ready.
func targetOf(in *inputs.Inputs, port *v1alpha1.Port) intstr.IntOrString {
	name, number := intstr.FromString(graph.ContainerPortName(in.Microservice, port)), intstr.FromInt32(graph.TargetPort(port))
	pods := serving(in)
	for _, target := range []intstr.IntOrString{name, number} {
		if pods.all(target) {
			return target
		}
	}
	if live := liveTarget(in.Service, port); live != nil && !pods.anyReady(name) {
		return *live
	}
	return name
}

// servingPods are pods that the Service may send requests to. The first may be the live
// pod template.
type servingPods []servingPod

type servingPod struct {
	containers []corev1.Container
	ready      bool
}

// serving returns the live pods and the live pod template.
func serving(in *inputs.Inputs) servingPods {
	var pods servingPods
	if in.Deployment != nil {
		pods = append(pods, servingPod{containers: in.Deployment.Spec.Template.Spec.Containers})
	}
	for i := range in.Pods {
		pod := &in.Pods[i]
		if pod.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentService && pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded {
			pods = append(pods, servingPod{pod.Spec.Containers, isPodReady(pod)})
		}
	}
	return pods
}

func isPodReady(pod *corev1.Pod) bool {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == corev1.PodReady {
			return pod.Status.Conditions[i].Status == corev1.ConditionTrue
		}
	}
	return false
}

// all reports whether every pod has the target.
func (pods servingPods) all(target intstr.IntOrString) bool {
	for i := range pods {
		if pods[i].port(target) == 0 {
			return false
		}
	}
	return true
}

// anyReady reports whether a ready pod has the target.
func (pods servingPods) anyReady(target intstr.IntOrString) bool {
	for i := range pods {
		if pods[i].ready && pods[i].port(target) != 0 {
			return true
		}
	}
	return false
}

// port returns the number of the container port that a target leads to, or 0.
func (p *servingPod) port(target intstr.IntOrString) int32 {
	for i := range p.containers {
		for _, port := range p.containers[i].Ports {
			if target.Type == intstr.String && port.Name == target.StrVal || target.Type == intstr.Int && port.ContainerPort == target.IntVal {
				return port.ContainerPort
			}
		}
	}
	return 0
}

// liveTarget returns the target of the live Service for a port of the spec, by its name or
// else by its number; nil if there is none.
func liveTarget(live *corev1.Service, port *v1alpha1.Port) *intstr.IntOrString {
	if live == nil {
		return nil
	}
	var byNumber *intstr.IntOrString
	for i := range live.Spec.Ports {
		switch p := &live.Spec.Ports[i]; {
		case p.Name == port.Name:
			return &p.TargetPort
		case p.Port == port.Port:
			byNumber = &p.TargetPort
		}
	}
	return byNumber
}
