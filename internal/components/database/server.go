// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/peers"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// StatefulSet runs one instance of the engine on a persistent volume. live is
// the existing StatefulSet, or nil.
func (p *Plan) StatefulSet(live *appsv1.StatefulSet, labels, selector map[string]string) *appsv1.StatefulSet {
	podLabels := maps.Clone(labels)
	maps.Copy(podLabels, selector)
	metadata := p.PodMeta(metav1.ObjectMeta{}, podLabels)

	retention := appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	if !p.Retained() {
		retention = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	}
	replicas := int32(1)
	if p.Suspended {
		replicas = 0
	}

	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: labels},
		Spec: appsv1.StatefulSetSpec{
			// With OrderedReady the controller would not replace a pod that never
			// becomes ready after its fault is fixed. There is one pod, and never
			// two of a name.
			PodManagementPolicy: appsv1.ParallelPodManagement,

			Replicas:    &replicas,
			ServiceName: p.Name,
			Selector:    &metav1.LabelSelector{MatchLabels: selector},
			Template:    corev1.PodTemplateSpec{ObjectMeta: metadata, Spec: p.Engine.PodSpec(p.server())},
			// Scaling to zero, as suspend does, never deletes data.
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
				WhenDeleted: retention,
				WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
			},
		},
	}
	set.Spec.Template.Spec.ImagePullSecrets = p.ImagePullSecrets
	template := p.claimTemplate(labels, selector)
	if live != nil && len(live.Spec.VolumeClaimTemplates) == 1 {
		keepClaimTemplate(&template, &live.Spec.VolumeClaimTemplates[0])
	}
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{template}
	return set
}

func (p *Plan) server() *engine.Server {
	return &engine.Server{
		Engine: p.Engine, Image: p.Image, Resources: p.Resources, Parameters: p.Parameters,
		Database: p.DatabaseName, SecretName: p.SecretName, AdminSecretName: p.AdminSecretName,
		PlatformUser: p.platformUser(),
	}
}

// keepClaimTemplate takes over the fields of an existing claim template that may
// differ: the API server allows no change. The claim itself can grow.
func keepClaimTemplate(template, live *corev1.PersistentVolumeClaim) {
	template.Labels, template.Annotations = live.Labels, live.Annotations
	template.Spec.Resources.Requests = live.Spec.Resources.Requests
	template.Spec.StorageClassName = live.Spec.StorageClassName
}

func (p *Plan) claimTemplate(labels, selector map[string]string) corev1.PersistentVolumeClaim {
	claimLabels := maps.Clone(labels)
	maps.Copy(claimLabels, selector)
	claimLabels[inputs.LabelEngine] = p.Engine.Type()
	claimLabels[inputs.LabelMajorVersion] = majorOf(p.Version)
	claim := corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: names.VolumeName, Labels: claimLabels},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: p.Size}},
		},
	}
	if p.StorageClass != "" {
		claim.Spec.StorageClassName = &p.StorageClass
	}
	// The volume is created with the base: a note afterwards could come too late.
	claim.Annotations = p.onBase(nil)
	if p.platformUser() {
		claim.Annotations = p.ofUser(claim.Annotations)
	}
	return claim
}

// onBase adds the base of the image to annotations of what holds the data.
func (p *Plan) onBase(annotations map[string]string) map[string]string {
	if p.Base == "" {
		return annotations
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[inputs.AnnotationBase] = p.Base
	return annotations
}

// Claim returns the fields that Atoll manages of the claim that the StatefulSet
// created: its size, which can grow, the annotations of the deletion policy, and
// the marks.
func (p *Plan) Claim(marks inputs.Marks, labels map[string]string) *corev1.PersistentVolumeClaim {
	annotations := p.ofUser(p.onBase(marks.On(p.keepAnnotations())))
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: names.DatabaseClaim(p.Owner), Namespace: p.Namespace, Labels: labels, Annotations: annotations},
		Spec: corev1.PersistentVolumeClaimSpec{
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: p.Size}},
		},
	}
}

// Service returns the stable address of the database.
func (p *Plan) Service(labels, selector map[string]string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: labels},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: selector,
			Ports: []corev1.ServicePort{{
				Name: engine.PortName, Port: p.Port, TargetPort: intstr.FromString(engine.PortName), Protocol: corev1.ProtocolTCP,
			}},
		},
	}
}

// serverPolicy admits the service, its migration and Atoll's Jobs to the server.
// The server itself may connect only to the pod of a restore, because some engines
// copy the data from it.
func (p *Plan) serverPolicy(labels, selector map[string]string) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: labels},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: selector},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{{
				From: []networkingv1.NetworkPolicyPeer{p.clients()}, Ports: tcp(p.Engine.Port()),
			}},
			Egress: []networkingv1.NetworkPolicyEgressRule{{
				To: []networkingv1.NetworkPolicyPeer{p.component(v1alpha1.ComponentRestore)}, Ports: tcp(p.Engine.Port()),
			}},
		},
	}
}

// permitMesh adds to the policy of a database what the proxies of the Topology's mesh need.
func permitMesh(db *Database, policy *networkingv1.NetworkPolicy) {
	if peers.PermitMesh(db.Inputs, policy) {
		policy.Spec.Egress = append(policy.Spec.Egress, peers.NameServers(db.NameServers)...)
	}
}

func existingClaim(claim *corev1.PersistentVolumeClaim) *existing {
	e := &existing{
		name:   object("PersistentVolumeClaim", claim.Name).String(),
		engine: claim.Labels[inputs.LabelEngine],
		major:  claim.Labels[inputs.LabelMajorVersion],
		ran:    claim.Annotations[inputs.AnnotationVersion],
		base:   claim.Annotations[inputs.AnnotationBase],
		user:   firstSet(v1alpha1.PodUser(claim.Annotations[inputs.AnnotationPodUser]), v1alpha1.PodUserImage),
	}
	if class := claim.Spec.StorageClassName; class != nil {
		e.class = *class
	}
	if size, known := claim.Spec.Resources.Requests[corev1.ResourceStorage]; known {
		e.size = &size
	}
	return e
}
