// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// MigrationJobs builds the Job of the desired migration. While the Job of another one
// runs it keeps that: two never run at once, and a Job that has begun is not deleted.
func MigrationJobs(in *database.Database) ([]kube.Object, error) {
	if problem := database.Unusable(in); problem != nil {
		return nil, problem
	}
	if in.Migration() == nil {
		return nil, nil
	}
	name := names.Migration(in.Microservice, database.MigrationHash(in))
	other, running := database.OtherMigration(in, name)
	switch {
	case database.MigrationJob(in, name) != nil:
		return kube.One(database.KeepJob(in, in.Job(name)))
	case in.Job(name) != nil:
		// The Job is pruned. If it failed, it is created again once it is gone.
		return nil, nil
	case database.Migrated(in):
		return nil, nil
	case running:
		return kube.One(inputs.Kept(other))
	case in.Suspended():
		return nil, nil
	case other != nil:
		// The other Job is pruned first, and the desired one created once it is gone.
		return nil, nil
	}
	if database.MigrationWaits(in) || database.LeftoverMigration(in) != "" {
		return nil, nil
	}
	return migrationJob(in, name)
}

// migrationJob builds a Job from the service's pod template: it has the service's
// environment, volumes, ServiceAccount and other containers. The migration's container has
// no ports, probes or hooks, and starts when the database answers its pod.
func migrationJob(in *database.Database, name string) ([]kube.Object, error) {
	ms := in.Microservice
	// The Deployment has the same template and reports its problem.
	template, _ := podTemplate(in)
	if template == nil {
		return nil, nil
	}
	l := names.Labels(ms, v1alpha1.ComponentMigration)
	pod := template.Spec.DeepCopy()
	pod.RestartPolicy = corev1.RestartPolicyNever
	pod.TopologySpreadConstraints = nil
	pod.TerminationGracePeriodSeconds = nil
	isOther := func(c corev1.Container) bool { return c.Name != ms.Name }
	if !slices.ContainsFunc(pod.Containers, func(c corev1.Container) bool { return !isOther(c) }) {
		return nil, nil
	}
	pod.InitContainers = append(pod.InitContainers, sidecars(pod.Containers, isOther)...)
	pod.Containers = slices.DeleteFunc(pod.Containers, isOther)
	in.Plan.AwaitServer(pod)
	c := &pod.Containers[0]
	c.Image, c.Command, c.Args = database.MigrationImage(in), in.Migration().Command, in.Migration().Args
	c.Ports, c.Lifecycle = nil, nil
	c.ReadinessProbe, c.LivenessProbe, c.StartupProbe = nil, nil, nil
	c.TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError

	// Annotations tell an injector, such as that of a mesh, what to do with a pod.
	spec := database.JobSpec(in.Plan.PodMeta(template.ObjectMeta, l), *pod, database.MigrationTries-1)
	spec.ActiveDeadlineSeconds = in.Migration().TimeoutSeconds
	delete(spec.Template.Annotations, names.AnnotationReferences)
	return kube.One(&batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ms.Namespace, Labels: l}, Spec: spec})
}

// sidecars returns containers of the service's pod as native sidecars, which end with the
// migration. The migration may need them, such as a proxy to the database. They start after
// the init containers, as in the service's pod. A probe for readiness or liveness may be
// about the service, which does not run here; a startup probe delays the migration.
func sidecars(containers []corev1.Container, wanted func(corev1.Container) bool) []corev1.Container {
	var all []corev1.Container
	for i := range containers {
		if !wanted(containers[i]) {
			continue
		}
		c := *containers[i].DeepCopy()
		c.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
		// Restart rules are for a policy of their own.
		c.RestartPolicyRules = nil
		c.ReadinessProbe, c.LivenessProbe = nil, nil
		for j := range c.Ports {
			// The service's pod may hold the port on the same node.
			c.Ports[j].HostPort = 0
		}
		all = append(all, c)
	}
	return all
}
