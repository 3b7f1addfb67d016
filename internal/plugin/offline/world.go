// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package offline builds what Atoll would apply from objects that are handed to
// it, such as those of files, with the same code as the operator. It is pure: it
// reads no files and no cluster.
package offline

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/kube"
)

// World is what exists, as far as it was handed over. What a service refers to
// and the world lacks is taken to be in the cluster.
type World struct {
	// RcloneImage is the image that copies backups to and from buckets.
	RcloneImage string
	// CloudNativePGNamespace is where CloudNativePG's operator runs.
	CloudNativePGNamespace string
	// NameServers are the addresses of the cluster's name servers; nil means those in the
	// status of each Topology.
	NameServers []string
	// MissingCRDs are the optional kinds that are not installed.
	MissingCRDs map[string]bool
	// Live says that the world holds all that the cluster does, so that what it
	// lacks does not exist, and that passwords are real.
	Live bool

	// Hidden are objects, such as Secret shop/orders-keys, that exist or not but may
	// not be read.
	Hidden map[string]bool

	// Services and Topologies are in the order in which they were handed over.
	Services   []*v1alpha1.Microservice
	Topologies []*v1alpha1.Topology

	// namespaces holds labels by name.
	namespaces   map[string]labels.Set
	gateways     map[types.NamespacedName]*gatewayv1.Gateway
	contents     map[reference]map[string][]byte
	secrets      map[types.NamespacedName]*corev1.Secret
	claims       map[types.NamespacedName]*corev1.PersistentVolumeClaim
	deployments  map[types.NamespacedName]*appsv1.Deployment
	sets         map[types.NamespacedName]*appsv1.StatefulSet
	accounts     map[types.NamespacedName]*corev1.ServiceAccount
	kubeServices map[types.NamespacedName]*corev1.Service
	autoscalers  []*autoscalingv2.HorizontalPodAutoscaler
	jobs         []*batchv1.Job
	pods         []*corev1.Pod
	routes       []kube.Object
	unstructured map[reference]*unstructured.Unstructured

	// index is nil until it is asked for, and whenever something was added.
	index *index
}

// reference names an object that pods or databases refer to.
type reference struct {
	kind string
	types.NamespacedName
}

func referenceOf(kind string, o metav1.Object) reference {
	return reference{kind, types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}}
}

// Add adds an object. An object of a kind that decides over nothing is passed
// over. A field that the kind does not have is an error.
func (w *World) Add(o *unstructured.Unstructured) error {
	w.index = nil
	key := types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}
	gvk := o.GroupVersionKind()
	switch gvk.GroupKind() {
	case schema.GroupKind{Group: v1alpha1.GroupVersion.Group, Kind: "Microservice"}:
		return w.addService(o)
	case schema.GroupKind{Group: v1alpha1.GroupVersion.Group, Kind: "Topology"}:
		return w.addTopology(o)
	case schema.GroupKind{Group: gatewayv1.GroupName, Kind: "Gateway"}:
		return add(&w.gateways, key, o)
	case schema.GroupKind{Group: gatewayv1.GroupName, Kind: "HTTPRoute"}:
		return addRoute[gatewayv1.HTTPRoute](w, o)
	case schema.GroupKind{Group: gatewayv1.GroupName, Kind: "GRPCRoute"}:
		return addRoute[gatewayv1.GRPCRoute](w, o)
	case schema.GroupKind{Kind: "Namespace"}:
		// The API server adds the one label.
		set(&w.namespaces, o.GetName(), labels.Merge(o.GetLabels(), labels.Set{corev1.LabelMetadataName: o.GetName()}))
	case schema.GroupKind{Kind: "Secret"}:
		return w.addSecret(key, o)
	case schema.GroupKind{Kind: "ConfigMap"}:
		return w.addConfigMap(key, o)
	case schema.GroupKind{Kind: "ServiceAccount"}:
		return add(&w.accounts, key, o)
	case schema.GroupKind{Kind: "Service"}:
		return add(&w.kubeServices, key, o)
	case schema.GroupKind{Kind: "Pod"}:
		pod, err := decode[corev1.Pod](o)
		if err == nil {
			w.pods = append(w.pods, pod)
		}
		return err
	case schema.GroupKind{Kind: "PersistentVolumeClaim"}:
		return add(&w.claims, key, o)
	case schema.GroupKind{Group: appsv1.GroupName, Kind: "Deployment"}:
		return add(&w.deployments, key, o)
	case schema.GroupKind{Group: appsv1.GroupName, Kind: "StatefulSet"}:
		return add(&w.sets, key, o)
	case schema.GroupKind{Group: autoscalingv2.GroupName, Kind: "HorizontalPodAutoscaler"}:
		hpa, err := decode[autoscalingv2.HorizontalPodAutoscaler](o)
		if err == nil {
			w.autoscalers = append(w.autoscalers, hpa)
		}
		return err
	case schema.GroupKind{Group: batchv1.GroupName, Kind: "Job"}:
		job, err := decode[batchv1.Job](o)
		if err == nil {
			w.jobs = append(w.jobs, job)
		}
		return err
	case database.ClusterKind.GroupKind(), database.ObjectStoreKind.GroupKind():
		if w.unstructured == nil {
			w.unstructured = map[reference]*unstructured.Unstructured{}
		}
		w.unstructured[reference{gvk.Kind, key}] = o
	}
	return nil
}

