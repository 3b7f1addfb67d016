// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package podfailure

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
	"github.com/atoll-dev/atoll/internal/names"
)

// classified is a failure as `kubectl atoll why` reads it.
type classified struct {
	Class       Class
	Why, Remedy string
	Command     string
	Reference   *Reference
}

func TestClasses(t *testing.T) {
	const (
		service  = v1alpha1.ComponentService
		database = v1alpha1.ComponentDatabase
		user     = "give the image a numeric USER other than 0, or set podTemplate.spec.securityContext.runAsUser"
		command  = "correct command (args are passed to the image's own command), or the image"
	)
	start := func(text string) corev1.Pod { return inputstest.WaitingPod(service, "CreateContainerError", text) }
	unschedulable := inputstest.Unschedulable
	for name, tc := range map[string]struct {
		pod  corev1.Pod
		want classified
	}{
		"image of the database": {inputstest.Pulling(database), classified{Class: ImageNotFound, Why: "the registry does not have it",
			Remedy: "correct database.version or database.image, or push the image"}},
		"image of the migration": {inputstest.WaitingPod(v1alpha1.ComponentMigration, "InvalidImageName", ""), classified{Class: ImageNameInvalid,
			Why: "it is not a valid image name", Remedy: "correct image or database.migration.image"}},
		"image of the init container that waits for the database": {inputstest.Changed(inputstest.WaitingPod(v1alpha1.ComponentMigration, "InvalidImageName", ""), func(p *corev1.Pod) {
			p.Status.InitContainerStatuses, p.Status.ContainerStatuses = p.Status.ContainerStatuses, nil
			p.Status.InitContainerStatuses[0].Name = names.AwaitContainer
		}), classified{Class: ImageNameInvalid, Why: "it is not a valid image name", Remedy: "correct database.version or database.image"}},
		"root":          {start("image will run as root"), classified{Class: RunsAsRoot, Why: "would run as root, but its pod sets runAsNonRoot", Remedy: user, Command: "orders:1"}},
		"user by name":  {start("non-numeric user (web)"), classified{Class: UserByName, Why: "names its user by name: the kubelet cannot verify that the user is not root", Remedy: user, Command: "orders:1"}},
		"user 0":        {start("runAsUser breaks non-root policy"), classified{Class: RunAsUserZero, Why: "would run as root, but its pod sets runAsNonRoot", Remedy: "set runAsUser in podTemplate to a user other than 0", Command: "orders:1"}},
		"no command":    {start(`exec: "/a": executable file not found in $PATH`), classified{Class: CommandNotFound, Why: "its image does not contain it", Remedy: command, Command: "/a"}},
		"no permission": {start(`exec: "/a": permission denied`), classified{Class: CommandNotExecutable, Why: "the container's user may not execute it", Remedy: command, Command: "/a"}},
		"a directory":   {start(`exec: "/a": is a directory`), classified{Class: CommandIsDirectory, Why: "it is a directory", Remedy: command, Command: "/a"}},
		"command of the migration": {inputstest.WaitingPod(v1alpha1.ComponentMigration, "RunContainerError", `exec: "/a": no such file or directory`), classified{Class: CommandNotFound,
			Why: "its image does not contain it", Remedy: "correct database.migration.command (args are passed to the image's own command), or the image", Command: "/a"}},
		"missing key": {start("couldn't find key token in Secret shop/provider"), classified{Class: ReferenceMissing, Why: "couldn't find key token in Secret shop/provider",
			Remedy: "add the key, or correct the field of the spec that names it", Command: "orders:1", Reference: &Reference{Kind: "Secret", Name: "provider", Key: "token"}}},
		"unbound claim": {unschedulable("pod has unbound immediate PersistentVolumeClaims"), classified{Class: UnboundClaim, Why: "pod has unbound immediate PersistentVolumeClaims",
			Remedy: "see the events of the claim (kubectl describe pvc -n shop)"}},
		"missing claim": {unschedulable(`persistentvolumeclaim "files" not found`), classified{Class: UnboundClaim, Why: `persistentvolumeclaim "files" not found`,
			Remedy: "see the events of the claim (kubectl describe pvc -n shop)"}},
		"a claim of another pod": {unschedulable("0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode. preemption: 0/1"),
			classified{Class: SharedClaim, Why: "another pod has its claim, which is ReadWriteOncePod", Remedy: SharedClaimRemedy}},
		"resources": {inputstest.Changed(unschedulable("0/3 nodes are available: 2 Insufficient cpu, 1 Insufficient memory. preemption: 0/3 nodes"), func(p *corev1.Pod) {
			p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("8")}
			p.Spec.InitContainers = []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("9Gi")}}}}
		}), classified{Class: InsufficientResources, Why: "it requests 8 cpu and 9Gi memory, and no node has that much free",
			Remedy: "lower resources.requests.cpu and resources.requests.memory, or add a node that has that much free"}},
		"taint": {unschedulable("1 node(s) had untolerated taint(s) {gpu: yes}."), classified{Class: UntoleratedTaint, Why: "the nodes have a taint that it does not tolerate {gpu: yes}",
			Remedy: "add tolerations in podTemplate.spec, or remove the taint from a node"}},
		"cordoned nodes": {unschedulable("1 node(s) were unschedulable."), classified{Class: NodesCordoned, Why: "the nodes are cordoned",
			Remedy: "make a node schedulable again: kubectl uncordon <node>"}},
		"an unknown text of the scheduler": {unschedulable("no"), classified{Class: Unschedulable, Why: "no",
			Remedy: "see what the scheduler says, and correct resources or podTemplate.spec, or add nodes"}},
		"memory of the database": {inputstest.Changed(inputstest.Crashing("OOMKilled", 137), func(p *corev1.Pod) { p.Labels[v1alpha1.LabelComponent] = database }),
			classified{Class: OutOfMemory, Why: "was killed because it used more memory than its limit", Remedy: "raise database.resources.limits.memory"}},
		"image of the database without its user": {inputstest.Changed(inputstest.Crashing("Error", 83), func(p *corev1.Pod) { p.Labels[v1alpha1.LabelComponent] = database }),
			classified{Class: ServerRefused, Why: "cannot start: its image does not have the user that its pod runs as", Remedy: "set database.image to a Debian variant of the image"}},
		"data that another server holds": {inputstest.Changed(inputstest.Crashing("Error", 81), func(p *corev1.Pod) { p.Labels[v1alpha1.LabelComponent] = database }),
			classified{Class: ServerRefused, Why: "cannot start: another server still holds the data",
				Remedy: "see whether a pod of the database still runs on another node (kubectl get pods -o wide), or whether the node's kubelet has stopped it"}},
		"the same code of the service": {inputstest.Crashing("Error", 81), classified{Class: Crash, Why: "keeps crashing; last exit code 81",
			Remedy: "see kubectl logs -n shop -l atoll.dev/microservice=orders,app.kubernetes.io/component=service -c orders --previous --ignore-errors --prefix --tail=50"}},
		"crash of a Job": {inputstest.Changed(inputstest.Crashing("Error", 127), func(p *corev1.Pod) {
			p.Labels[v1alpha1.LabelComponent], p.Labels["batch.kubernetes.io/job-name"] = v1alpha1.ComponentMigration, "orders-migration"
		}), classified{Class: Crash, Why: "keeps crashing; last exit code 127 (command not found)", Remedy: "see kubectl logs -n shop -l atoll.dev/microservice=orders,app.kubernetes.io/component=migration -c orders --previous --ignore-errors --prefix --tail=50"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := Find([]corev1.Pod{tc.pod}, tc.pod.Labels[v1alpha1.LabelComponent])
			if f == nil {
				t.Fatal("no failure found")
			}
			got := classified{f.Class, f.Why(), f.Remedy(), f.Command, f.Reference}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if waits := tc.want.Class == UnboundClaim; f.WaitsForClaim() != waits {
				t.Errorf("WaitsForClaim() is %t, want %t", f.WaitsForClaim(), waits)
			}
		})
	}
}

