/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package offline

import (
	"fmt"
	"slices"

	"github.com/atoll-dev/atoll/internal/inputs"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/components/routes"
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
	inputs.Inputs
	// unknown are objects that the service refers to and that the world lacks, such
	// as Secret "orders-keys".
	unknown []string
	// hashUnknown says that what the pods use is not all known.
	hashUnknown bool
}

// inputsOf gathers from the world what decides over a service's children.
func (w *World) inputsOf(ms *v1alpha1.Microservice) *gathered {
	in := &gathered{}
	in.Microservice, in.MissingCRDs = ms, w.MissingCRDs
	in.RcloneImage, in.CloudNativePGNamespace = w.RcloneImage, w.CloudNativePGNamespace
	if key, wanted := topologyKey(ms); wanted {
		in.Topology = w.Topology(key.Namespace, key.Name)
	}
	x := w.indexed()
	in.Edges, in.Callers = graph.Resolve(ms, x.graph()), x.callers[ms]
	in.WaitsInCircle = graph.WaitsInCircle(ms, x.service)
	own := types.NamespacedName{Namespace: ms.Namespace, Name: ms.Name}
	db := types.NamespacedName{Namespace: ms.Namespace, Name: names.Database(ms.Name)}
	in.Deployment, in.StatefulSet = w.deployments[own], w.sets[db]
	in.ObjectStore = w.unstructured[reference{database.ObjectStoreKind.Kind, db}]
	if spec := ms.Spec.Database; spec != nil && database.ProviderOf(spec).Clustered() {
		// One that is left of another provider's time is another database.
		in.DatabaseState.Cluster = w.unstructured[reference{database.ClusterKind.Kind, db}]
	}
	in.DatabaseState.Claim = w.claims[types.NamespacedName{Namespace: ms.Namespace, Name: names.DatabaseClaim(ms.Name)}]
	for _, job := range w.jobs {
		if job.Namespace == ms.Namespace && job.Labels[v1alpha1.LabelMicroservice] == ms.Name {
			in.Jobs = append(in.Jobs, job)
		}
	}
	for _, pod := range w.pods {
		if pod.Namespace == ms.Namespace && pod.Labels[v1alpha1.LabelMicroservice] == ms.Name {
			in.Pods = append(in.Pods, *pod)
		}
	}
	if account := w.accounts[own]; account != nil {
		in.OwnServiceAccount = metav1.IsControlledBy(account, ms)
	}
	w.addGateways(in)
	w.addRivals(in)
	w.addReferences(in)
	w.addCredentials(in)
	return in
}

// topologyKey is the Topology that a service wants to be a member of.
func topologyKey(ms *v1alpha1.Microservice) (key types.NamespacedName, wanted bool) {
	ref := ms.Spec.TopologyRef
	if ref == nil {
		return key, false
	}
	key = types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
	if key.Namespace == "" {
		key.Namespace = ms.Namespace
	}
	return key, true
}

// MemberOf is the Topology that a service is a member of, as namespace/name. One
// that the world lacks is taken to let it join, where it may exist.
func (w *World) MemberOf(ms *v1alpha1.Microservice) string {
	if key, wanted := topologyKey(ms); wanted && key.Namespace != ms.Namespace {
		topology := w.Topology(key.Namespace, key.Name)
		switch {
		case topology == nil && w.Live && !w.Hidden["Topology "+key.String()], topology != nil && w.refuses(topology, ms.Namespace):
			return ""
		}
	}
	return graph.TopologyOf(ms)
}

// refuses says whether a Topology lets no members of a namespace join. A namespace
// whose labels are not known is let in.
func (w *World) refuses(topology *v1alpha1.Topology, namespace string) bool {
	of, known := w.namespaces[namespace]
	if allowed := topology.Spec.AllowedNamespaces; !known && allowed != nil && allowed.From == v1alpha1.NamespacesFromSelector && !byName(allowed.Selector) {
		return false
	}
	of = labels.Merge(of, labels.Set{corev1.LabelMetadataName: namespace})
	allowed, err := graph.Allows(topology, namespace, func(string) (map[string]string, error) { return of, nil })
	return err != nil || !allowed
}

