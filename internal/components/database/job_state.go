// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// KeepJob stands for a Job that exists and stays. It suspends the Job between two tries while
// the database is down, so that the tries left are not used up in vain, and while its next
// pod would run without a NetworkPolicy.
func KeepJob(db *Database, job *batchv1.Job) *batchv1.Job {
	kept := inputs.Kept(job)
	if wanted := holds(db, job); wanted != isHeld(job) {
		kept.Spec.Suspend = &wanted
	}
	return kept
}

// holds reports whether a Job must not start a pod. A pod that works is never stopped.
func holds(db *Database, job *batchv1.Job) bool {
	if inputs.JobDone(job) || inputs.JobFailed(job) || db.JobWorkDone(job) {
		return isHeld(job)
	}
	if Usable(db) && !unisolated(db, job) {
		return false
	}
	pods := inputs.PodsOf(db.Inputs, job.Name)
	if slices.ContainsFunc(pods, db.PodWorks) {
		return isHeld(job)
	}
	// A pod that has not started would count as a failed try once it is deleted. Only a
	// suspended service must not keep it.
	return db.Suspended() || isHeld(job) || !slices.ContainsFunc(pods, unended)
}

// unisolated reports whether the next pod of a Job would run without its NetworkPolicy. The
// policy of the service selects the pods of a migration, and no policy those of other Jobs.
func unisolated(db *Database, job *batchv1.Job) bool {
	return job.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentMigration &&
		db.Unisolated(v1alpha1.ComponentService, names.Labels(db.Microservice, v1alpha1.ComponentMigration))
}

func isHeld(job *batchv1.Job) bool { return ptr.Deref(job.Spec.Suspend, false) }

func unended(pod *corev1.Pod) bool {
	return pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
}

// jobFailure returns the failure of the pods of a component's newest Job; nil if there is
// none. A Job that has done its work has none: an earlier try may have failed.
func jobFailure(db *Database, component string) *condition.Health {
	f := podfailure.Find(db.JobPods(component), component)
	if f == nil || db.JobWorkDone(db.Job(podfailure.Template(f.Pod))) {
		return nil
	}
	return f.Health()
}

// forgiven reports whether a Job failed before the server was replaced: its fault may have
// been the server's.
func forgiven(db *Database, job *batchv1.Job) bool {
	pod := serverPod(db)
	if job == nil || !inputs.JobFailed(job) || !serverReady(db) {
		return false
	}
	c := inputs.JobCondition(job, batchv1.JobFailed)
	return c != nil && c.LastTransitionTime.Before(&pod.CreationTimestamp)
}

// exceeded reports whether a Job failed because it did not end within its limit.
func exceeded(job *batchv1.Job) bool {
	c := inputs.JobCondition(job, batchv1.JobFailed)
	return c != nil && c.Reason == batchv1.JobReasonDeadlineExceeded
}

// outdated reports whether a Job exceeded a limit that the spec has changed since.
func outdated(job *batchv1.Job, limit *int64) bool {
	return exceeded(job) && !ptr.Equal(job.Spec.ActiveDeadlineSeconds, limit)
}

// limitOf describes the limit that a Job exceeded.
func limitOf(job *batchv1.Job) string {
	return fmt.Sprintf("did not end within its limit of %d seconds", ptr.Deref(job.Spec.ActiveDeadlineSeconds, 0))
}

// jobRunning returns the progress of a Job that has not ended: what it does, the
// containers that run, since when, and the failed tries.
func jobRunning(db *Database, name, does string) condition.Message {
	m := condition.Message{Object: object("Job", name), Cause: does}
	if job := db.Job(name); job != nil {
		if stuck := stuckBehind(db, job); stuck != nil {
			m.Cause += stuck.Cause
			m.Remedy = stuck.Remedy + fmt.Sprintf("; then delete Job %q to run it again", name)
		} else {
			m.Cause += runningSince(db, job)
		}
	}
	m.Cause += failedTries(db, name)
	return m
}

// stuckBehind describes a failed try whose pod does not end because of a container that
// another client added; nil if there is none. Its Job neither fails nor tries again.
func stuckBehind(db *Database, job *batchv1.Job) *condition.Message {
	own := inputs.OwnContainers(job)
	for _, pod := range inputs.PodsOf(db.Inputs, job.Name) {
		if pod.DeletionTimestamp != nil || !unended(pod) || len(own) == 0 || db.PodWorks(pod) {
			continue
		}
		var ended *corev1.ContainerStatus
		var others []string
		for i := range pod.Status.ContainerStatuses {
			status := &pod.Status.ContainerStatuses[i]
			switch {
			case slices.Contains(own, status.Name) && status.State.Terminated != nil && status.State.Terminated.ExitCode != 0:
				ended = status
			case !slices.Contains(own, status.Name) && status.State.Running != nil:
				others = append(others, fmt.Sprintf("%q", status.Name))
			}
		}
		if ended != nil && len(others) > 0 {
			slices.Sort(others)
			return &condition.Message{
				Cause: fmt.Sprintf(": container %q ended with exit code %d, but the pod does not end because of container %s, which another client added. Its output: %s",
					ended.Name, ended.State.Terminated.ExitCode, strings.Join(others, ", "), inputs.Failure(db.Inputs, job.Name)),
				Remedy: "exclude the pod from the injection with database.podMetadata",
			}
		}
	}
	return nil
}

// runningSince names the containers of a Job that run, and since when; empty if none does.
func runningSince(db *Database, job *batchv1.Job) string {
	var running []string
	for _, pod := range inputs.PodsOf(db.Inputs, job.Name) {
		for _, status := range db.Working(pod) {
			if pod.DeletionTimestamp == nil {
				running = append(running, fmt.Sprintf("%q since %s", status.Name, status.State.Running.StartedAt.UTC().Format(time.RFC3339)))
			}
		}
	}
	if len(running) == 0 {
		return ""
	}
	slices.Sort(running)
	return "; running containers: " + strings.Join(running, ", ")
}
