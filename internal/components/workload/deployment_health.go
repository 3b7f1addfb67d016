// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// DeploymentHealth returns how the live Deployment and its pods are; live is nil while it
// does not exist.
func DeploymentHealth(in *inputs.Inputs, live kube.Object) condition.Health {
	d, _ := live.(*appsv1.Deployment)
	name := in.Microservice.Name
	object := condition.Object{Kind: "Deployment", Name: name}
	logs := podfailure.LogsCommand(in.Microservice.Namespace, name, v1alpha1.ComponentService, "--all-containers")
	remedy := "check probes and the service's log (" + logs + ")"
	if d == nil || d.Status.ObservedGeneration < d.Generation {
		return condition.Progressing("Deployment %q is being updated", name)
	}
	if in.Suspended() && d.Status.Replicas > 0 {
		return condition.Progressing("The service is suspended, and its pods are ending")
	}
	if in.Suspended() {
		return condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.Message{Cause: "The service is suspended", Remedy: "set suspend to false to start it"}}
	}
	if c := deploymentCondition(d, appsv1.DeploymentReplicaFailure); c != nil && c.Status == corev1.ConditionTrue {
		refusal := condition.ClassifyRefusal(c.Message)
		return condition.Health{Reason: v1alpha1.ReasonPodsRefused, Stalled: true, Message: condition.Message{
			Object: object, Cause: "cannot create pods: " + refusal.Text, Remedy: refusal.Advice}}
	}
	wanted := ptr.Deref(d.Spec.Replicas, 1)
	rolledOut := d.Status.UpdatedReplicas >= wanted && d.Status.Replicas <= d.Status.UpdatedReplicas
	// A service with its minimum of pods stays ready while an autoscaler adds more.
	if in.ScaledByOthers() {
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
	// Without an updated pod, all pods are of an earlier template, and their failures may be
	// corrected already.
	if f := podfailure.Find(in.Pods, v1alpha1.ComponentService); f != nil && d.Status.UpdatedReplicas > 0 {
		h := f.DeclaredAs(in.Microservice.Spec.Image).Health()
		if late {
			h.Stalled, h.Progressing = true, false
		}
		if h.Reason == v1alpha1.ReasonUnschedulable && keepsOldPods(d) {
			if h.Message.Remedy != "" {
				h.Message.Remedy += "; or "
			}
			h.Message.Remedy += "let an old pod make room: set rollout.maxSurge to 0 and rollout.maxUnavailable to 1"
		}
		return *h
	}
	switch {
	case late:
		return condition.Health{Reason: v1alpha1.ReasonUnavailable, Stalled: true,
			Message: condition.Message{Object: object, Cause: "has pods that run and do not become ready", Remedy: remedy}}
	case !rolledOut:
		return condition.Progressing("Deployment %q is rolling out", name)
	}
	return condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true,
		Message: condition.Message{Object: object, Cause: "has fewer ready pods than desired", Remedy: "wait; if it stays so, " + remedy}}
}

// keepsOldPods reports whether a rollout waits for a new pod before it deletes an old one.
// If the old pods hold what the new one needs, such as a device, it waits forever.
func keepsOldPods(d *appsv1.Deployment) bool {
	rolling := d.Spec.Strategy.RollingUpdate
	return d.Status.Replicas > d.Status.UpdatedReplicas && rolling != nil && rolling.MaxUnavailable != nil &&
		(rolling.MaxUnavailable.Type == intstr.Int && rolling.MaxUnavailable.IntVal == 0 || rolling.MaxUnavailable.StrVal == "0%")
}

func deploymentCondition(d *appsv1.Deployment, t appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range d.Status.Conditions {
		if d.Status.Conditions[i].Type == t {
			return &d.Status.Conditions[i]
		}
	}
	return nil
}
