// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestJobPods(t *testing.T) {
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}
	ended := func(code int32) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}
	}
	type states map[string]corev1.ContainerState
	statuses := func(of states) (all []corev1.ContainerStatus) {
		for _, name := range []string{"wait", "sidecar", "own", "second", "proxy"} {
			if state, found := of[name]; found {
				all = append(all, corev1.ContainerStatus{Name: name, State: state})
			}
		}
		return all
	}
	for name, tc := range map[string]struct {
		declared        []string
		inits, statuses states
		owner           string
		works, done     bool
		outlives        bool
	}{
		"the own container runs":                        {declared: []string{"own"}, statuses: states{"own": running}, works: true},
		"it runs beside a proxy":                        {declared: []string{"own"}, statuses: states{"own": running, "proxy": running}, works: true},
		"it ended with 0":                               {declared: []string{"own"}, statuses: states{"own": ended(0)}, done: true},
		"it ended with 0, and a proxy runs":             {declared: []string{"own"}, statuses: states{"own": ended(0), "proxy": running}, done: true, outlives: true},
		"it ended with 0, and a proxy failed":           {declared: []string{"own"}, statuses: states{"own": ended(0), "proxy": ended(1)}, done: true},
		"it failed, and a proxy runs":                   {declared: []string{"own"}, statuses: states{"own": ended(1), "proxy": running}},
		"one of two own containers ended":               {declared: []string{"own", "second"}, statuses: states{"own": ended(0), "second": running}, works: true},
		"both own containers ended":                     {declared: []string{"own", "second"}, statuses: states{"own": ended(0), "second": ended(0), "proxy": running}, done: true, outlives: true},
		"an init container runs":                        {declared: []string{"own"}, inits: states{"wait": running}, statuses: states{"own": waiting}, works: true},
		"a sidecar runs, and the own container waits":   {declared: []string{"own"}, inits: states{"sidecar": running}, statuses: states{"own": waiting}},
		"a sidecar runs beside the own container":       {declared: []string{"own"}, inits: states{"sidecar": running}, statuses: states{"own": running}, works: true},
		"a sidecar runs after the own container":        {declared: []string{"own"}, inits: states{"sidecar": running}, statuses: states{"own": ended(0)}, done: true},
		"an added proxy runs before the own container":  {declared: []string{"own"}, statuses: states{"own": waiting, "proxy": running}},
		"the pod of an earlier Job of the same name":    {declared: []string{"own"}, statuses: states{"own": ended(0)}, owner: "earlier"},
		"the pod of a deleted Job":                      {declared: []string{"own"}, statuses: states{"own": ended(0), "proxy": running}, owner: "earlier", works: true},
		"the containers of the Job are not known":       {statuses: states{"own": ended(0), "proxy": running}, works: true},
		"a pod without a status of its containers":      {declared: []string{"own"}},
		"a pod without a status of one of its two":      {declared: []string{"own", "second"}, statuses: states{"own": ended(0)}},
		"a container of another name ended with 0 only": {declared: []string{"own"}, statuses: states{"proxy": ended(0)}},
	} {
		t.Run(name, func(t *testing.T) {
			job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "j", UID: "now"}}
			for _, c := range tc.declared {
				job.Spec.Template.Spec.Containers = append(job.Spec.Template.Spec.Containers, corev1.Container{Name: c})
			}
			pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{batchv1.JobNameLabel: "j"},
				OwnerReferences: []metav1.OwnerReference{{Kind: "Job", UID: "now", Controller: ptr.To(true)}}}}
			if tc.owner != "" {
				pod.OwnerReferences[0].UID = "earlier"
			}
			pod.Spec.InitContainers = []corev1.Container{{Name: "wait"}, {Name: "sidecar", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)}}
			pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses = statuses(tc.inits), statuses(tc.statuses)
			in := &Inputs{Jobs: []*batchv1.Job{job}, Pods: []corev1.Pod{pod}}
			if works := in.PodWorks(&in.Pods[0]); works != tc.works {
				t.Errorf("the pod works: %t, want %t", works, tc.works)
			}
			if outlives := in.JobOutlivesWork(job); outlives != tc.outlives {
				t.Errorf("the Job outlives its work: %t, want %t", outlives, tc.outlives)
			}
			if done := in.JobWorkDone(job); done != tc.done {
				t.Errorf("the Job has done its work: %t, want %t", done, tc.done)
			}
		})
	}
	if (&Inputs{}).JobWorkDone(nil) {
		t.Error("a Job that does not exist has done its work")
	}
}
