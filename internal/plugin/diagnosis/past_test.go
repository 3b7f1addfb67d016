// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// TestThePastIsNoCause checks that traces of an earlier fault do not hide the current
// one.
func TestThePastIsNoCause(t *testing.T) {
	const (
		badGateway = "Readiness probe failed: HTTP probe failed with statuscode: 503"
		killed     = "Container orders failed liveness probe, will be restarted"
		attach     = `Multi-Attach error for volume "pvc-1"`
		noSecret   = `MountVolume.SetUp failed for volume "tls" : secret "tls" not found`
		long       = 20 * time.Minute
	)
	unpulled := pod("p", svc, waits("ErrImagePull", "not found"))
	creating := pod("p", svc, waits("ContainerCreating", ""))
	probing := func(changes ...func(p *corev1.Pod)) world {
		return unavailable().pods(pod("p", svc, append([]func(p *corev1.Pod){probed("/")}, changes...)...))
	}
	ofTemplate := func(name string, age time.Duration) func(p *corev1.Pod) {
		return func(p *corev1.Pod) {
			p.CreationTimestamp = ago(age)
			p.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = name
		}
	}
	outOfMemory := func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodFailed
		p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled", ExitCode: 137, FinishedAt: ago(long)}}
	}
	for name, tc := range map[string]struct {
		world world
		want  string
	}{
		"a volume that was mounted at last, and an image that runs as root": {
			unavailable().pods(pod("p", svc, waits("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"))).eventAgo(long, "p", "FailedAttachVolume", attach),
			"RunsAsRoot"},
		"a volume that was mounted at last, and an image that is being pulled": {
			unavailable().pods(creating).eventAgo(long, "p", "FailedAttachVolume", attach).event("p", "Pulling", "Pulling image"), Unrecognised},
		"a volume that can't be mounted after all went down": {
			unavailable().pods(pod("p", svc, waits("ContainerCreating", ""), crashed(1, "Unknown", 255))).eventAgo(long, "p", "Started", "").event("p", "FailedAttachVolume", attach), "VolumeMount"},
		"a Secret that was made at last, and an image that is not there": {
			unavailable().pods(unpulled).eventAgo(long, "p", "FailedMount", noSecret), "ImagePull"},
		"a Secret that was made at last, and another volume": {
			unavailable().pods(creating).eventAgo(long, "p", "FailedMount", noSecret).event("p", "FailedAttachVolume", attach), "VolumeMount"},
		"a hook that failed once, and a probe": {
			probing(crashedAgo(long, 1, "Error", 137)).eventAgo(long, "p", "FailedPostStartHook", "").event("p", "Unhealthy", badGateway), "FailingProbe"},
		"a hook that failed once, and a crash loop": {
			crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(5, "Error", 2))).eventAgo(long, "p", "FailedPostStartHook", ""), "CrashLoop"},
		"a hook that fails for so long that the kubelet seldom says so": {
			crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(50, "Error", 137))).eventAgo(long, "p", "FailedPostStartHook", "").with(func(e *Evidence) { e.Events["p"][0].Count = 9 }), "HookFailed"},
		"one kill by a liveness probe, and a readiness probe": {
			probing(crashedAgo(50*time.Minute, 1, "Error", 137)).eventAgo(50*time.Minute, "p", "Killing", killed).event("p", "Unhealthy", badGateway), "FailingProbe"},
		"one kill by a liveness probe, and a crash loop": {
			crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(5, "Completed", 0))).eventAgo(long, "p", "Killing", killed), "CrashLoop"},
		"a kill just now": {
			probing(crashedAgo(5*time.Second, 1, "Error", 137)).eventAgo(6*time.Second, "p", "Killing", killed), "LivenessKill"},
		"killed for its memory once, and a probe": {
			probing(crashedAgo(50*time.Hour, 1, "OOMKilled", 137)).event("p", "Unhealthy", badGateway), "FailingProbe"},
		"killed for its memory again and again, and a probe": {
			probing(crashed(4, "OOMKilled", 137)).event("p", "Unhealthy", badGateway), "OutOfMemory"},
		"a migration that was killed for its memory at first": {
			unavailable().database().job(PartMigration, batchv1.JobComplete).pods(pod("m", v1alpha1.ComponentMigration, outOfMemory), unpulled), "ImagePull"},
		"a migration of an earlier image": {
			newWorld().database().job(PartMigration, "").unready(v1alpha1.ConditionDatabaseMigrated, v1alpha1.ReasonMigrating, "").
				pods(pod("m", v1alpha1.ComponentMigration, outOfMemory, func(p *corev1.Pod) { p.Labels[batchv1.JobNameLabel] = "orders-earlier" })), InProgress},
		"a version before that was killed for its memory": {
			unavailable().pods(pod("o", svc, ofTemplate("old", time.Hour), waits("CrashLoopBackOff", ""), crashed(5, "OOMKilled", 137)),
				pod("p", svc, ofTemplate("new", time.Minute), waits("ErrImagePull", "not found"))), "ImagePull"},
		"a pod that was evicted": {
			probing().pods(pod("evicted", svc, failed("The node was low on resource: memory"))).event("p", "Unhealthy", badGateway), "FailingProbe"},
		"crashes of long ago, and a probe": {
			probing(crashedAgo(long, 5, "Error", 1)).event("p", "Unhealthy", badGateway), "FailingProbe"},
		"an init container that failed at first, and runs": {
			unavailable().pods(pod("p", svc, func(p *corev1.Pod) {
				p.Spec.InitContainers = []corev1.Container{{Name: "prepare"}}
				p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "prepare", RestartCount: 1, State: p.Status.ContainerStatuses[0].State,
					LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 4, FinishedAt: ago(long)}}}}
				p.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}
			})), Unrecognised},
		"a dependency that the container before did not reach": {
			newWorld(down()).calls(users).unready(calls, v1alpha1.ReasonDependencyNotReady, "").unready(workload, v1alpha1.ReasonUnavailable, "").
				pods(pod("p", svc, probed("/"), crashedAgo(long, 1, "Error", 1))).log("p", true, "GET http://users.shop.svc:8080/: connection refused").log("p", false, "no licence").
				event("p", "Unhealthy", badGateway), "FailingProbe"},
		"an answer of the container before to another probe": {
			probing(crashedAgo(long, 1, "Error", 1), func(p *corev1.Pod) { p.Spec.Containers[0].StartupProbe = p.Spec.Containers[0].ReadinessProbe }).
				eventAgo(long+time.Second, "p", "Unhealthy", badGateway).event("p", "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 500"), "FailingProbe"},
		"a quota that lets the pods in at last": {
			newWorld().database().unready(databaseOf, v1alpha1.ReasonUnavailable, "").with(func(e *Evidence) { e.StatefulSet.Spec.Replicas = ptr.To[int32](1) }).
				eventAgo(long, "orders-db", "FailedCreate", "exceeded quota: tight").event("orders-db", "SuccessfulCreate", "create Pod orders-db-0 in StatefulSet orders-db successful"), "DatabaseDown"},
		"a refusal of an earlier spec": {
			newWorld().unready(workload, v1alpha1.ReasonInvalidSpec, "").with(func(e *Evidence) {
				e.Microservice.Generation = 2
				e.Microservice.Status.Conditions[0].ObservedGeneration = 2
				e.Microservice.Status.Conditions[0].Reason = v1alpha1.ReasonApplyFailed
			}), Unrecognised},
	} {
		t.Run(name, func(t *testing.T) {
			d := Diagnose(tc.world.Evidence)
			if f := d.Root(); f == nil || f.Fault != tc.want || f.Beside {
				t.Errorf("want %s", tc.want)
				for _, f := range d.Findings {
					t.Logf("found %s of %s, beside %t: %s", f.Fault, f.Part, f.Beside, f.Cause)
				}
			}
		})
	}
}
