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
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

func TestPodProblem(t *testing.T) {
	passing := func(advice string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Progressing: true, Message: condition.ParseMessage(`Image "orders:1" of container "orders" can't be pulled: ` + advice)}
	}
	image := func(advice string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Stalled: true, Message: condition.ParseMessage(`Image "orders:1" of container "orders" can't be pulled: ` + advice)}
	}
	config := func(why string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonContainerConfigInvalid, Stalled: true, Message: condition.ParseMessage(`Container "orders" can't be made: ` + why)}
	}
	crash := func(message string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonCrashLooping, Progressing: true, Message: condition.ParseMessage(message)}
	}
	const (
		absent  = "the registry does not have it; correct image"
		denied  = "the registry does not let it be read; set imagePullSecrets, or correct image"
		silent  = "the registry does not answer, which may pass; check the registry's name in image and the node's network"
		again   = `Container "orders" ends again and again, last with exit code 1: see kubectl logs deployment/orders -c orders --previous`
		cause   = `failed to resolve reference "docker.io/library/orders:1": docker.io/library/orders:1: not found`
		service = v1alpha1.ComponentService
	)
	for name, tc := range map[string]struct {
		pods       []corev1.Pod
		wantHealth *condition.Health
	}{
		"no pods say nothing": {},
		"a pod that starts says nothing": {
			pods: []corev1.Pod{inputstest.WaitingPod(service, "ContainerCreating", "")},
		},
		"an image that is not there, while pulling":     {pods: []corev1.Pod{inputstest.WaitingPod(service, "ErrImagePull", cause)}, wantHealth: image(absent)},
		"an image that is not there, between two tries": {pods: []corev1.Pod{inputstest.WaitingPod(service, "ImagePullBackOff", `Back-off pulling image "orders:1": ErrImagePull: `+cause)}, wantHealth: image(absent)},
		"an image whose manifest is unknown":            {pods: []corev1.Pod{inputstest.WaitingPod(service, "ErrImagePull", "manifest unknown")}, wantHealth: image(absent)},
		"an image whose repository is unknown":          {pods: []corev1.Pod{inputstest.WaitingPod(service, "ErrImagePull", "NAME UNKNOWN")}, wantHealth: image(absent)},
		"an image that must not be read, while pulling": {
			pods: []corev1.Pod{inputstest.WaitingPod(service, "ErrImagePull", "401 Unauthorized")}, wantHealth: image(denied)},
		"an image that must not be read, between two tries": {
			pods: []corev1.Pod{inputstest.WaitingPod(service, "ImagePullBackOff", "Back-off pulling image: ErrImagePull: 401 Unauthorized")}, wantHealth: image(denied)},
		"an image that docker.io hides":      {pods: []corev1.Pod{inputstest.WaitingPod(service, "ErrImagePull", "pull access denied, repository does not exist or may require authorization")}, wantHealth: image(denied)},
		"an image that is denied":            {pods: []corev1.Pod{inputstest.WaitingPod(service, "ErrImagePull", "requested access to the resource is denied")}, wantHealth: image(denied)},
		"an image that is forbidden":         {pods: []corev1.Pod{inputstest.WaitingPod(service, "ErrImagePull", "403 Forbidden")}, wantHealth: image(denied)},
		"a registry that does not answer":    {pods: []corev1.Pod{inputstest.WaitingPod(service, "ErrImagePull", "dial tcp 10.0.0.1:443: i/o timeout")}, wantHealth: passing(silent)},
		"a registry that is not available":   {pods: []corev1.Pod{inputstest.WaitingPod(service, "RegistryUnavailable", "image registry is unavailable")}, wantHealth: passing(silent)},
		"an image that can't be looked into": {pods: []corev1.Pod{inputstest.WaitingPod(service, "ImageInspectError", "context deadline exceeded")}, wantHealth: passing(silent)},
		"a registry that limits": {pods: []corev1.Pod{inputstest.WaitingPod(service, "ErrImagePull", "429 Too Many Requests - toomanyrequests: You have reached your unauthenticated pull rate limit")},
			wantHealth: passing("the registry lets no more be pulled for now; wait, or set imagePullSecrets")},
		"an image whose name is none":         {pods: []corev1.Pod{inputstest.WaitingPod(service, "InvalidImageName", "couldn't parse image name")}, wantHealth: image("it is not a valid image name; correct image")},
		"an image that is never pulled":       {pods: []corev1.Pod{inputstest.WaitingPod(service, "ErrImageNeverPull", "not present with pull policy of Never")}, wantHealth: image("it is not on the node and imagePullPolicy is Never")},
		"an image that is not rightly signed": {pods: []corev1.Pod{inputstest.WaitingPod(service, "SignatureValidationFailed", "no signature found")}, wantHealth: image("its signature is not valid; sign it, or correct image")},
		"an image that is not rightly signed, between two tries": {
			pods: []corev1.Pod{inputstest.WaitingPod(service, "ImagePullBackOff", "Back-off pulling image: SignatureValidationFailed: no signature found")}, wantHealth: image("its signature is not valid; sign it, or correct image")},
		"a Secret that is missing":       {pods: []corev1.Pod{inputstest.WaitingPod(service, "CreateContainerConfigError", `secret "x" not found`)}, wantHealth: config(`secret "x" not found`)},
		"a container that can't be made": {pods: []corev1.Pod{inputstest.WaitingPod(service, "CreateContainerError", "no command specified")}, wantHealth: config("no command specified")},
		"a container that can't be started": {
			pods: []corev1.Pod{inputstest.WaitingPod(service, "RunContainerError", `exec: "/nope": no such file or directory`)}, wantHealth: config(`exec: "/nope": no such file or directory`)},
		"a container that can't be started, between two tries": {
			pods: []corev1.Pod{inputstest.Crashing("StartError", 128)}, wantHealth: config(`exec: "/nope": no such file or directory`)},
		"a container that could not be started and runs now": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("StartError", 1), func(p *corev1.Pod) {
				p.Status.ContainerStatuses[0].State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
			})}, wantHealth: crash(again)},
		"a container that crashes, between two tries": {pods: []corev1.Pod{inputstest.Crashing("Error", 1)}, wantHealth: crash(again)},
		"a container that crashes, while it runs": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) {
				p.Status.ContainerStatuses[0].State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
			})}, wantHealth: crash(again)},
		"a container that crashes, as it ends": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) {
				s := &p.Status.ContainerStatuses[0]
				s.State, s.LastTerminationState = corev1.ContainerState{Terminated: s.LastTerminationState.Terminated}, corev1.ContainerState{}
			})}, wantHealth: crash(again)},
		"a container that ended once is given a second try": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) { p.Status.ContainerStatuses[0].RestartCount = 0 })}},
		"a container that crashed and is ready": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Ready = true })}},
		"a container that the kubelet may have ended": {
			pods: []corev1.Pod{inputstest.Crashing("Completed", 0)}, wantHealth: crash(
				`Container "orders" ends again and again, last with exit code 0 (it may have ended by itself, or by its startup or liveness probe): see kubectl logs deployment/orders -c orders --previous`)},
		"an image that runs as root": {
			pods:       []corev1.Pod{inputstest.WaitingPod(service, "CreateContainerConfigError", `container has runAsNonRoot and image will run as root (pod: "orders-1_shop(0a1b)", container: orders)`)},
			wantHealth: config("container has runAsNonRoot and image will run as root: give the image a USER by number, or set podTemplate.spec.securityContext.runAsUser")},
		"an image whose user is a name": {
			pods:       []corev1.Pod{inputstest.WaitingPod(service, "CreateContainerConfigError", `container has runAsNonRoot and image has non-numeric user (nobody), cannot verify user is non-root (pod: "orders-1_shop(0a1b)", container: orders)`)},
			wantHealth: config("container has runAsNonRoot and image has non-numeric user (nobody), cannot verify user is non-root: give the image a USER by number, or set podTemplate.spec.securityContext.runAsUser")},
		"an overlay that asks for root": {
			pods:       []corev1.Pod{inputstest.WaitingPod(service, "CreateContainerConfigError", `container's runAsUser breaks non-root policy (pod: "orders-1_shop(0a1b)", container: orders)`)},
			wantHealth: config("container's runAsUser breaks non-root policy: set runAsUser in podTemplate to another user than 0")},
		"a command that is not there, in the runtime's words": {
			pods:       []corev1.Pod{inputstest.WaitingPod(service, "RunContainerError", `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory: unknown`)},
			wantHealth: config(`exec: "/nope": stat /nope: no such file or directory`)},
		"a container that used too much memory": {
			pods: []corev1.Pod{inputstest.Crashing("OOMKilled", 137)}, wantHealth: crash(`Container "orders" was killed for using more memory than its limit: raise resources.limits.memory`)},
		"a pod that no node takes": {
			pods:       []corev1.Pod{inputstest.Unschedulable("0/1 nodes are available: 1 Insufficient memory.")},
			wantHealth: &condition.Health{Reason: v1alpha1.ReasonUnschedulable, Progressing: true, Message: condition.ParseMessage("No node takes the pod: 0/1 nodes are available: 1 Insufficient memory.")},
		},
		"what is said about preemption is left out": {
			pods:       []corev1.Pod{inputstest.Unschedulable("0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.")},
			wantHealth: &condition.Health{Reason: v1alpha1.ReasonUnschedulable, Progressing: true, Message: condition.ParseMessage("No node takes the pod: 0/1 nodes are available: 1 Insufficient memory.")},
		},
		"a pod held back by a scheduling gate is not unschedulable": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Unschedulable(""), func(p *corev1.Pod) { p.Status.Conditions[0].Reason = "SchedulingGated" })},
		},
		"a pod that goes away says nothing": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Pulling(service), func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} })},
		},
		"a pod that is ready says nothing": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) {
				p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			})},
		},
		"a pod of another component says nothing": {pods: []corev1.Pod{inputstest.Pulling(v1alpha1.ComponentDatabase)}},
		"an init container is looked at first": {
			pods: []corev1.Pod{inputstest.Changed(inputstest.Crashing("Error", 1), func(p *corev1.Pod) {
				p.Spec.InitContainers = []corev1.Container{{Name: "warm", Image: "warm:1"}}
				p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "warm",
					State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "not found"}}}}
			})},
			wantHealth: &condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Stalled: true, Message: condition.ParseMessage(`Image "warm:1" of container "warm" can't be pulled: ` + absent)},
		},
		"what a change of the spec mends comes first": {
			pods:       []corev1.Pod{inputstest.Unschedulable("no room"), inputstest.Crashing("Error", 1), inputstest.Pulling(service)},
			wantHealth: image(absent),
		},
		"what can't be made comes before an image": {
			pods:       []corev1.Pod{inputstest.Pulling(service), inputstest.WaitingPod(service, "CreateContainerConfigError", "no key")},
			wantHealth: config("no key"),
		},
		"of equals the first by message": {
			pods: []corev1.Pod{inputstest.Crashing("Error", 2), inputstest.Crashing("Error", 1)}, wantHealth: crash(again),
		},
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
		})
	}
}

func TestPodProblemOfDatabase(t *testing.T) {
	pod := inputstest.Crashing("Error", 1)
	pod.Labels[v1alpha1.LabelComponent] = v1alpha1.ComponentDatabase
	want := &condition.Health{Reason: v1alpha1.ReasonCrashLooping, Progressing: true,
		Message: condition.ParseMessage(`Container "orders" ends again and again, last with exit code 1: see kubectl logs statefulset/orders-db -c orders --previous`)}
	got := Worst([]corev1.Pod{pod}, v1alpha1.ComponentDatabase)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
