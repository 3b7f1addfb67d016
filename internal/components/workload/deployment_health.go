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

package workload

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

func DeploymentHealth(in *inputs.Inputs, live kube.Object) condition.Health {
	d, _ := live.(*appsv1.Deployment)
	name := in.Microservice.Name
	if d == nil || d.Status.ObservedGeneration < d.Generation {
		return condition.Progressing("Deployment %q is being updated", name)
	}
	if in.Suspended() {
		return condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The service is suspended: set suspend to false to start it")}
	}
	if c := deploymentCondition(d, appsv1.DeploymentReplicaFailure); c != nil && c.Status == corev1.ConditionTrue {
		refusal := condition.ClassifyRefusal(c.Message)
		return condition.Health{Reason: v1alpha1.ReasonPodsRefused, Stalled: true, Message: condition.Message{
			Object: condition.Object{Kind: "Deployment", Name: name}, Cause: "cannot create pods: " + refusal.Said, Remedy: refusal.Advice}}
	}
	wanted := ptr.Deref(d.Spec.Replicas, 1)
	rolledOut := d.Status.UpdatedReplicas >= wanted && d.Status.Replicas <= d.Status.UpdatedReplicas
	// Pods that an autoscaler has just asked for don't make a service unready that
	// has its minimum.
	if in.Autoscale() != nil {
		rolledOut = d.Status.Replicas <= d.Status.UpdatedReplicas
		wanted = min(wanted, in.MinReplicas())
	}
	if rolledOut && d.Status.AvailableReplicas >= wanted {
		return condition.Healthy("All pods are available")
	}

	late := false
	if c := deploymentCondition(d, appsv1.DeploymentProgressing); c != nil {
		late = c.Status == corev1.ConditionFalse
	}
	if h := podfailure.Worst(in.Pods, v1alpha1.ComponentService); h != nil {
		if late {
			h.Stalled, h.Progressing = true, false
		}
		return *h
	}
	switch {
	case late:
		return condition.Health{Reason: v1alpha1.ReasonUnavailable, Stalled: true,
			Message: condition.ParseMessage(fmt.Sprintf("Pods of Deployment %q run and don't become ready: check probes and the service's log (kubectl logs deployment/%s)", name, name))}
	case !rolledOut:
		return condition.Progressing("Deployment %q is rolling out", name)
	}
	return condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true,
		Message: condition.ParseMessage(fmt.Sprintf("Deployment %q: fewer pods are ready than wanted; if it stays so, check probes and the service's log (kubectl logs deployment/%s)", name, name))}
}

func deploymentCondition(d *appsv1.Deployment, t appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range d.Status.Conditions {
		if d.Status.Conditions[i].Type == t {
			return &d.Status.Conditions[i]
		}
	}
	return nil
}
