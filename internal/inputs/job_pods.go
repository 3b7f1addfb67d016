// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// JobWorkDone reports whether a Job has done its work; false for nil. It has if it is
// complete, or if its own containers ended with exit code 0 in one of its pods. A container
// that another client adds to the pod, such as the proxy of a mesh, can keep the Job from
// completing.
func (in *Inputs) JobWorkDone(job *batchv1.Job) bool {
	if job == nil {
		return false
	}
	return JobDone(job) || slices.ContainsFunc(PodsOf(in, job.Name), func(pod *corev1.Pod) bool { return podDone(pod, job) })
}

// JobOutlivesWork reports whether a Job goes on after it has done its work, because of a
// container that another client added: it runs, or has failed the pod, so that the Job
// begins another try. A Job that is about to complete does not.
func (in *Inputs) JobOutlivesWork(job *batchv1.Job) bool {
	if job == nil || JobDone(job) {
		return false
	}
	own := OwnContainers(job)
	return slices.ContainsFunc(PodsOf(in, job.Name), func(pod *corev1.Pod) bool {
		return podDone(pod, job) && (pod.Status.Phase == corev1.PodFailed ||
			slices.ContainsFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return s.State.Running != nil && !slices.Contains(own, s.Name) }))
	})
}

// podDone reports whether all containers that a Job declares ended with exit code 0.
func podDone(pod *corev1.Pod, job *batchv1.Job) bool {
	return ofJob(pod, job) && ownEnded(pod, job, func(ended *corev1.ContainerStateTerminated) bool { return ended.ExitCode == 0 })
}

// PodWorks reports whether a container runs in the pod of a Job that does the Job's work.
func (in *Inputs) PodWorks(pod *corev1.Pod) bool { return len(in.Working(pod)) > 0 }

// Working returns the containers of a Job's pod that run and do the Job's work: those that
// the Job declares, and init containers that end. A sidecar does not, nor does a container
// that another client added. If the Job does not exist, all count.
func (in *Inputs) Working(pod *corev1.Pod) []*corev1.ContainerStatus {
	var own []string
	if job := in.jobOf(pod); job != nil {
		own = OwnContainers(job)
	}
	var working []*corev1.ContainerStatus
	for i := range pod.Status.InitContainerStatuses {
		if s := &pod.Status.InitContainerStatuses[i]; s.State.Running != nil && !isSidecar(pod, s.Name) {
			working = append(working, s)
		}
	}
	for i := range pod.Status.ContainerStatuses {
		if s := &pod.Status.ContainerStatuses[i]; s.State.Running != nil && (len(own) == 0 || slices.Contains(own, s.Name)) {
			working = append(working, s)
		}
	}
	return working
}

// OwnContainers returns the names of the containers that a Job declares, sidecars excluded.
func OwnContainers(job *batchv1.Job) []string {
	containers := job.Spec.Template.Spec.Containers
	own := make([]string, len(containers))
	for i := range containers {
		own[i] = containers[i].Name
	}
	return own
}

// jobOf returns the Job of a pod; nil if it does not exist.
func (in *Inputs) jobOf(pod *corev1.Pod) *batchv1.Job {
	name := pod.Labels[batchv1.JobNameLabel]
	at := slices.IndexFunc(in.Jobs, func(job *batchv1.Job) bool { return job.Name == name && ofJob(pod, job) })
	if name == "" || at < 0 {
		return nil
	}
	return in.Jobs[at]
}

// ofJob reports whether a pod with the name of a Job was created for it: not for an earlier
// one of the same name, and not by a user who gave it the label.
func ofJob(pod *corev1.Pod, job *batchv1.Job) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	return owner != nil && owner.UID == job.UID
}

// ownEnded reports whether all containers that a Job declares have ended, each in a way
// that counts. It is false for a pod without a status of one.
func ownEnded(pod *corev1.Pod, job *batchv1.Job, counts func(*corev1.ContainerStateTerminated) bool) bool {
	own := OwnContainers(job)
	for _, name := range own {
		at := slices.IndexFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return s.Name == name })
		if at < 0 {
			return false
		}
		if ended := pod.Status.ContainerStatuses[at].State.Terminated; ended == nil || !counts(ended) {
			return false
		}
	}
	return len(own) > 0
}

// isSidecar reports whether an init container runs as long as its pod.
func isSidecar(pod *corev1.Pod, name string) bool {
	return slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name == name && c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	})
}