func TestMissingReference(t *testing.T) {
	for text, want := range map[string]*Reference{
		`MountVolume.SetUp failed for volume "tls" : secret "tls" not found`: {Kind: "Secret", Name: "tls"},
		`configmap "settings" not found`:                                     {Kind: "ConfigMap", Name: "settings"},
		"couldn't find key a in ConfigMap shop/settings":                     {Kind: "ConfigMap", Name: "settings", Key: "a"},
		"references non-existent secret key: a":                              {Kind: "Secret", Key: "a"},
		"references non-existent config key: a":                              {Kind: "ConfigMap", Key: "a"},
		"no":                                                                 nil,
	} {
		if diff := cmp.Diff(want, MissingReference(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// TestDeclaredAs checks the remedy where the image of a container is not the declared one.
func TestDeclaredAs(t *testing.T) {
	const correct = "correct image, or push the image"
	replaced := func(image string) string {
		return fmt.Sprintf("push the image to that registry, or correct the admission policy or webhook that put it in place of %q", image)
	}
	for name, tc := range map[string]struct{ declared, pulled, want string }{
		"the declared one":            {"docker.io/team/orders:1", "docker.io/team/orders:1", correct},
		"an earlier one":              {"docker.io/team/orders:2", "docker.io/team/orders:1", correct},
		"another registry":            {"docker.io/team/orders:1", "mirror.example.com/team/orders:1", replaced("docker.io/team/orders:1")},
		"a registry before the image": {"docker.io/team/orders:1", "mirror.example.com/docker.io/team/orders:1", replaced("docker.io/team/orders:1")},
		"a registry for one without":  {"team/orders:1", "mirror.example.com:5000/team/orders:1", replaced("team/orders:1")},
	} {
		t.Run(name, func(t *testing.T) {
			pod := inputstest.WaitingPod(v1alpha1.ComponentService, "ImagePullBackOff", "manifest unknown")
			pod.Spec.Containers[0].Image = tc.pulled
			if got := Find([]corev1.Pod{pod}, v1alpha1.ComponentService).DeclaredAs(tc.declared).Remedy(); got != tc.want {
				t.Errorf("the remedy is %q, want %q", got, tc.want)
			}
		})
	}
}
