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

package podfailure

import (
	"fmt"
	"regexp"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// Worst finds out from the pods of a component why they are not ready, and
// returns nil when the pods don't say. Its message says the same for as long
// as the cause is the same, whatever phase of waiting and trying again the
// kubelet is in.
func Worst(pods []corev1.Pod, component string) *condition.Health {
	var worst *condition.Health
	worstRank := 0
	current := newestTemplate(pods, component)
	for i := range pods {
		pod := &pods[i]
		if !alive(pod, component) || podReady(pod) || templateOf(pod) != current {
			continue
		}
		rank, health := diagnose(pod)
		// Pods are compared by message too, so that the order in which the cache
		// holds them does not show.
		if health != nil && (rank > worstRank || rank == worstRank && health.Message.String() < worst.Message.String()) {
			worstRank, worst = rank, health
		}
	}
	return worst
}

// newestTemplate is the template of the pods that were made last: what was wrong
// with an earlier one may be mended already.
func newestTemplate(pods []corev1.Pod, component string) string {
	var newest *corev1.Pod
	for i := range pods {
		if alive(&pods[i], component) && (newest == nil || newest.CreationTimestamp.Before(&pods[i].CreationTimestamp)) {
			newest = &pods[i]
		}
	}
	if newest == nil {
		return ""
	}
	return templateOf(newest)
}

// templateOf is the mark that a Deployment puts on the pods of one template. A
// StatefulSet's single pod needs none.
func templateOf(pod *corev1.Pod) string {
	if job := pod.Labels[batchv1.JobNameLabel]; job != "" {
		return job
	}
	return pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
}

func alive(pod *corev1.Pod, component string) bool {
	return pod.Labels[v1alpha1.LabelComponent] == component && pod.DeletionTimestamp == nil
}

// The ranks of causes: the one that a change of the spec mends comes first.
const (
	rankUnschedulable = iota + 1
	rankCrashLooping
	rankImage
	rankConfig
)

func diagnose(pod *corev1.Pod) (int, *condition.Health) {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			if rank, health := diagnoseContainer(pod, &statuses[i]); health != nil {
				return rank, health
			}
		}
	}
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return rankUnschedulable, &condition.Health{Reason: v1alpha1.ReasonUnschedulable, Progressing: true,
				Message: condition.ParseMessage("No node takes the pod: " + schedulerSays(c.Message))}
		}
	}
	return 0, nil
}

func diagnoseContainer(pod *corev1.Pod, status *corev1.ContainerStatus) (int, *condition.Health) {
	waiting := ""
	if status.State.Waiting != nil {
		waiting = status.State.Waiting.Reason
	}
	switch waiting {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
		advice, passing := pullAdvice(status.State.Waiting, imageField(pod))
		return rankImage, &condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Stalled: !passing, Progressing: passing,
			Message: condition.ParseMessage(fmt.Sprintf("Image %q of container %q can't be pulled: %s", containerImage(pod, status.Name), status.Name, advice))}
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return rankConfig, cannotBeMade(status.Name, status.State.Waiting.Message)
	}
	last := status.LastTerminationState.Terminated
	if last == nil {
		last = status.State.Terminated
	}
	// Between two tries a container that can't be started waits like one that
	// crashed; the runtime's word tells them apart.
	if last != nil && last.Reason == "StartError" && status.State.Running == nil {
		return rankConfig, cannotBeMade(status.Name, last.Message)
	}
	// One restart, as when a service came up before its database, is no loop.
	if last == nil || status.Ready || status.RestartCount < 2 {
		return 0, nil
	}
	// A crash may come of a dependency or a database that is not up yet, and is
	// not the user's to mend until the Deployment's deadline has passed.
	if last.Reason == "OOMKilled" {
		return rankCrashLooping, &condition.Health{Reason: v1alpha1.ReasonCrashLooping, Progressing: true,
			Message: condition.ParseMessage(fmt.Sprintf("Container %q was killed for using more memory than its limit: raise resources.limits.memory", status.Name))}
	}
	return rankCrashLooping, &condition.Health{Reason: v1alpha1.ReasonCrashLooping, Progressing: true,
		Message: condition.ParseMessage(fmt.Sprintf("Container %q ends again and again, last with exit code %d%s: see kubectl logs %s -c %s --previous", status.Name, last.ExitCode, probablyEnded(last.ExitCode), controllerOf(pod), status.Name))}
}

