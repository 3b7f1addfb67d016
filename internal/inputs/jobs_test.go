// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

func TestTail(t *testing.T) {
	long := strings.Repeat("x", 500)
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":                       {"", ""},
		"a line":                        {"no such table\n", "no such table"},
		"white space around":            {"\n\n a \n b \n\n", "a \n b"},
		"as many lines as are shown":    {strings.Repeat("a\n", 12), strings.TrimSuffix(strings.Repeat("a\n", 12), "\n")},
		"the first of more lines go":    {"first\n" + strings.Repeat("a\n", 11) + "last", strings.Repeat("a\n", 11) + "last"},
		"long lines go as a whole":      {long + "1\n" + long + "2\n" + long + "3", long + "2\n" + long + "3"},
		"a line that is too long alone": {"first\n" + strings.Repeat("y", 1300), "…" + strings.Repeat("y", 1200)},
		"a letter that is cut in two":   {strings.Repeat("y", 50) + strings.Repeat("ß", 600) + "z", "…" + strings.Repeat("ß", 599) + "z"},
		"bytes that are no text":        {"caf\xe9 closed", "caf? closed"},
	} {
		t.Run(name, func(t *testing.T) {
			got := tail(tc.text)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !utf8.ValidString(got) {
				t.Errorf("%q is no text: the API server would refuse the whole status", got)
			}
		})
	}
}

func TestFailure(t *testing.T) {
	ended := func(code int32, hour int, message string) corev1.ContainerStatus {
		return corev1.ContainerStatus{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, FinishedAt: metav1.NewTime(time.Unix(int64(hour)*3600, 0)), Message: message}}}
	}
	pod := func(job string, init, containers []corev1.ContainerStatus) corev1.Pod {
		return corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{batchv1.JobNameLabel: job}, OwnerReferences: []metav1.OwnerReference{{Kind: "Job", Name: job, Controller: ptr.To(true)}}},
			Status:     corev1.PodStatus{InitContainerStatuses: init, ContainerStatuses: containers},
		}
	}
	statuses := func(s ...corev1.ContainerStatus) []corev1.ContainerStatus { return s }
	ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders"}}
	for name, tc := range map[string]struct {
		pods []corev1.Pod
		want string
	}{
		"no pod is left":              {want: "see kubectl describe job -n shop j"},
		"a pod that still runs":       {pods: []corev1.Pod{pod("j", nil, statuses(corev1.ContainerStatus{}))}, want: "see kubectl describe job -n shop j"},
		"a pod that succeeded":        {pods: []corev1.Pod{pod("j", nil, statuses(ended(0, 1, "fine")))}, want: "see kubectl describe job -n shop j"},
		"a pod of another Job":        {pods: []corev1.Pod{pod("k", nil, statuses(ended(1, 1, "no")))}, want: "see kubectl describe job -n shop j"},
		"its last words":              {pods: []corev1.Pod{pod("j", nil, statuses(ended(1, 1, "trying\nno\n")))}, want: "trying\nno"},
		"the last of several tries":   {pods: []corev1.Pod{pod("j", nil, statuses(ended(1, 2, "second"))), pod("j", nil, statuses(ended(1, 3, "third"))), pod("j", nil, statuses(ended(1, 1, "first")))}, want: "third"},
		"a container before the main": {pods: []corev1.Pod{pod("j", statuses(ended(3, 1, "no such bucket")), statuses(corev1.ContainerStatus{}))}, want: "no such bucket"},
		"no words":                    {pods: []corev1.Pod{pod("j", nil, statuses(ended(137, 1, " \n")))}, want: "it ended with exit code 137 and said nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Failure(&Inputs{Microservice: ms, Pods: tc.pods}, "j")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPodsOfAJobHaveItAsTheirController has pods with the label of a Job that others made.
func TestPodsOfAJobHaveItAsTheirController(t *testing.T) {
	by := func(kind string, uid types.UID) []metav1.OwnerReference {
		return []metav1.OwnerReference{{Kind: kind, Name: "j", UID: uid, Controller: ptr.To(true)}}
	}
	job := []*batchv1.Job{{ObjectMeta: metav1.ObjectMeta{Name: "j", UID: "1"}}}
	for name, tc := range map[string]struct {
		owners []metav1.OwnerReference
		jobs   []*batchv1.Job
		want   bool
	}{
		"the Job's own pod":             {by("Job", "1"), job, true},
		"a pod of a Job that is gone":   {by("Job", "1"), nil, true},
		"a pod of an earlier Job":       {by("Job", "0"), job, false},
		"a user's pod with the label":   {nil, job, false},
		"a user's pod, the Job is gone": {nil, nil, false},
		"a pod of a ReplicaSet":         {by("ReplicaSet", "2"), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{batchv1.JobNameLabel: "j", v1alpha1.LabelComponent: v1alpha1.ComponentBackup}, OwnerReferences: tc.owners}}
			in := &Inputs{Jobs: tc.jobs, Pods: []corev1.Pod{pod}}
			if got := len(PodsOf(in, "j")) == 1; got != tc.want || in.Reports(&in.Pods[0]) != tc.want || len(in.JobPods(v1alpha1.ComponentBackup)) == 1 != tc.want {
				t.Errorf("got %t, want %t", got, tc.want)
			}
		})
	}
}
