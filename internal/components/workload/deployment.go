// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package workload builds what runs a service: its Deployment, Service,
// ServiceAccount, autoscaler, disruption budget, migration Job and PodMonitor.
package workload

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

const (
	// drainSeconds is how long the preStop hook delays SIGTERM, so that gateways and
	// kube-proxies remove the endpoint before the pod stops serving.
	drainSeconds = 5
	// gracePeriodSeconds is the whole termination grace period: the drain, and then time
	// to finish the requests in flight.
	gracePeriodSeconds = drainSeconds + 40
)

// Deployments builds the Deployment. While gate holds a new pod template back, the
// Deployment keeps its live one.
func Deployments(in *database.Database) ([]kube.Object, error) {
	if problem := database.Unusable(in); problem != nil {
		return nil, problem
	}
	if len(in.References.Missing) > 0 {
		// The live pods keep running with the content that they have.
		return nil, &condition.Problem{Reason: v1alpha1.ReasonReferenceNotFound, Message: in.References.Message()}
	}
	template, err := podTemplate(in)
	if err != nil {
		return nil, err
	}
	d := deploymentOf(in.Inputs, template)
	d.Annotations = database.MigrationMark(in)
	problem := gate(in)
	if problem == nil {
		return kube.One(d)
	}
	if in.Deployment == nil {
		return nil, problem
	}
	// The live pods keep running, and can still be scaled.
	d.Spec.Template = *in.Deployment.Spec.Template.DeepCopy()
	if database.AwaitingRestore(in) != nil && usesDatabase(&d.Spec.Template.Spec, in.Plan.SecretName) {
		// The volume is new. Data that the pods write to it would prevent the restore.
		d.Spec.Replicas = ptr.To[int32](0)
	}
	d.Annotations = nil
	if mark := in.Deployment.Annotations[names.AnnotationMigrated]; mark != "" {
		d.Annotations = map[string]string{names.AnnotationMigrated: mark}
	}
	return kube.One(d)
}

// usesDatabase reports whether pods log in to the database.
func usesDatabase(pod *corev1.PodSpec, secret string) bool {
	return slices.ContainsFunc(pod.Containers, func(c corev1.Container) bool {
		return slices.ContainsFunc(c.Env, func(v corev1.EnvVar) bool {
			return v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil && v.ValueFrom.SecretKeyRef.Name == secret
		})
	})
}

// gate reports what a pod of the desired template waits for before it may start: its
// dependencies on a first rollout, and the credentials, the restore and the migration of
// its database.
func gate(in *database.Database) *condition.Problem {
	for _, awaiting := range []func(*database.Database) *condition.Problem{awaitingDependencies, database.AwaitingCredentials, database.AwaitingRestore, database.AwaitingMigration} {
		if problem := awaiting(in); problem != nil {
			return problem
		}
	}
	return nil
}

func deploymentOf(in *inputs.Inputs, template *corev1.PodTemplateSpec) *appsv1.Deployment {
	ms := in.Microservice
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: ms.Name, Namespace: ms.Namespace, Labels: names.Labels(ms, v1alpha1.ComponentService)},
		Spec: appsv1.DeploymentSpec{
			Replicas:             replicas(in),
			RevisionHistoryLimit: ptr.To[int32](3),
			Selector:             &metav1.LabelSelector{MatchLabels: names.Selector(ms, v1alpha1.ComponentService)},
			Strategy:             strategy(ms),
			Template:             *template,
		},
	}
}

// replicas returns nil where the autoscaler decides. An autoscaler does not scale a
// Deployment that has zero replicas or does not exist yet: these begin at the minimum.
func replicas(in *inputs.Inputs) *int32 {
	if in.Autoscale() != nil && in.Deployment != nil && ptr.Deref(in.Deployment.Spec.Replicas, 1) > 0 {
		return nil
	}
	return ptr.To(in.MinReplicas())
}

