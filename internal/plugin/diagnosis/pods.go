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
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// current are the pods of a part that decide over how it is. Of several templates
// only the newest counts: what was wrong with an earlier one may be mended already.
func (e *Evidence) current(part Part) []*corev1.Pod {
	var newest *corev1.Pod
	var alive []*corev1.Pod
	for i := range e.Pods {
		pod := &e.Pods[i]
		if pod.Labels[v1alpha1.LabelComponent] != string(part) || pod.DeletionTimestamp != nil || e.stray(pod) || !e.wanted(part, pod) {
			continue
		}
		alive = append(alive, pod)
		if newest == nil || newest.CreationTimestamp.Before(&pod.CreationTimestamp) {
			newest = pod
		}
	}
	alive = slices.DeleteFunc(alive, func(pod *corev1.Pod) bool { return templateOf(pod) != templateOf(newest) })
	slices.SortFunc(alive, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return alive
}

// unready are those of them that are not as they should be.
func (e *Evidence) unready(part Part) []*corev1.Pod {
	return slices.DeleteFunc(e.current(part), func(pod *corev1.Pod) bool { return podReady(pod) || pod.Status.Phase == corev1.PodSucceeded })
}

// shaky are the pods of a part that are ready and of which a container ended again
// and again until just now.
func (e *Evidence) shaky(part Part) []*corev1.Pod {
	return slices.DeleteFunc(e.current(part), func(pod *corev1.Pod) bool {
		return !podReady(pod) || !slices.ContainsFunc(containersOf(pod, part), e.restartedJustNow)
	})
}

func (e *Evidence) restartedJustNow(c container) bool {
	last := c.status.LastTerminationState.Terminated
	return last != nil && c.status.RestartCount > 2 && e.Now.Sub(last.FinishedAt.Time) < justNow
}

// restarted are the containers of ready pods that ended again and again until just
// now.
func (e *Evidence) restarted(part Part) []container {
	var all []container
	for _, pod := range e.shaky(part) {
		all = append(all, slices.DeleteFunc(containersOf(pod, part), func(c container) bool { return !e.restartedJustNow(c) })...)
	}
	return all
}

// wanted leaves out pods of earlier Jobs and of one that has done its work at
// another try, and the service's pods that were evicted: others are made in their
// place.
func (e *Evidence) wanted(part Part, pod *corev1.Pod) bool {
	switch part {
	case PartService:
		return pod.Status.Phase != corev1.PodFailed
	case PartDatabase:
		return true
	}
	job := e.job(part)
	return job == nil || jobState(job) != "complete" && pod.Labels[batchv1.JobNameLabel] == job.Name
}

// templateOf tells the pods of one template, or of one Job, from others.
func templateOf(pod *corev1.Pod) string {
	if job := pod.Labels[batchv1.JobNameLabel]; job != "" {
		return job
	}
	return pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
}

// stray says whether a pod has the labels of the service's pods and is somebody
// else's.
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
	// A ReplicaSet that was not read, or is gone already, is not held against a pod.
	return owner.Kind != "ReplicaSet"
}

func podReady(pod *corev1.Pod) bool {
	c := podCondition(pod, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue
}

func podCondition(pod *corev1.Pod, t corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == t {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}
