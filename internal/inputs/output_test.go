// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// TestFailureShowsNoPassword fails a migration that writes what it knows.
func TestFailureShowsNoPassword(t *testing.T) {
	const password = "Zq7wLm3kPx9aRt5c"
	for name, tc := range map[string]struct{ said, want string }{
		"a URL":                                    {"cannot connect to postgresql://users:" + password + "@users-db:5432/users\n", "cannot connect to postgresql://***@users-db:5432/users"},
		"the password of the service":              {"my password is " + password, "my password is ***"},
		"that of the administrator":                {"tried AdminSecret99", "tried ***"},
		"that of the next rotation":                {"tried NextSecret99", "tried ***"},
		"a password of its own":                    {"smtp://mailer:Other99@mail: refused", "smtp://***@mail: refused"},
		"escapes":                                  {"\x1b[31mRED\x1b[0m \x1b]0;pwned\a\u202eevil", "RED evil"},
		"a long output that is cut after 12 lines": {"password=first\n" + strings.Repeat("line\n", 20), strings.TrimSpace(strings.Repeat("line\n", 12))},
		"a line that the kubelet cut":              {password[4:] + "@users-db:5432\n" + strings.Repeat("x", 1000) + "\n" + strings.Repeat("y", 1100) + "\nend", strings.Repeat("y", 1100) + "\nend"},
		"a word that the kubelet cut":              {password[4:] + "@users-db " + strings.Repeat("y", 2100), "…" + strings.Repeat("y", 1200)},
	} {
		t.Run(name, func(t *testing.T) {
			pod := corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{batchv1.JobNameLabel: "migrate"}, OwnerReferences: []metav1.OwnerReference{{Kind: "Job", Name: "migrate", Controller: ptr.To(true)}}},
				Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{
					Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Message: tc.said}}}}},
			}
			in := &Inputs{Microservice: &v1alpha1.Microservice{}, Pods: []corev1.Pod{pod}, DatabaseState: State{
				Binding: &Credentials{Password: password}, Admin: &Credentials{Password: "AdminSecret99"}, Next: &Credentials{Password: "NextSecret99"}}}
			if got := Failure(in, "migrate"); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
