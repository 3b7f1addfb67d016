// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// newReplicaSetAvailable is the reason of the condition Progressing after a rollout is
// complete. It stays until the next rollout, also while pods are unavailable
// (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment).
const newReplicaSetAvailable = "NewReplicaSetAvailable"

// RolledOut reports whether all pods are made from the pod template of the live
// Deployment. It is false while an earlier ReplicaSet may still create pods, and while a
// pod terminates.
func RolledOut(in *inputs.Inputs) bool {
	d := in.Deployment
	for i := range in.Pods {
		if in.Pods[i].Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentService && (d == nil || in.Pods[i].DeletionTimestamp != nil) {
			return false
		}
	}
	if d == nil {
		return true
	}
	return d.Status.ObservedGeneration >= d.Generation && d.Status.Replicas == d.Status.UpdatedReplicas && IsStable(d)
}

// IsStable reports whether the last rollout that was observed is complete.
func IsStable(d *appsv1.Deployment) bool {
	progress := deploymentCondition(d, appsv1.DeploymentProgressing)
	return progress != nil && progress.Reason == newReplicaSetAvailable
}

func strategy(ms *v1alpha1.Microservice) appsv1.DeploymentStrategy {
	if inputs.Recreates(ms) {
		return appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	}
	rolling := &appsv1.RollingUpdateDeployment{MaxUnavailable: ptr.To(intstr.FromInt32(0)), MaxSurge: ptr.To(inputs.MaxSurge(ms))}
	if own := ms.Spec.Rollout; own != nil && own.MaxUnavailable != nil {
		rolling.MaxUnavailable = own.MaxUnavailable
	}
	return appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: rolling}
}

const (
	// defaultProgressDeadlineSeconds is the default of Deployments.
	defaultProgressDeadlineSeconds = 600
	// schedulingSeconds is the time for a pod to be scheduled and its image to be pulled.
	schedulingSeconds = 300
)

// progressDeadline returns the time after which a rollout without progress counts as
// failed. A pod may take as long to start as its own probes permit. nil means the default
// of Deployments.
func progressDeadline(ms *v1alpha1.Microservice, template *corev1.PodTemplateSpec) *int32 {
	if own := ms.Spec.Rollout; own != nil && own.ProgressDeadlineSeconds != nil {
		return own.ProgressDeadlineSeconds
	}
	if deadline := startSeconds(&template.Spec) + schedulingSeconds; deadline > defaultProgressDeadlineSeconds {
		return &deadline
	}
	return nil
}

// startSeconds returns the time that the probes of a pod permit until it is ready. Init
// containers start one after the other, and the others together.
func startSeconds(pod *corev1.PodSpec) int32 {
	var inits, containers int32
	for i := range pod.InitContainers {
		inits += probeSeconds(pod.InitContainers[i].StartupProbe)
	}
	for i := range pod.Containers {
		c := &pod.Containers[i]
		readiness := int32(0)
		if c.ReadinessProbe != nil {
			readiness = c.ReadinessProbe.InitialDelaySeconds
		}
		containers = max(containers, probeSeconds(c.StartupProbe), readiness)
	}
	return inits + containers
}

// probeSeconds returns the time after which a startup probe restarts its container. The
// defaults are those of Kubernetes.
func probeSeconds(p *corev1.Probe) int32 {
	const defaultPeriod, defaultFailures = 10, 3
	if p == nil {
		return 0
	}
	period, failures := p.PeriodSeconds, p.FailureThreshold
	if period == 0 {
		period = defaultPeriod
	}
	if failures == 0 {
		failures = defaultFailures
	}
	return p.InitialDelaySeconds + period*failures
}
