// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/names"
)

const (
	// Password stands for a password, which only the cluster holds.
	Password = "generated-by-atoll"
	// UnknownHash stands for a hash over content that is not known.
	UnknownHash = "known-in-the-cluster"
)

// gathered is what the operator would gather for a service.
type gathered struct {
	*inputs.Inputs
	// unknown are objects that the service refers to and that the world lacks, such
	// as Secret "orders-keys".
	unknown []string
	// hashUnknown means that not all that the pods use is known.
	hashUnknown bool
}

// inputsOf assembles from the world what decides a service's children. Lookups in a
// world return no other error than graph.ErrUnknown, which is no error to Assemble.
func (w *World) inputsOf(ms *v1alpha1.Microservice) *gathered {
	from := &source{World: w}
	in, _ := inputs.Assemble(ms, from)
	return &gathered{Inputs: in, unknown: from.unknown, hashUnknown: from.hashUnknown}
}

// source reads the inputs of one service from a world.
type source struct {
	*World
	unknown     []string
	hashUnknown bool
}

// Settings implements inputs.Source.
func (s *source) Settings() inputs.Settings {
	return inputs.Settings{RcloneImage: s.RcloneImage, CloudNativePGNamespace: s.CloudNativePGNamespace, NameServers: s.NameServers, MissingCRDs: s.MissingCRDs}
}

// Topology implements inputs.Source.
func (s *source) Topology(key types.NamespacedName) (*v1alpha1.Topology, error) {
	return registry{s.World}.Topology(key)
}

// NamespaceLabels implements inputs.Source.
func (s *source) NamespaceLabels(name string) (map[string]string, error) {
	return registry{s.World}.NamespaceLabels(name)
}

// Microservice implements inputs.Source.
func (s *source) Microservice(key types.NamespacedName) (*v1alpha1.Microservice, error) {
	return s.indexed().service(key.Namespace, key.Name), nil
}

// Callers implements inputs.Source.
func (s *source) Callers(of *v1alpha1.Microservice) ([]*v1alpha1.Microservice, error) {
	return s.indexed().callers[types.NamespacedName{Namespace: of.Namespace, Name: of.Name}], nil
}

// Objects implements inputs.Source.
func (s *source) Objects(ms *v1alpha1.Microservice, kind string) ([]kube.Object, error) {
	own := types.NamespacedName{Namespace: ms.Namespace, Name: ms.Name}
	db := types.NamespacedName{Namespace: ms.Namespace, Name: names.Database(ms.Name)}
	switch kind {
	case "ServiceAccount":
		return existing(s.accounts[own]), nil
	case "Service":
		return existing(s.kubeServices[own]), nil
	case "Deployment":
		return existing(s.deployments[own]), nil
	case "StatefulSet":
		return existing(s.sets[db]), nil
	case "PersistentVolumeClaim":
		return existing(s.claims[types.NamespacedName{Namespace: ms.Namespace, Name: names.DatabaseClaim(ms.Name)}]), nil
	case "Job":
		return madeFor(ms, s.jobs), nil
	case "Pod":
		return madeFor(ms, s.pods), nil
	}
	return existing(s.unstructured[reference{kind, db}]), nil
}

// existing returns a list of an object, or an empty one for nil.
func existing[T any, P interface {
	*T
	kube.Object
}](o P) []kube.Object {
	if o == nil {
		return nil
	}
	return []kube.Object{o}
}

// madeFor returns the objects that carry the labels of a service's children.
func madeFor[T kube.Object](ms *v1alpha1.Microservice, objects []T) []kube.Object {
	var found []kube.Object
	for _, o := range objects {
		if o.GetNamespace() == ms.Namespace && o.GetLabels()[v1alpha1.LabelMicroservice] == ms.Name {
			found = append(found, o)
		}
	}
	return found
}

// Gateway implements inputs.Source.
func (s *source) Gateway(key types.NamespacedName) (*gatewayv1.Gateway, error) {
	return s.gateways[key], nil
}

// GatewayClass implements inputs.Source. Files seldom hold classes.
func (s *source) GatewayClass(string) (*gatewayv1.GatewayClass, error) { return nil, nil }

