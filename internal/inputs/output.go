// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/internal/output"
)

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

// Shown returns what a container wrote as a message may show it: without control sequences and
// without passwords. If the kubelet cut the text, Shown omits the first line, or the first word of
// a single line: it may be the end of a password.
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
