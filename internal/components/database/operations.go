// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/names"
)

const (
	// tries is the number of tries of a Job that can fail for good.
	tries = 3
	// stepSeconds is the time after which the pod of a step of a rotation is replaced. A
	// step takes seconds.
	stepSeconds = 1800
)

// SetPasswordJob gives the next user its password. It is tried until it succeeds,
// because only the server's return can help.
func (p *Plan) SetPasswordJob(name string, labels map[string]string) *batchv1.Job {
	env := p.operationEnv(names.NextSecret(p.Owner))
	return p.step(name, labels, p.onServer("rotate", p.Engine.Scripts().SetPassword, env))
}

// RetirePasswordJob disables the previous password.
func (p *Plan) RetirePasswordJob(name, retired string, labels map[string]string) *batchv1.Job {
	env := append(p.operationEnv(p.SecretName), corev1.EnvVar{Name: "ATOLL_RETIRED_USER", Value: retired})
	return p.step(name, labels, p.onServer("retire", p.Engine.Scripts().RetirePassword, env))
}

// step is a step of a rotation. A pod that hangs is replaced; the Job itself has no limit.
func (p *Plan) step(name string, labels map[string]string, c corev1.Container) *batchv1.Job {
	job := p.untilDone(name, labels, c)
	job.Spec.Template.Spec.ActiveDeadlineSeconds = ptr.To[int64](stepSeconds)
	return job
}

// untilDone runs a container again in the same pod until it succeeds.
func (p *Plan) untilDone(name string, labels map[string]string, c corev1.Container) *batchv1.Job {
	pod := p.operationPod(c)
	pod.RestartPolicy = corev1.RestartPolicyOnFailure
	return p.job(name, labels, pod, 1_000_000)
}

// job runs a pod until it succeeds, or fails too often. A pod evicted by a drain
// does not count.
func (p *Plan) job(name string, labels map[string]string, pod corev1.PodSpec, backoffLimit int32) *batchv1.Job {
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: p.Namespace, Labels: labels},
		Spec:       JobSpec(p.PodMeta(metav1.ObjectMeta{}, labels), pod, backoffLimit),
	}
}

// JobSpec is the spec of all Jobs: one pod at a time, the next one only after the
// last has stopped.
func JobSpec(metadata metav1.ObjectMeta, pod corev1.PodSpec, backoffLimit int32) batchv1.JobSpec {
	spec := batchv1.JobSpec{
		BackoffLimit:         &backoffLimit,
		PodReplacementPolicy: ptr.To(batchv1.Failed),
		Template:             corev1.PodTemplateSpec{ObjectMeta: metadata, Spec: pod},
	}
	// The API accepts a failure policy only for pods that do not restart in place.
	if pod.RestartPolicy == corev1.RestartPolicyNever {
		spec.PodFailurePolicy = &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{{
			Action:          batchv1.PodFailurePolicyActionIgnore,
			OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue}},
		}}}
	}
	return spec
}

// onServer returns a container that runs a script on the server, once the server answers its pod.
// env names the server: see operationEnv.
func (p *Plan) onServer(name, script string, env []corev1.EnvVar) corev1.Container {
	return p.operation(name, p.Engine.Scripts().Await+script, env)
}

// operation returns a container that runs a script in the engine's image.
func (p *Plan) operation(name, script string, env []corev1.EnvVar) corev1.Container {
	return corev1.Container{
		Name:                     name,
		Image:                    p.Image,
		Command:                  []string{"/bin/sh", "-c", "set -eu\numask 027\n" + script},
		Env:                      env,
		Resources:                operationResources(),
		SecurityContext:          engine.Restricted(),
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		VolumeMounts:             []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}, {Name: "scratch", MountPath: "/scratch"}},
	}
}

func operationResources() corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("64Mi"),
	}}
}

func (p *Plan) operationPod(containers ...corev1.Container) corev1.PodSpec {
	return corev1.PodSpec{
		AutomountServiceAccountToken: ptr.To(false),
		EnableServiceLinks:           ptr.To(false),
		RestartPolicy:                corev1.RestartPolicyNever,
		SecurityContext:              engine.PodSecurity(p.Engine, p.platformUser()),
		ImagePullSecrets:             p.ImagePullSecrets,
		Containers:                   containers,
		Volumes:                      []corev1.Volume{engine.EmptyDir("tmp", corev1.StorageMediumDefault), engine.EmptyDir("scratch", corev1.StorageMediumDefault)},
	}
}

// operationEnv gives scripts the server and its users. The Secret user has the
// service's user.
func (p *Plan) operationEnv(user string) []corev1.EnvVar {
	return []corev1.EnvVar{
		{Name: "ATOLL_HOST", Value: p.Host},
		{Name: "ATOLL_PORT", Value: strconv.Itoa(int(p.Port))},
		{Name: "ATOLL_DATABASE", Value: p.DatabaseName},
		{Name: "ATOLL_OWNER", Value: p.DatabaseName},
		{Name: "ATOLL_ADMIN", Value: p.Engine.Admin()},
		p.adminEnv("ATOLL_ADMIN_PASSWORD"),
		engine.SecretEnv("ATOLL_USER", user, engine.KeyUsername),
		engine.SecretEnv("ATOLL_PASSWORD", user, engine.KeyPassword),
	}
}