func strategy(ms *v1alpha1.Microservice) appsv1.DeploymentStrategy {
	if inputs.Recreates(ms) {
		return appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	}
	return appsv1.DeploymentStrategy{
		Type: appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{
			MaxUnavailable: ptr.To(intstr.FromInt32(0)),
			MaxSurge:       ptr.To(intstr.FromString("25%")),
		},
	}
}

// podTemplate builds the pod template, and merges the user's overlay into it.
func podTemplate(in *database.Database) (*corev1.PodTemplateSpec, error) {
	ms := in.Microservice
	podLabels := names.Labels(ms, v1alpha1.ComponentService)
	template := &corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: podLabels},
		Spec: corev1.PodSpec{
			ServiceAccountName:           inputs.ServiceAccountName(in.Inputs),
			AutomountServiceAccountToken: ptr.To(false),
			// Service links would set USERS_PORT to an address, and replace the port of the
			// dependency.
			EnableServiceLinks:            ptr.To(false),
			TerminationGracePeriodSeconds: ptr.To[int64](gracePeriodSeconds),
			ImagePullSecrets:              inputs.PullSecrets(in.Inputs),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   ptr.To(true),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			TopologySpreadConstraints: spreadConstraints(ms),
			Containers:                []corev1.Container{container(in)},
			Volumes: []corev1.Volume{
				{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			},
		},
	}
	if in.Plan != nil {
		if volume, mount := in.Plan.Projection(); volume != nil {
			template.Spec.Volumes = append(template.Spec.Volumes, *volume)
			template.Spec.Containers[0].VolumeMounts = append(template.Spec.Containers[0].VolumeMounts, *mount)
		}
	}
	if hash := database.ContentHash(in); hash != "" {
		template.Annotations = map[string]string{names.AnnotationReferences: hash}
	}
	if ms.Spec.PodTemplate == nil {
		return template, nil
	}
	template, problem := mergeOverlay(template, ms.Spec.PodTemplate.Raw)
	if problem != nil {
		return nil, problem
	}
	// The Deployment's selector must match the template, whatever the overlay says.
	if template.Labels == nil {
		template.Labels = map[string]string{}
	}
	maps.Copy(template.Labels, podLabels)
	return template, nil
}

func container(in *database.Database) corev1.Container {
	ms := in.Microservice
	c := corev1.Container{
		Name:            ms.Name,
		Image:           ms.Spec.Image,
		ImagePullPolicy: ms.Spec.ImagePullPolicy,
		Command:         ms.Spec.Command,
		Args:            ms.Spec.Args,
		Env:             environment(in),
		EnvFrom:         ms.Spec.EnvFrom,
		Ports:           containerPorts(ms),
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr.To(false),
			ReadOnlyRootFilesystem:   ptr.To(true),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		VolumeMounts: []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}},
	}
	c.ReadinessProbe, c.LivenessProbe, c.StartupProbe = probes(ms)
	if len(c.Ports) > 0 {
		c.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: drainSeconds}}}
	}
	switch {
	case ms.Spec.Resources != nil:
		c.Resources = *ms.Spec.Resources
	case in.Topology != nil && in.Topology.Spec.Defaults != nil && in.Topology.Spec.Defaults.Resources != nil:
		c.Resources = *in.Topology.Spec.Defaults.Resources
	}
	return c
}

// spreadConstraints spread the pods of a revision over zones and nodes where possible.
func spreadConstraints(ms *v1alpha1.Microservice) []corev1.TopologySpreadConstraint {
	constraint := func(key string) corev1.TopologySpreadConstraint {
		return corev1.TopologySpreadConstraint{
			MaxSkew:           1,
			TopologyKey:       key,
			WhenUnsatisfiable: corev1.ScheduleAnyway,
			LabelSelector:     &metav1.LabelSelector{MatchLabels: names.Selector(ms, v1alpha1.ComponentService)},
			MatchLabelKeys:    []string{appsv1.DefaultDeploymentUniqueLabelKey},
		}
	}
	return []corev1.TopologySpreadConstraint{constraint(corev1.LabelTopologyZone), constraint(corev1.LabelHostname)}
}
