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
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// Deployments builds the Deployment. While something holds the desired pod template back,
// or there is none, the Deployment keeps its live one; its replicas follow the spec all
// the same. Pods that would run without their NetworkPolicy are not added.
func Deployments(in *database.Database) ([]kube.Object, error) {
	template, problem := desiredTemplate(in)
	if problem != nil {
		held, _ := HeldDeployments(in)
		return held, problem
	}
	if failure := in.PolicyFailure(v1alpha1.ComponentService); failure != nil {
		held, _ := HeldDeployments(in)
		return held, failure
	}
	awaited := gate(in)
	switch {
	case awaited == nil && in.AwaitsTurn && in.Deployment != nil:
		return nil, &condition.Problem{Reason: v1alpha1.ReasonProgressing, Message: condition.Say("The change waits for other services of the Topology that it rolls out too")}
	case awaited == nil:
		d := deploymentOf(in.Inputs, template)
		d.Annotations = database.MigrationMark(in)
		markStopped(d)
		return kube.One(d)
	case in.Deployment == nil:
		return nil, awaited
	}
	return HeldDeployments(in)
}

// HeldDeployments builds the Deployment with its live pod template; nothing if there is no
// Deployment. The live pods keep running with the content that they have.
func HeldDeployments(in *database.Database) ([]kube.Object, error) {
	if in.Deployment == nil {
		return nil, nil
	}
	d := deploymentOf(in.Inputs, in.Deployment.Spec.Template.DeepCopy())
	if in.Plan != nil && database.AwaitingRestore(in) != nil && usesDatabase(&d.Spec.Template.Spec, in.Plan.SecretName) {
		// The volume is new. Data that the pods write to it would prevent the restore.
		d.Spec.Replicas = ptr.To[int32](0)
	}
	if in.Unisolated(v1alpha1.ComponentService, d.Spec.Template.Labels) {
		addNoPods(d, in.Deployment)
	}
	if in.MembershipProblem() != nil && !in.Suspended() && in.Microservice.Spec.Scaling == nil && ptr.Deref(in.Deployment.Spec.Replicas, 1) > 0 {
		// The Topology's default for scaling is not known.
		d.Spec.Replicas = nil
	}
	if mark := in.Deployment.Annotations[names.AnnotationMigrated]; mark != "" {
		d.Annotations = map[string]string{names.AnnotationMigrated: mark}
	}
	markStopped(d)
	return kube.One(d)
}

// KeptDeployments builds the Deployment that is applied while what its pods need can't be: it
// changes no pod and adds none. Fewer replicas and suspension reach it.
func KeptDeployments(in *database.Database) ([]kube.Object, error) {
	kept, err := HeldDeployments(in)
	for _, o := range kept {
		if d, ok := o.(*appsv1.Deployment); ok {
			addNoPods(d, in.Deployment)
		}
	}
	return kept, err
}

// addNoPods keeps a Deployment from having more pods than the live one.
func addNoPods(d, live *appsv1.Deployment) {
	if d.Spec.Replicas != nil {
		d.Spec.Replicas = ptr.To(min(*d.Spec.Replicas, ptr.Deref(live.Spec.Replicas, 1)))
	}
}

// desiredTemplate returns the pod template of the spec, or says why there is none.
func desiredTemplate(in *database.Database) (*corev1.PodTemplateSpec, *condition.Problem) {
	if problem := database.Unusable(in); problem != nil {
		return nil, problem
	}
	if len(in.References.Missing) > 0 {
		return nil, &condition.Problem{Reason: v1alpha1.ReasonReferenceNotFound, Message: in.References.Message()}
	}
	return podTemplate(in)
}

// usesDatabase reports whether pods log in to the database.
func usesDatabase(pod *corev1.PodSpec, secret string) bool {
	return slices.ContainsFunc(pod.Containers, func(c corev1.Container) bool {
		return slices.ContainsFunc(c.Env, func(v corev1.EnvVar) bool {
			return v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil && v.ValueFrom.SecretKeyRef.Name == secret
		})
	})
}

