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
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/internal/podfailure"
)

// provisioning is how long the making of a volume may take before it counts as a
// fault.
const provisioning = time.Minute

// missingClass is how the controller of volumes names a class that is not there.
var missingClass = regexp.MustCompile(`storageclass[\w.]* "([^"]+)" not found`)

// claimPending tells of pods whose volume is not there.
func claimPending(e *Evidence, part Part) *Finding {
	for _, pod := range e.unready(part) {
		for i := range pod.Spec.Volumes {
			of := pod.Spec.Volumes[i].PersistentVolumeClaim
			if of == nil {
				continue
			}
			claim, read := e.Claims[of.ClaimName]
			switch {
			case read && claim == nil:
				return &Finding{
					Object: name("PersistentVolumeClaim", of.ClaimName), Steps: []Step{podStep(pod, "waits for its volume"), step(name("PersistentVolumeClaim", of.ClaimName), "does not exist")},
					Cause:  fmt.Sprintf("PersistentVolumeClaim %q, which pod %s mounts, does not exist", of.ClaimName, pod.Name),
					Remedy: "Create it, or correct " + volumesField(part),
				}
			case claim != nil && claim.Status.Phase == corev1.ClaimPending:
				if f := e.pending(pod, part, claim); f != nil {
					return f
				}
			}
		}
	}
	return nil
}

// volumesField is the field that names what the pods of a part mount.
func volumesField(part Part) string {
	switch part {
	case PartBackup:
		return "database.backup.destination.persistentVolumeClaim.claimName"
	case PartRestore:
		return "database.restore.from.persistentVolumeClaim.claimName"
	}
	return "podTemplate.spec.volumes"
}

// pending tells why a claim is not bound; nil when it only waits for its pod to be
// given a node.
func (e *Evidence) pending(pod *corev1.Pod, part Part, claim *corev1.PersistentVolumeClaim) *Finding {
	event := e.event(claim, nil, "ProvisioningFailed", "FailedBinding", "ExternalProvisioning", "Provisioning", "WaitForFirstConsumer", "WaitForPodScheduled")
	class := "no storage class"
	if c := claim.Spec.StorageClassName; c != nil && *c != "" {
		class = fmt.Sprintf("storage class %q", *c)
	}
	field := volumesField(part)
	if part == PartDatabase {
		field = "database.storage.storageClassName (a class can't be changed in place: delete the Microservice and its claim first)"
	}
	why, remedy := "nothing has made a volume for it yet", "See kubectl describe pvc "+claim.Name
	patient := true
	if event != nil {
		patient = event.Reason == "ExternalProvisioning" || event.Reason == "Provisioning"
		switch found := missingClass.FindStringSubmatch(event.Message); {
		case found != nil:
			class = fmt.Sprintf("storage class %q", found[1])
			why, remedy = "the cluster has no such class", "Create the StorageClass, or correct "+field+"; kubectl get storageclass lists what there is"
		case event.Reason == "FailedBinding":
			why, remedy = "no volume fits, and it names no storage class that would make one", "Set "+field+", or make a StorageClass the default"
		case event.Reason == "ProvisioningFailed":
			why, remedy = "its provisioner failed: "+cut(strings.Join(strings.Fields(event.Message), " "), 200), "Correct what it says, or choose another class in "+field
		case event.Reason == "ExternalProvisioning":
			why, remedy = "its provisioner has not made it yet", "Check that the provisioner of the class runs: kubectl get storageclass shows its name"
		case event.Reason == "WaitForFirstConsumer", event.Reason == "WaitForPodScheduled":
			// The pod is what is in the way.
			return nil
		}
	} else if scheduled := podfailure.Condition(pod, corev1.PodScheduled); scheduled != nil && scheduled.Status == corev1.ConditionFalse {
		// A pod that waits for something else is not held back by its claim.
		if failure := podfailure.Unscheduled(pod); failure == nil || !failure.WaitsForClaim() {
			return nil
		}
	}
	if patient && e.Now.Sub(claim.CreationTimestamp.Time) < provisioning {
		return nil
	}
	return &Finding{
		Object: name("PersistentVolumeClaim", claim.Name), Proof: eventProof(event),
		Steps:  []Step{podStep(pod, "waits for its volume"), step(name("PersistentVolumeClaim", claim.Name), "Pending, of %s", class)},
		Cause:  fmt.Sprintf("PersistentVolumeClaim %q of %s is not bound: %s", claim.Name, class, why),
		Remedy: remedy,
	}
}

// volumeMount tells of volumes that the kubelet can't mount.
func volumeMount(e *Evidence, part Part) *Finding {
	for _, pod := range e.unready(part) {
		event := e.notMounted(pod, nil)
		if event == nil {
			continue
		}
		return &Finding{
			Object: name("Pod", pod.Name), Steps: []Step{podStep(pod, "waits for its volumes")}, Proof: eventProof(event),
			Cause:  fmt.Sprintf("A volume of pod %s can't be mounted: %s", pod.Name, cut(strings.Join(strings.Fields(event.Message), " "), 200)),
			Remedy: "Correct what it names: podTemplate.spec.volumes, or the volume itself",
		}
	}
	return nil
}

// notMounted is the latest event that tells of a volume of a pod which can't be
// mounted, with a text that matches; nil once all are, which is before the kubelet
// begins with the first container.
func (e *Evidence) notMounted(pod *corev1.Pod, matching func(string) bool) *corev1.Event {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			waiting := statuses[i].State.Waiting
			if waiting == nil || waiting.Reason != "ContainerCreating" && waiting.Reason != "PodInitializing" {
				return nil
			}
		}
	}
	return e.standing(pod, matching, []string{"FailedMount", "FailedAttachVolume", "FailedMapVolume"}, []string{"Pulling", "Pulled", "Created", "Started"})
}