// probablyEnded tells of exit codes that a service has when the kubelet ends it.
func probablyEnded(code int32) string {
	switch code {
	case 0, 137, 143:
		return " (it may have ended by itself, or by its startup or liveness probe)"
	}
	return ""
}

// schedulerSays leaves out what the scheduler says about preemption, which
// nobody asked for.
func schedulerSays(message string) string {
	message, _, _ = strings.Cut(message, " preemption:")
	return message
}

// refusedContainer is how the kubelet names the container that it refuses, by
// the pod, of which there are several.
var refusedContainer = regexp.MustCompile(` \(pod: "[^"]*", container: [^)]*\)$`)

func cannotBeMade(container, why string) *condition.Health {
	why = refusedContainer.ReplaceAllString(why, "")
	// What comes before is the names of the runtime's layers.
	if _, cause, found := strings.Cut(why, "unable to start container process: "); found {
		why = strings.TrimSuffix(cause, ": unknown")
	}
	switch {
	case strings.Contains(why, "image will run as root"), strings.Contains(why, "non-numeric user"):
		why += ": give the image a USER by number, or set podTemplate.spec.securityContext.runAsUser"
	case strings.Contains(why, "runAsUser breaks non-root policy"):
		why += ": set runAsUser in podTemplate to another user than 0"
	}
	return &condition.Health{Reason: v1alpha1.ReasonContainerConfigInvalid, Stalled: true,
		Message: condition.ParseMessage(fmt.Sprintf("Container %q can't be made: %s", container, why))}
}

// pullAdvice says what to do about an image that can't be pulled. What the
// registry said is put into a few classes, because its wording changes with
// every try. passing says that it may pass by itself.
func pullAdvice(waiting *corev1.ContainerStateWaiting, field string) (advice string, passing bool) {
	said := strings.ToLower(waiting.Message)
	switch {
	case waiting.Reason == "InvalidImageName":
		return "it is not a valid image name; correct " + field, false
	case waiting.Reason == "ErrImageNeverPull":
		return "it is not on the node and imagePullPolicy is Never", false
	case waiting.Reason == "SignatureValidationFailed", strings.Contains(said, "signaturevalidationfailed"):
		return "its signature is not valid; sign it, or correct " + field, false
	case strings.Contains(said, "toomanyrequests"), strings.Contains(said, "rate limit"):
		return "the registry lets no more be pulled for now; wait, or set imagePullSecrets", true
	case strings.Contains(said, "not found"), strings.Contains(said, "manifest unknown"), strings.Contains(said, "name unknown"):
		return "the registry does not have it; correct " + field, false
	case strings.Contains(said, "unauthorized"), strings.Contains(said, "denied"), strings.Contains(said, "forbidden"), strings.Contains(said, "authorization"):
		return "the registry does not let it be read; set imagePullSecrets, or correct " + field, false
	}
	return "the registry does not answer, which may pass; check the registry's name in " + field + " and the node's network", true
}

// imageField is what in the spec decides over a pod's image.
func imageField(pod *corev1.Pod) string {
	switch pod.Labels[v1alpha1.LabelComponent] {
	case v1alpha1.ComponentService:
		return "image"
	case v1alpha1.ComponentMigration:
		return "image or database.migration.image"
	}
	return "database.version or database.image"
}

func containerImage(pod *corev1.Pod, container string) string {
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			if containers[i].Name == container {
				return containers[i].Image
			}
		}
	}
	return ""
}

// controllerOf names what kubectl logs can be asked about and stays the same
// from pod to pod.
func controllerOf(pod *corev1.Pod) string {
	if job := pod.Labels[batchv1.JobNameLabel]; job != "" {
		return "job/" + job
	}
	if pod.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentDatabase {
		return "statefulset/" + pod.Labels[v1alpha1.LabelMicroservice] + "-db"
	}
	return "deployment/" + pod.Labels[v1alpha1.LabelMicroservice]
}

func podReady(pod *corev1.Pod) bool {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == corev1.PodReady {
			return pod.Status.Conditions[i].Status == corev1.ConditionTrue
		}
	}
	return false
}
