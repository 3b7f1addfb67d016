// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/output"
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

// PodsOf are the pods of a Job. A pod that only has the label of a Job is none: any user who
// may create pods could report for it.
func PodsOf(in *Inputs, job string) []*corev1.Pod {
	at := slices.IndexFunc(in.Jobs, func(j *batchv1.Job) bool { return j.Name == job })
	var pods []*corev1.Pod
	for i := range in.Pods {
		pod := &in.Pods[i]
		if pod.Labels[batchv1.JobNameLabel] != job {
			continue
		}
		owner := metav1.GetControllerOfNoCopy(pod)
		if at >= 0 && ofJob(pod, in.Jobs[at]) || at < 0 && owner != nil && owner.Kind == "Job" && owner.Name == job {
			pods = append(pods, pod)
		}
	}
	return pods
}

// Reports reports whether what a pod says of the work of a Job can be trusted: it was created
// for a Job.
func (in *Inputs) Reports(pod *corev1.Pod) bool {
	return slices.Contains(PodsOf(in, pod.Labels[batchv1.JobNameLabel]), pod)
}

const (
	maxTailLines = 12
	maxTail      = 1200
)

// Failure is what a Job's last pod said before it failed: the end of its log,
// which the kubelet leaves in the pod's status.
func Failure(in *Inputs, job string) string {
	var last *corev1.ContainerStateTerminated
	for _, pod := range PodsOf(in, job) {
		for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
			for i := range statuses {
				ended := statuses[i].State.Terminated
				if ended != nil && ended.ExitCode != 0 && (last == nil || last.FinishedAt.Before(&ended.FinishedAt)) {
					last = ended
				}
			}
		}
	}
	switch {
	case last == nil:
		return fmt.Sprintf("see kubectl describe job -n %s %s", in.Microservice.Namespace, job)
	case strings.TrimSpace(last.Message) == "":
		return fmt.Sprintf("it ended with exit code %d and said nothing", last.ExitCode)
	}
	return tail(in.Shown(last.Message))
}

// maxOutput is the length at which the kubelet cuts the output of a container, at its
// beginning.
const maxOutput = 2048

// Shown returns what a container wrote, for a message: without what controls a terminal, and
// without passwords. Of a text that the kubelet cut, it leaves out the first line or word: it
// may be the end of a password.
func (in *Inputs) Shown(text string) string {
	if len(text) >= maxOutput {
		cut := strings.IndexAny(text, "\n")
		if cut < 0 {
			cut = strings.IndexAny(text, " \t")
		}
		text = text[cut+1:]
	}
	return output.Safe(text, in.passwords()...)
}

// passwords are those of the service's database.
func (in *Inputs) passwords() []string {
	var all []string
	for _, c := range []*Credentials{in.DatabaseState.Binding, in.DatabaseState.Admin, in.DatabaseState.Next} {
		if c != nil && c.Password != "" {
			all = append(all, c.Password)
		}
	}
	return all
}

// tail is the end of a text, in whole lines where it can be.
func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > maxTailLines {
		lines = lines[len(lines)-maxTailLines:]
	}
	for len(lines) > 1 && len(strings.Join(lines, "\n")) > maxTail {
		lines = lines[1:]
	}
	text = strings.ToValidUTF8(strings.Join(lines, "\n"), "?")
	if len(text) > maxTail {
		text = "…" + strings.ToValidUTF8(text[len(text)-maxTail:], "")
	}
	return text
}

// Terminating says whether a component has pods that are on their way out.
func Terminating(in *Inputs, component string) bool {
	return slices.ContainsFunc(in.Pods, func(pod corev1.Pod) bool {
		return pod.Labels[v1alpha1.LabelComponent] == component && pod.DeletionTimestamp != nil
	})
}