func (w *World) addService(o *unstructured.Unstructured) error {
	ms, err := decode[v1alpha1.Microservice](o)
	if err != nil {
		return err
	}
	if w.Service(ms.Namespace, ms.Name) != nil {
		return fmt.Errorf("Microservice %q of namespace %q is there twice", ms.Name, ms.Namespace) //nolint:staticcheck // A kind begins with a capital letter.
	}
	// The API server gives each object one; owner references hold it.
	if ms.UID == "" {
		ms.UID = MadeUID(ms.Name)
	}
	w.Services = append(w.Services, ms)
	return nil
}

func (w *World) addTopology(o *unstructured.Unstructured) error {
	topology, err := decode[v1alpha1.Topology](o)
	if err != nil {
		return err
	}
	if w.Topology(topology.Namespace, topology.Name) != nil {
		return fmt.Errorf("Topology %q of namespace %q is there twice", topology.Name, topology.Namespace) //nolint:staticcheck // A kind begins with a capital letter.
	}
	if topology.UID == "" {
		topology.UID = MadeUID(topology.Name)
	}
	w.Topologies = append(w.Topologies, topology)
	return nil
}

func (w *World) addSecret(key types.NamespacedName, o *unstructured.Unstructured) error {
	secret, err := decode[corev1.Secret](o)
	if err != nil {
		return err
	}
	content := make(map[string][]byte, len(secret.Data)+len(secret.StringData))
	for k, v := range secret.Data {
		content[k] = v
	}
	for k, v := range secret.StringData {
		content[k] = []byte(v)
	}
	secret.Data, secret.StringData = content, nil
	set(&w.secrets, key, secret)
	set(&w.contents, reference{"Secret", key}, content)
	return nil
}

func (w *World) addConfigMap(key types.NamespacedName, o *unstructured.Unstructured) error {
	config, err := decode[corev1.ConfigMap](o)
	if err != nil {
		return err
	}
	content := make(map[string][]byte, len(config.Data)+len(config.BinaryData))
	for k, v := range config.BinaryData {
		content[k] = v
	}
	for k, v := range config.Data {
		content[k] = []byte(v)
	}
	set(&w.contents, reference{"ConfigMap", key}, content)
	return nil
}

// MadeUID stands for the uid of an object that is in no cluster yet.
func MadeUID(name string) types.UID { return types.UID("uid-of-" + name) }

// Labelled says whether an object carries the labels that mark it as made for a
// Topology or Microservice.
func Labelled(built *Built, o kube.Object) bool {
	key := v1alpha1.LabelMicroservice
	if built.Kind == "Topology" {
		key = v1alpha1.LabelTopology
	}
	return o.GetLabels()[v1alpha1.LabelManagedBy] == v1alpha1.ManagedByAtoll && o.GetLabels()[key] == built.Name
}

// Service is the Microservice of a name, or nil.
func (w *World) Service(namespace, name string) *v1alpha1.Microservice {
	i := slices.IndexFunc(w.Services, func(ms *v1alpha1.Microservice) bool { return ms.Namespace == namespace && ms.Name == name })
	if i < 0 {
		return nil
	}
	return w.Services[i]
}

// Topology is the Topology of a name, or nil.
func (w *World) Topology(namespace, name string) *v1alpha1.Topology {
	i := slices.IndexFunc(w.Topologies, func(t *v1alpha1.Topology) bool { return t.Namespace == namespace && t.Name == name })
	if i < 0 {
		return nil
	}
	return w.Topologies[i]
}

// decode makes an object of a Go type, which knows every field.
func decode[T any](o *unstructured.Unstructured) (*T, error) {
	typed := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, typed, true); err != nil {
		return nil, fmt.Errorf("%s %q: %w", o.GetKind(), o.GetName(), err)
	}
	return typed, nil
}

// addRoute adds a route, which its service may have before others.
func addRoute[T any, P interface {
	*T
	kube.Object
}](w *World, o *unstructured.Unstructured) error {
	route, err := decode[T](o)
	if err == nil {
		w.routes = append(w.routes, P(route))
	}
	return err
}

func add[T any](objects *map[types.NamespacedName]*T, key types.NamespacedName, o *unstructured.Unstructured) error {
	typed, err := decode[T](o)
	if err == nil {
		set(objects, key, typed)
	}
	return err
}

func set[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}
