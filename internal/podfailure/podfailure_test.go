// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package podfailure

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

func TestWorst(t *testing.T) {
	pull := func(why, remedy string, passing bool) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Stalled: !passing, Progressing: passing,
			Message: condition.Message{Cause: `Image "orders:1" of container "orders" cannot be pulled: ` + why, Remedy: remedy}}
	}
	image := func(why, remedy string) *condition.Health { return pull(why, remedy, false) }
	passing := func(why, remedy string) *condition.Health { return pull(why, remedy, true) }
	config := func(why, remedy string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonContainerConfigInvalid, Stalled: true,
			Message: condition.Message{Cause: `Container "orders" cannot start: ` + why, Remedy: remedy}}
	}
	crash := func(cause, remedy string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonCrashLooping, Progressing: true, Message: condition.Message{Cause: `Container "orders" ` + cause, Remedy: remedy}}
	}
	unschedulable := func(said string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonUnschedulable, Progressing: true, Message: condition.Say("No node fits the pod: %s", said)}
	}
	const (
		service   = v1alpha1.ComponentService
		logs      = "see kubectl logs -n shop -l atoll.dev/microservice=orders,app.kubernetes.io/component=service -c orders --previous --ignore-errors --prefix --tail=50"
		named     = "correct what the message names: in the spec, in podTemplate, or in the image"
		user      = "give the image a numeric USER other than 0, or set podTemplate.spec.securityContext.runAsUser"
		command   = "correct command (args are passed to the image's own command), or the image"
		reference = "create it, or correct the field of the spec that names it"
		notFound  = `failed to resolve reference "docker.io/library/orders:1": docker.io/library/orders:1: not found`
		failed    = "Back-off pulling image: ErrImagePull: "
	)
	var (
		absent   = image("the registry does not have it", "correct image, or push the image")
		denied   = image("the registry denies access", "set imagePullSecrets to a Secret that grants access, or correct image")
		silent   = passing("the registry does not answer", "check the registry's name in image, and the network of the nodes; the kubelet tries again")
		limited  = passing("the registry's rate limit is reached", "wait, or set imagePullSecrets to an account with a higher limit")
		unsigned = image("its signature is not valid", "sign it, or correct image")
		again    = crash("keeps crashing; last exit code 1", logs)
		noFile   = config(`exec: "/nope": no such file or directory`, command)
	)
	waiting := func(reason, message string) []corev1.Pod {
		return []corev1.Pod{inputstest.WaitingPod(service, reason, message)}
	}
	running := func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0].State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	}
	for name, tc := range map[string]struct {
		pods       []corev1.Pod
		wantHealth *condition.Health
	}{
		"no pods": {},
		"a pod that starts": {
			pods: waiting("ContainerCreating", ""),
		},
		"image not found while pulling":     {pods: waiting("ErrImagePull", notFound), wantHealth: absent},
		"image not found between two tries": {pods: waiting("ImagePullBackOff", `Back-off pulling image "orders:1": ErrImagePull: `+notFound), wantHealth: absent},
		"unknown manifest":                  {pods: waiting("ErrImagePull", "manifest unknown"), wantHealth: absent},
		"unknown repository":                {pods: waiting("ErrImagePull", "NAME UNKNOWN"), wantHealth: absent},
		"access denied while pulling": {
			pods: waiting("ErrImagePull", "401 Unauthorized"), wantHealth: denied},
		"access denied between two tries": {
			pods: waiting("ImagePullBackOff", "Back-off pulling image: ErrImagePull: 401 Unauthorized"), wantHealth: denied},
		"docker.io hides whether the image exists": {pods: waiting("ErrImagePull", "pull access denied, repository does not exist or may require authorization"), wantHealth: denied},
		"denied":                     {pods: waiting("ErrImagePull", "requested access to the resource is denied"), wantHealth: denied},
		"forbidden":                  {pods: waiting("ErrImagePull", "403 Forbidden"), wantHealth: denied},
		"registry does not answer":   {pods: waiting("ErrImagePull", "dial tcp 10.0.0.1:443: i/o timeout"), wantHealth: silent},
		"registry unavailable":       {pods: waiting("RegistryUnavailable", "image registry is unavailable"), wantHealth: silent},
		"image inspection times out": {pods: waiting("ImageInspectError", "context deadline exceeded"), wantHealth: silent},
		"registry with a rate limit": {pods: waiting("ErrImagePull", "429 Too Many Requests - toomanyrequests: You have reached your unauthenticated pull rate limit"),
			wantHealth: limited},
		"invalid image name":    {pods: waiting("InvalidImageName", "couldn't parse image name"), wantHealth: image("it is not a valid image name", "correct image")},
		"imagePullPolicy Never": {pods: waiting("ErrImageNeverPull", "not present with pull policy of Never"), wantHealth: image("it is not on the node, and imagePullPolicy is Never", "set imagePullPolicy to IfNotPresent, or load the image onto the nodes")},
		"invalid signature":     {pods: waiting("SignatureValidationFailed", "no signature found"), wantHealth: unsigned},
		"invalid signature between two tries": {
			pods: waiting("ImagePullBackOff", "Back-off pulling image: SignatureValidationFailed: no signature found"), wantHealth: unsigned},
		"missing Secret":              {pods: waiting("CreateContainerConfigError", `secret "x" not found`), wantHealth: config(`secret "x" not found`, reference)},
		"container cannot be created": {pods: waiting("CreateContainerError", "no command specified"), wantHealth: config("no command specified", named)},
		"container cannot start": {
			pods: waiting("RunContainerError", `exec: "/nope": no such file or directory`), wantHealth: noFile},
		"container cannot start, between two tries": {
			pods: []corev1.Pod{inputstest.Crashing("StartError", 128)}, wantHealth: noFile},
		"container could not start and runs now": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("StartError", 1), running)}, wantHealth: again},
		"container crashes, between two tries": {pods: []corev1.Pod{inputstest.Crashing("Error", 1)}, wantHealth: again},
		"container crashes, while it runs": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), running)}, wantHealth: again},
		"container crashes, just ended": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) {
				s := &p.Status.ContainerStatuses[0]
				s.State, s.LastTerminationState = corev1.ContainerState{Terminated: s.LastTerminationState.Terminated}, corev1.ContainerState{}
			})}, wantHealth: again},
		"one exit is no crash loop": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) { p.Status.ContainerStatuses[0].RestartCount = 0 })}},
		"container crashed and is ready": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Ready = true })}},
		"exit code that a failed probe causes too": {
			pods: []corev1.Pod{inputstest.Crashing("Completed", 0)}, wantHealth: crash(
				"keeps crashing; last exit code 0; either it ended by itself, or its startup or liveness probe failed", logs)},
		"image runs as root": {
			pods:       waiting("CreateContainerConfigError", `container has runAsNonRoot and image will run as root (pod: "orders-1_shop(0a1b)", container: orders)`),
			wantHealth: config("container has runAsNonRoot and image will run as root", user)},
		"image names its user by name": {
			pods:       waiting("CreateContainerConfigError", `container has runAsNonRoot and image has non-numeric user (nobody), cannot verify user is non-root (pod: "orders-1_shop(0a1b)", container: orders)`),
			wantHealth: config("container has runAsNonRoot and image has non-numeric user (nobody), cannot verify user is non-root", user)},
		"overlay sets root": {
			pods:       waiting("CreateContainerConfigError", `container's runAsUser breaks non-root policy (pod: "orders-1_shop(0a1b)", container: orders)`),
			wantHealth: config("container's runAsUser breaks non-root policy", "set runAsUser in podTemplate to a user other than 0")},
		"command not found, with the runtime's layers": {
			pods:       waiting("RunContainerError", `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory: unknown`),
			wantHealth: config(`exec: "/nope": stat /nope: no such file or directory`, command)},
		"container out of memory": {
			pods: []corev1.Pod{inputstest.Crashing("OOMKilled", 137)}, wantHealth: crash("was killed because it used more memory than its limit", "raise resources.limits.memory")},
		"unschedulable pod": {
			pods:       []corev1.Pod{inputstest.Unschedulable("0/1 nodes are available: 1 Insufficient memory.")},
			wantHealth: unschedulable("0/1 nodes are available: 1 Insufficient memory."),
		},
		"the text about preemption is left out": {
			pods:       []corev1.Pod{inputstest.Unschedulable("0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.")},
			wantHealth: unschedulable("0/1 nodes are available: 1 Insufficient memory."),
		},
		"a scheduling gate is no failure": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Unschedulable(""), func(p *corev1.Pod) { p.Status.Conditions[0].Reason = "SchedulingGated" })},
		},
		"a pod in deletion does not count": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Pulling(service), func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} })},
		},
		"a ready pod does not count": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) {
				p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			})},
		},
		"a pod of another component does not count": {pods: []corev1.Pod{inputstest.Pulling(v1alpha1.ComponentDatabase)}},
		"an init container comes first": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) {
				p.Spec.InitContainers = []corev1.Container{{Name: "warm", Image: "warm:1"}}
				p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "warm",
					State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "not found"}}}}
			})},
			wantHealth: &condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Stalled: true,
				Message: condition.Message{Cause: `Image "warm:1" of container "warm" cannot be pulled: the registry does not have it`, Remedy: "correct image, or push the image"}},
		},
		"an image comes before a crash and scheduling": {
			pods:       []corev1.Pod{inputstest.Unschedulable("no room"), inputstest.Crashing("Error", 1), inputstest.Pulling(service)},
			wantHealth: absent,
		},
		"a container that cannot start comes before an image": {
			pods:       []corev1.Pod{inputstest.Pulling(service), inputstest.WaitingPod(service, "CreateContainerConfigError", "no key")},
			wantHealth: config("no key", named),
		},
		"equally severe failures: the first by message": {
			pods: []corev1.Pod{inputstest.Crashing("Error", 2), inputstest.Crashing("Error", 1)}, wantHealth: again,
		},
		"image without a variant for the node's platform": {pods: waiting("ErrImagePull", "no match for platform in manifest: not found"),
			wantHealth: image("it has no variant for the platform of the node", platformRemedy)},
		"host name of the registry does not resolve": {pods: waiting("ErrImagePull", "dial tcp: lookup registry.exmaple.com: no such host"),
			wantHealth: passing("the registry's host name does not resolve", "correct the registry's name in image, or the DNS of the nodes")},
		"hook of the runtime fails":    {pods: waiting("PreStartHookError", "no device"), wantHealth: config("no device", named)},
		"program for another platform": {pods: waiting("RunContainerError", "exec /orders: exec format error"), wantHealth: config("exec /orders: exec format error", platformRemedy)},
		"error during the container's init": {
			pods:       waiting("RunContainerError", `unable to start container process: error during container init: exec: "/orders": permission denied: unknown`),
			wantHealth: config(`exec: "/orders": permission denied`, command)},
		"an exit by a signal": {pods: []corev1.Pod{inputstest.Crashing("Error", 139)}, wantHealth: crash("keeps crashing; last exit code 139 (SIGSEGV)", logs)},
		"an evicted pod does not count": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed })}},
		"a complete pod does not count": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Completed", 0), func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded })}},
		"a pod of an older template does not count": {
			pods: []corev1.Pod{inputstest.Pulling(service), inputstest.Changed(inputstest.WaitingPod(service, "ContainerCreating", ""), func(p *corev1.Pod) {
				p.Name, p.CreationTimestamp = "orders-2", inputstest.At(1)
				p.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = "new"
			})}},
	} {
		t.Run(name, func(t *testing.T) {
			in := &inputs.Inputs{Microservice: inputstest.Orders(), Pods: tc.pods}
			if diff := cmp.Diff(tc.wantHealth, Worst(in.Pods, service)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// The cache holds pods in no order.
			in.Pods = slices.Clone(tc.pods)
			slices.Reverse(in.Pods)
			if diff := cmp.Diff(tc.wantHealth, Worst(in.Pods, service)); diff != "" {
				t.Errorf("with the pods in another order (-want +got):\n%s", diff)
			}
			for i := range in.Pods {
				in.Pods[i].Name += "-x7k2p"
			}
			if diff := cmp.Diff(tc.wantHealth, Worst(in.Pods, service)); diff != "" {
				t.Errorf("with pods of other names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWorstOfDatabase(t *testing.T) {
	pod := inputstest.Crashing("Error", 1)
	pod.Labels[v1alpha1.LabelComponent] = v1alpha1.ComponentDatabase
	want := &condition.Health{Reason: v1alpha1.ReasonCrashLooping, Progressing: true,
		Message: condition.Message{Cause: `Container "orders" keeps crashing; last exit code 1`, Remedy: "see kubectl logs -n shop -l atoll.dev/microservice=orders,app.kubernetes.io/component=database -c orders --previous --ignore-errors --prefix --tail=50"}}
	got := Worst([]corev1.Pod{pod}, v1alpha1.ComponentDatabase)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
