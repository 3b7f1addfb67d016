// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/internal/podfailure"
)

// provisioning is how long a volume may take before a pending claim is a fault.
const provisioning = time.Minute

// missingClass matches the volume controller's text about a StorageClass that does not
// exist.
var missingClass = regexp.MustCompile(`storageclass[\w.]* "([^"]+)" not found`)

// claimPending finds pods whose PersistentVolumeClaim does not exist or is not bound.
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

// volumesField returns the field of the spec that names the volumes of a part.
func volumesField(part Part) string {
	switch part {
	case PartBackup:
		return "database.backup.destination.persistentVolumeClaim.claimName"
	case PartRestore:
		return "database.restore.from.persistentVolumeClaim.claimName"
	}
	return "podTemplate.spec.volumes"
}

// pending returns why a claim is not bound, and nil where it only waits for its pod to
// be scheduled.
func (e *Evidence) pending(pod *corev1.Pod, part Part, claim *corev1.PersistentVolumeClaim) *Finding {
	event := e.event(claim, nil, "ProvisioningFailed", "FailedBinding", "ExternalProvisioning", "Provisioning", "WaitForFirstConsumer", "WaitForPodScheduled")
	class := "no storage class"
	if c := claim.Spec.StorageClassName; c != nil && *c != "" {
		class = fmt.Sprintf("storage class %q", *c)
	}
	field := volumesField(part)
	if part == PartDatabase {
		field = "database.storage.storageClassName (a class cannot be changed in place: delete the Microservice and its claim first)"
	}
	why, remedy := "no volume was created for it yet", "See kubectl describe pvc -n "+e.Microservice.Namespace+" "+claim.Name
	patient := true
	if event != nil {
		patient = event.Reason == "ExternalProvisioning" || event.Reason == "Provisioning"
		switch found := missingClass.FindStringSubmatch(event.Message); {
		case found != nil:
			class = fmt.Sprintf("storage class %q", found[1])
			why, remedy = "the cluster has no such class", "Create the StorageClass, or correct "+field+"; kubectl get storageclass lists the classes"
		case event.Reason == "FailedBinding":
			why, remedy = "no volume fits, and the claim names no storage class that creates one", "Set "+field+", or make a StorageClass the default"
		case event.Reason == "ProvisioningFailed":
			why, remedy = "its provisioner failed: "+cut(strings.Join(strings.Fields(event.Message), " "), 200), "Correct what the provisioner reports, or choose another class in "+field
		case event.Reason == "ExternalProvisioning":
			why, remedy = "its provisioner has not created the volume yet", "Check that the provisioner of the class runs: kubectl get storageclass shows its name"
		case event.Reason == "WaitForFirstConsumer", event.Reason == "WaitForPodScheduled":
			// The claim waits for its pod.
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
		Steps:  []Step{podStep(pod, "waits for its volume"), step(name("PersistentVolumeClaim", claim.Name), "Pending, with %s", class)},
		Cause:  fmt.Sprintf("PersistentVolumeClaim %q of %s is not bound: %s", claim.Name, class, why),
		Remedy: remedy,
	}
}

// volumeMount finds volumes that the kubelet cannot mount.
func volumeMount(e *Evidence, part Part) *Finding {
	for _, pod := range e.unready(part) {
		event := e.notMounted(pod, nil)
		if event == nil {
			continue
		}
		return &Finding{
			Object: name("Pod", pod.Name), Steps: []Step{podStep(pod, "waits for its volumes")}, Proof: eventProof(event),
			Cause:  fmt.Sprintf("A volume of pod %s cannot be mounted: %s", pod.Name, cut(strings.Join(strings.Fields(event.Message), " "), 200)),
			Remedy: upperFirst(podfailure.MountRemedy(event.Message)),
		}
	}
	return nil
}

// notMounted returns the latest event about a volume that cannot be mounted and whose
// text matches. It is nil once the kubelet starts the first container: all volumes are
// mounted then.
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