// Admits implements inputs.Source.
func (s *source) Admits(ms *v1alpha1.Microservice, topology *v1alpha1.Topology, gateway types.NamespacedName, section string) (bool, error) {
	return s.admits(ms, topology, gateway.String(), section), nil
}

// Autoscalers implements inputs.Source.
func (s *source) Autoscalers(ms *v1alpha1.Microservice) ([]string, error) {
	var names []string
	for _, hpa := range s.autoscalers {
		if hpa.Namespace == ms.Namespace && inputs.ScaledDeployment(hpa) == ms.Name && !metav1.IsControlledBy(hpa, ms) {
			names = append(names, hpa.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Content implements inputs.Source.
func (s *source) Content(namespace string, ref *inputs.Reference) (*inputs.Content, error) {
	content, known := s.contents[reference{ref.Kind, types.NamespacedName{Namespace: namespace, Name: ref.Name}}]
	switch {
	case known:
		return inputs.ContentOf(content), nil
	case s.Live && !s.Hidden[ref.Kind+" "+namespace+"/"+ref.Name]:
		return nil, nil
	}
	if unknown := fmt.Sprintf("%s %q (%s)", ref.Kind, ref.Name, ref.Field); !slices.Contains(s.unknown, unknown) {
		s.unknown = append(s.unknown, unknown)
	}
	s.hashUnknown = true
	return nil, graph.ErrUnknown
}

// Credentials implements inputs.Source. It gives a database the Secrets that it has or
// will have.
func (s *source) Credentials(in *inputs.Inputs) error {
	ms, state := in.Microservice, &in.DatabaseState
	users := inputs.UsersOf(ms, state.Cluster)
	state.Binding = s.credentials(in, names.Database(ms.Name), users.First)
	if database.ProviderOf(ms.Spec.Database).RunsServer() {
		state.Admin = s.credentials(in, names.AdminSecret(ms.Name), users.Admin)
	}
	next := types.NamespacedName{Namespace: ms.Namespace, Name: names.NextSecret(ms.Name)}
	if secret := s.secrets[next]; s.Live && secret != nil {
		state.Next = inputs.CredentialsOf(secret)
	}
	return nil
}

// registry looks up in a world what decides membership.
type registry struct{ world *World }

// Topology implements graph.Registry. One that was not handed over may exist.
func (r registry) Topology(key types.NamespacedName) (*v1alpha1.Topology, error) {
	topology := r.world.Topology(key.Namespace, key.Name)
	if topology == nil && (!r.world.Live || r.world.Hidden["Topology "+key.String()]) {
		return nil, graph.ErrUnknown
	}
	return topology, nil
}

// NamespaceLabels implements graph.Registry.
func (r registry) NamespaceLabels(name string) (map[string]string, error) {
	known, found := r.world.namespaces[name]
	of := labels.Merge(known, labels.Set{corev1.LabelMetadataName: name})
	if !found {
		return of, graph.ErrUnknown
	}
	return of, nil
}

// MemberOf returns the Topology that a service is a member of, as namespace/name. One
// that the world lacks counts as one that lets it join, where it may exist.
func (w *World) MemberOf(ms *v1alpha1.Microservice) string {
	// Lookups in a world return no other error than that something is unknown.
	topology, _ := graph.MemberOf(ms, registry{w})
	return topology
}

// credentials are those of a Secret, or the ones that Atoll would make.
func (s *source) credentials(in *inputs.Inputs, name, user string) *inputs.Credentials {
	ms := in.Microservice
	secret := s.secrets[types.NamespacedName{Namespace: ms.Namespace, Name: name}]
	if secret == nil {
		s.hashUnknown = true
		return &inputs.Credentials{
			Username: user, Password: Password, UID: types.UID("uid-of-" + name),
			Rotation: ms.Annotations[v1alpha1.AnnotationRotateCredentials],
		}
	}
	if in.DatabaseState.Claim == nil && (secret.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByAtoll || secret.Labels[v1alpha1.LabelMicroservice] != ms.Name) {
		in.DatabaseState.ForeignSecret = name
		return nil
	}
	found := inputs.CredentialsOf(secret)
	if found.Username == "" {
		found.Username = user
	}
	if !s.Live && found.Password != "" {
		found.Password = Password
		s.hashUnknown = true
	}
	return found
}