// addRivals finds the services that claim what the routes claim.
func (w *World) addRivals(in *gathered) {
	if len(in.Microservice.Spec.Routes) == 0 {
		return
	}
	own := w.contender(in.Microservice)
	var others []routes.Contender
	for _, other := range w.Services {
		if other != in.Microservice && len(other.Spec.Routes) > 0 {
			others = append(others, w.contender(other))
		}
	}
	in.Rivals = routes.RivalsOf(&own, others)
}

func (w *World) contender(ms *v1alpha1.Microservice) routes.Contender {
	c := routes.Contender{Microservice: ms}
	if key, wanted := topologyKey(ms); wanted && w.MemberOf(ms) != "" {
		c.Topology = w.Topology(key.Namespace, key.Name)
	}
	c.Routes = w.indexed().routes[types.NamespacedName{Namespace: ms.Namespace, Name: ms.Name}]
	c.Admits = func(gateway, section string, hostname v1alpha1.Hostname) bool {
		return w.admits(ms, c.Topology, gateway, section, hostname)
	}
	return c
}

// addReferences looks for the ConfigMaps and Secrets that the pods use. The hash
// over them is the operator's.
func (w *World) addReferences(in *gathered) {
	namespace := in.Microservice.Namespace
	refs := inputs.ReferencesOf(in.Microservice)
	hashes := map[string]string{}
	for i := range refs {
		ref := &refs[i]
		name := ref.Kind + "/" + ref.Name
		content, known := w.contents[reference{ref.Kind, types.NamespacedName{Namespace: namespace, Name: ref.Name}}]
		if !known && w.Live && !w.Hidden[ref.Kind+" "+namespace+"/"+ref.Name] {
			in.References.Missing = append(in.References.Missing, ref.NotFound(namespace))
			continue
		}
		if !known {
			if unknown := fmt.Sprintf("%s %q (%s)", ref.Kind, ref.Name, ref.Field); !slices.Contains(in.unknown, unknown) {
				in.unknown = append(in.unknown, unknown)
			}
			in.hashUnknown = true
			continue
		}
		for _, key := range ref.Keys {
			if _, ok := content[key]; !ok {
				in.References.Missing = append(in.References.Missing, ref.NoKey(key))
			}
		}
		hashes[name] = inputs.HashContent(content)
	}
	if len(refs) > 0 {
		in.References.Hash = inputs.HashReferences(hashes)
	}
}

// addCredentials gives a database the Secrets that it has or will have.
func (w *World) addCredentials(in *gathered) {
	ms, state := in.Microservice, &in.DatabaseState
	spec := ms.Spec.Database
	if spec == nil || !database.ProviderOf(spec).Managed() {
		return
	}
	users := inputs.UsersOf(ms, state.Cluster)
	state.Binding = w.credentials(in, names.Database(ms.Name), users.First)
	if database.ProviderOf(spec).RunsServer() {
		state.Admin = w.credentials(in, names.AdminSecret(ms.Name), users.Admin)
	}
	next := types.NamespacedName{Namespace: ms.Namespace, Name: names.NextSecret(ms.Name)}
	if secret := w.secrets[next]; w.Live && secret != nil {
		state.Next = inputs.CredentialsOf(secret)
	}
}

// credentials are those of a Secret, or the ones that Atoll would make.
func (w *World) credentials(in *gathered, name, user string) *inputs.Credentials {
	ms := in.Microservice
	secret := w.secrets[types.NamespacedName{Namespace: ms.Namespace, Name: name}]
	if secret == nil {
		in.hashUnknown = true
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
	if !w.Live && found.Password != "" {
		found.Password = Password
		in.hashUnknown = true
	}
	return found
}
