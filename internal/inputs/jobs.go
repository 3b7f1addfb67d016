// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Kept stands for a Job that exists and is to stay: a Job is never changed.
func Kept(job *batchv1.Job) *batchv1.Job {
	return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: job.Name, Namespace: job.Namespace, Labels: job.Labels}}
}

// Job is the live Job of a name, or nil.
func (in *Inputs) Job(name string) *batchv1.Job {
	at := slices.IndexFunc(in.Jobs, func(j *batchv1.Job) bool { return j.Name == name })
	if at < 0 || in.Jobs[at].DeletionTimestamp != nil {
		return nil
	}
	return in.Jobs[at]
}

// JobDone reports whether a Job has succeeded; false for nil.
func JobDone(job *batchv1.Job) bool { return jobIs(job, batchv1.JobComplete) }

// JobFailed reports whether a Job has failed for good; false for nil.
func JobFailed(job *batchv1.Job) bool { return jobIs(job, batchv1.JobFailed) }

func jobIs(job *batchv1.Job, t batchv1.JobConditionType) bool { return JobCondition(job, t) != nil }

// JobCondition returns a condition of a Job that is True, or nil.
func JobCondition(job *batchv1.Job, t batchv1.JobConditionType) *batchv1.JobCondition {
	if job == nil {
		return nil
	}
	for i := range job.Status.Conditions {
		if c := &job.Status.Conditions[i]; c.Type == t && c.Status == corev1.ConditionTrue {
			return c
		}
	}
	return nil
}

// PodsOf returns the pods of a Job. A pod that only has the label of a Job is none.
func PodsOf(in *Inputs, job string) []*corev1.Pod {
	var pods []*corev1.Pod
	for i := range in.Pods {
		if pod := &in.Pods[i]; pod.Labels[batchv1.JobNameLabel] == job && in.Reports(pod) {
			pods = append(pods, pod)
		}
	}
	return pods
}

// Reports reports whether what a pod says of the work of a Job can be trusted: it was created
// for a Job.
func (in *Inputs) Reports(pod *corev1.Pod) bool {
	name := pod.Labels[batchv1.JobNameLabel]
	if at := slices.IndexFunc(in.Jobs, func(j *batchv1.Job) bool { return j.Name == name }); at >= 0 {
		return ofJob(pod, in.Jobs[at])
	}
	owner := metav1.GetControllerOfNoCopy(pod)
	return owner != nil && owner.Kind == "Job" && owner.Name == name
}

// JobPods returns the pods that the Jobs of a component created.
func (in *Inputs) JobPods(component string) []corev1.Pod {
	var pods []corev1.Pod
	for i := range in.Pods {
		if pod := &in.Pods[i]; pod.Labels[v1alpha1.LabelComponent] == component && in.Reports(pod) {
			pods = append(pods, *pod)
		}
	}
	return pods
}

// Terminating says whether a component has pods that are on their way out.
func Terminating(in *Inputs, component string) bool {
	return slices.ContainsFunc(in.Pods, func(pod corev1.Pod) bool {
		return pod.Labels[v1alpha1.LabelComponent] == component && pod.DeletionTimestamp != nil
	})
}
