// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// current returns the pods that show how a part is now.
func (e *Evidence) current(part Part) []*corev1.Pod {
	return podfailure.Current(e.Pods, string(part), func(pod *corev1.Pod) bool { return !e.stray(pod) && e.wanted(part, pod) && !e.leftover(pod) })
}

// revisionAnnotation is the revision of a Deployment's template, and of each ReplicaSet.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// leftover reports whether a pod of the service belongs to a ReplicaSet of another template
// than the Deployment's. The newest pod may be such a pod: after a rollback, or while the pods
// of the current template are refused. Without revisions, no pod is known to be one.
func (e *Evidence) leftover(pod *corev1.Pod) bool {
	d := e.deployment()
	if d == nil || pod.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentService {
		return false
	}
	revision, owner := d.Annotations[revisionAnnotation], metav1.GetControllerOfNoCopy(pod)
	if revision == "" || owner == nil {
		return false
	}
	at := slices.IndexFunc(e.ReplicaSets, func(set appsv1.ReplicaSet) bool {
		return set.Annotations[revisionAnnotation] == revision && metav1.IsControlledBy(&set, d)
	})
	return at >= 0 && e.ReplicaSets[at].UID != owner.UID
}

// unready returns those of them that are neither ready nor complete.
func (e *Evidence) unready(part Part) []*corev1.Pod { return podfailure.Unready(e.current(part)) }

// unstable returns the pods of a part that are ready and of which a container kept
// crashing until a moment ago.
func (e *Evidence) unstable(part Part) []*corev1.Pod {
	return slices.DeleteFunc(e.current(part), func(pod *corev1.Pod) bool {
		return !podfailure.Ready(pod) || !slices.ContainsFunc(containersOf(pod, part), e.restartedJustNow)
	})
}

func (e *Evidence) restartedJustNow(c container) bool {
	last := c.Status.LastTerminationState.Terminated
	return last != nil && c.Status.RestartCount > 2 && e.Now.Sub(last.FinishedAt.Time) < justNow
}

// restarted returns the containers of ready pods that kept crashing until a moment
// ago.
func (e *Evidence) restarted(part Part) []container {
	var all []container
	for _, pod := range e.unstable(part) {
		all = append(all, slices.DeleteFunc(containersOf(pod, part), func(c container) bool { return !e.restartedJustNow(c) })...)
	}
	return all
}

// wanted excludes pods of earlier Jobs, and failed tries of a Job that has
// completed.
func (e *Evidence) wanted(part Part, pod *corev1.Pod) bool {
	if part == PartService || part == PartDatabase {
		return true
	}
	job := e.job(part)
	return job == nil || jobState(job) != jobComplete && pod.Labels[batchv1.JobNameLabel] == job.Name
}

// stray reports whether a pod has the labels of the service's pods but another
// owner.
func (e *Evidence) stray(pod *corev1.Pod) bool {
	if pod.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentService {
		return false
	}
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return true
	}
	for i := range e.ReplicaSets {
		set := &e.ReplicaSets[i]
		if set.UID != owner.UID {
			continue
		}
		of, d := metav1.GetControllerOfNoCopy(set), e.deployment()
		return of != nil && d != nil && of.UID != d.UID
	}
	// A ReplicaSet may be missing because it was not read, or because it is deleted.
	return owner.Kind != "ReplicaSet"
}
