// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputstest

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// source reads inputs from the documents of a case.
type source struct {
	world         *World
	circumstances Circumstances
}

var _ inputs.Source = &source{}

func (s *source) Settings() inputs.Settings {
	settings := inputs.Settings{RcloneImage: "rclone:1", MissingCRDs: map[string]bool{}}
	for _, crd := range s.circumstances.MissingCRDs {
		settings.MissingCRDs[crd] = true
	}
	return settings
}

func (s *source) Topology(key types.NamespacedName) (*v1alpha1.Topology, error) {
	for _, topology := range s.world.Topologies {
		if topology.Namespace == key.Namespace && topology.Name == key.Name {
			return topology, nil
		}
	}
	return nil, nil
}

func (s *source) NamespaceLabels(string) (map[string]string, error) { return nil, graph.ErrUnknown }

func (s *source) Microservice(key types.NamespacedName) (*v1alpha1.Microservice, error) {
	return s.world.Service(key.Namespace, key.Name), nil
}

func (s *source) Callers(of *v1alpha1.Microservice) ([]*v1alpha1.Microservice, error) {
	var callers []*v1alpha1.Microservice
	for _, ms := range s.world.Services {
		if slices.Contains(graph.CalleesOf(ms), types.NamespacedName{Namespace: of.Namespace, Name: of.Name}) {
			callers = append(callers, ms)
		}
	}
	return callers, nil
}

func (s *source) Objects(ms *v1alpha1.Microservice, kind string) ([]kube.Object, error) {
	var objects []kube.Object
	named := func(exists bool, o kube.Object, name string) {
		// Cases leave out the names of objects that have but one.
		if exists && (o.GetName() == name || o.GetName() == "") {
			o.SetName(name)
			objects = append(objects, o)
		}
	}
	switch kind {
	case "Deployment":
		named(s.world.deployment != nil, s.world.deployment, ms.Name)
	case "StatefulSet":
		named(s.world.set != nil, s.world.set, names.Database(ms.Name))
	case "PersistentVolumeClaim":
		named(s.world.claim != nil, s.world.claim, names.DatabaseClaim(ms.Name))
	case "Cluster":
		named(s.world.cluster != nil, s.world.cluster, names.Database(ms.Name))
	case "Job":
		for _, job := range s.world.jobs {
			objects = append(objects, job)
		}
	case "Pod":
		for i := range s.world.pods {
			pod := &s.world.pods[i]
			for _, job := range s.world.jobs {
				if pod.Labels[batchv1.JobNameLabel] == job.Name && metav1.GetControllerOfNoCopy(job) != nil {
					OfJob(pod, job.Name)
				}
			}
			objects = append(objects, &s.world.pods[i])
		}
	}
	return objects, nil
}

// OfJob makes a pod one of a Job, as the Job controller does, unless another object controls
// it. Jobs of cases have no UID.
func OfJob(pod *corev1.Pod, job string) {
	pod.Labels[batchv1.JobNameLabel] = job
	if metav1.GetControllerOfNoCopy(pod) == nil {
		pod.OwnerReferences = append(pod.OwnerReferences, metav1.OwnerReference{APIVersion: "batch/v1", Kind: "Job", Name: job, Controller: ptr.To(true)})
	}
}

func (s *source) Gateway(types.NamespacedName) (*gatewayv1.Gateway, error) { return nil, nil }

func (s *source) GatewayClass(string) (*gatewayv1.GatewayClass, error) { return nil, nil }

func (s *source) Admits(*v1alpha1.Microservice, *v1alpha1.Topology, types.NamespacedName, string) (bool, error) {
	return true, nil
}

func (s *source) TakenHosts(*inputs.Inputs) ([]inputs.TakenHost, []string, error) {
	return nil, nil, nil
}

func (s *source) RouteConflicts(*inputs.Inputs) ([]inputs.RouteConflict, error) { return nil, nil }

func (s *source) Autoscalers(*v1alpha1.Microservice) ([]string, error) {
	return s.circumstances.Autoscalers, nil
}

func (s *source) Content(_ string, ref *inputs.Reference) (*inputs.Content, error) {
	missing := func(name string) bool {
		return slices.Contains(s.circumstances.References.Missing, name)
	}
	object := ref.Kind + "/" + ref.Name
	if missing(object) {
		return nil, nil
	}
	content := &inputs.Content{Keys: map[string]struct{}{}}
	for _, key := range ref.Keys {
		if !missing(object + "/" + key) {
			content.Keys[key] = struct{}{}
		}
	}
	return content, nil
}

func (s *source) Credentials(in *inputs.Inputs) error {
	addCredentials(in, s.circumstances)
	return nil
}