// gate reports what a pod of the desired template waits for before it may start: on a first
// rollout its dependencies and its database, and always the credentials, the restore, the
// extensions and the migration of the database.
func gate(in *database.Database) *condition.Problem {
	for _, awaiting := range []func(*database.Database) *condition.Problem{
		awaitingDependencies, awaitingDatabase,
		database.AwaitingCredentials, database.AwaitingRestore, database.AwaitingExtensions, database.AwaitingMigration,
	} {
		if problem := awaiting(in); problem != nil {
			return problem
		}
	}
	return nil
}

// Gated reports whether something holds a built pod template back.
func Gated(in *database.Database) bool { return gate(in) != nil }

func deploymentOf(in *inputs.Inputs, template *corev1.PodTemplateSpec) *appsv1.Deployment {
	ms := in.Microservice
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: ms.Name, Namespace: ms.Namespace, Labels: names.Labels(ms, v1alpha1.ComponentService)},
		Spec: appsv1.DeploymentSpec{
			Replicas:                replicas(in),
			RevisionHistoryLimit:    ptr.To[int32](3),
			Selector:                &metav1.LabelSelector{MatchLabels: names.Selector(ms, v1alpha1.ComponentService)},
			Strategy:                strategy(ms),
			ProgressDeadlineSeconds: progressDeadline(ms, template),
			Template:                *template,
		},
	}
}

// annotationStopped is an annotation of a Deployment whose zero replicas are Atoll's.
const annotationStopped = "atoll.dev/stopped"

// replicas returns nil if an autoscaler decides. A HorizontalPodAutoscaler does not scale a
// Deployment that has zero replicas or does not exist yet. Such a Deployment begins at the
// minimum, unless a foreign autoscaler such as KEDA set it to zero.
func replicas(in *inputs.Inputs) *int32 {
	if d := in.Deployment; in.ScaledByOthers() && d != nil {
		chosen := len(in.ForeignAutoscalers) > 0 && d.Annotations[annotationStopped] == ""
		if ptr.Deref(d.Spec.Replicas, 1) > 0 || chosen {
			return nil
		}
	}
	return ptr.To(in.MinReplicas())
}

// markStopped notes that Atoll stops the pods of a Deployment.
func markStopped(d *appsv1.Deployment) {
	if ptr.Deref(d.Spec.Replicas, 1) == 0 {
		metav1.SetMetaDataAnnotation(&d.ObjectMeta, annotationStopped, "true")
	}
}

// podTemplate builds the pod template, and merges the user's overlay into it.
func podTemplate(in *database.Database) (*corev1.PodTemplateSpec, *condition.Problem) {
	ms := in.Microservice
	service, problem := container(in)
	if problem != nil {
		return nil, problem
	}
	podLabels := names.Labels(ms, v1alpha1.ComponentService)
	template := &corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: podLabels},
		Spec: corev1.PodSpec{
			ServiceAccountName:           inputs.ServiceAccountName(in.Inputs),
			AutomountServiceAccountToken: ptr.To(false),
			// Service links would set USERS_PORT to an address, and replace the port of the
			// dependency.
			EnableServiceLinks:            ptr.To(false),
			TerminationGracePeriodSeconds: ptr.To(gracePeriod(in.Inputs)),
			ImagePullSecrets:              ms.Spec.ImagePullSecrets,
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   ptr.To(true),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			TopologySpreadConstraints: spreadConstraints(ms),
			Containers:                []corev1.Container{service},
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
	for _, overlay := range overlays(in.Inputs) {
		if template, problem = mergeOverlay(template, overlay); problem != nil {
			return nil, problem
		}
	}
	// The Deployment's selector must match the template, whatever the overlay says.
	if template.Labels == nil {
		template.Labels = map[string]string{}
	}
	maps.Copy(template.Labels, podLabels)
	return template, nil
}

func container(in *database.Database) (corev1.Container, *condition.Problem) {
	ms := in.Microservice
	env, problem := environment(in)
	c := corev1.Container{
		Name:            ms.Name,
		Image:           ms.Spec.Image,
		ImagePullPolicy: ms.Spec.ImagePullPolicy,
		Command:         ms.Spec.Command,
		Args:            ms.Spec.Args,
		Env:             env,
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
		c.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: drainSeconds(ms)}}}
	}
	if ms.Spec.Resources != nil {
		c.Resources = *ms.Spec.Resources
	}
	return c, problem
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
