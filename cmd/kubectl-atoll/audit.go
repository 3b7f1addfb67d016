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

package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

// auditor reads what calls that nobody declared may stand in.
type auditor struct {
	client.Reader
	// unread is what may not be read.
	unread map[string]bool
}

// cuts finds the connections that Strict isolation of a Topology would cut, and
// says what may not be read and so was passed over.
func cuts(ctx context.Context, c client.Reader, topology *v1alpha1.Topology, from *seen) (cuts []graph.Cut, unread []string, err error) {
	a := &auditor{c, map[string]bool{}}
	namespaces := map[string]bool{}
	for _, ms := range from.all {
		if from.memberOf(ms) == topology.Namespace+"/"+topology.Name {
			namespaces[ms.Namespace] = true
		}
	}
	all := slices.Clone(from.all)
	for i, ms := range all {
		// Others' ConfigMaps are many, and seldom tell of this Topology.
		if !namespaces[ms.Namespace] {
			continue
		}
		if all[i], err = a.withConfigMaps(ctx, ms); err != nil {
			return nil, nil, err
		}
	}
	var entries []graph.Entry
	for _, namespace := range slices.Sorted(maps.Keys(namespaces)) {
		found, err := a.entriesIn(ctx, namespace)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, found...)
	}
	return graph.Cuts(topology, all, from.memberOf, entries), slices.Sorted(maps.Keys(a.unread)), nil
}

// passOver notes what may not be read. Any other error is the caller's.
func (a *auditor) passOver(err error, what, namespace string) error {
	what += " of namespace " + namespace
	if apierrors.IsForbidden(err) {
		a.unread[what] = true
		return nil
	}
	if err == nil || apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return nil
	}
	return readable("reading "+what, err)
}

// withConfigMaps is a service whose env has the values that its pods take from
// ConfigMaps.
func (a *auditor) withConfigMaps(ctx context.Context, ms *v1alpha1.Microservice) (*v1alpha1.Microservice, error) {
	ms = ms.DeepCopy()
	read := func(name string) (map[string]string, error) {
		config := &corev1.ConfigMap{}
		err := a.Get(ctx, types.NamespacedName{Namespace: ms.Namespace, Name: name}, config)
		return config.Data, a.passOver(err, "ConfigMaps", ms.Namespace)
	}
	for i := range ms.Spec.Env {
		variable := &ms.Spec.Env[i]
		if variable.ValueFrom == nil || variable.ValueFrom.ConfigMapKeyRef == nil {
			continue
		}
		data, err := read(variable.ValueFrom.ConfigMapKeyRef.Name)
		if err != nil {
			return nil, err
		}
		variable.Value = data[variable.ValueFrom.ConfigMapKeyRef.Key]
	}
	for _, source := range ms.Spec.EnvFrom {
		if source.ConfigMapRef == nil {
			continue
		}
		data, err := read(source.ConfigMapRef.Name)
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(data)) {
			ms.Spec.Env = append(ms.Spec.Env, corev1.EnvVar{Name: source.Prefix + name, Value: data[name]})
		}
	}
	return ms, nil
}

// entriesIn finds the Ingresses and routes of a namespace that somebody else made.
func (a *auditor) entriesIn(ctx context.Context, namespace string) ([]graph.Entry, error) {
	var entries []graph.Entry
	ingresses, httpRoutes, grpcRoutes := &networkingv1.IngressList{}, &gatewayv1.HTTPRouteList{}, &gatewayv1.GRPCRouteList{}
	for _, kind := range []struct {
		name string
		list client.ObjectList
	}{{"Ingresses", ingresses}, {"HTTPRoutes", httpRoutes}, {"GRPCRoutes", grpcRoutes}} {
		if err := a.passOver(a.List(ctx, kind.list, client.InNamespace(namespace)), kind.name, namespace); err != nil {
			return nil, err
		}
	}
	for i := range ingresses.Items {
		for _, backend := range backendsOf(&ingresses.Items[i]) {
			entries = append(entries, graph.Entry{Kind: "Ingress", Namespace: namespace, Name: ingresses.Items[i].Name, Backend: backend})
		}
	}
	add := func(kind string, route client.Object, backend gatewayv1.BackendRef) {
		if route.GetLabels()[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByAtoll && (backend.Namespace == nil || string(*backend.Namespace) == namespace) {
			entries = append(entries, graph.Entry{Kind: kind, Namespace: namespace, Name: route.GetName(), Backend: string(backend.Name)})
		}
	}
	for i := range httpRoutes.Items {
		for _, rule := range httpRoutes.Items[i].Spec.Rules {
			for _, backend := range rule.BackendRefs {
				add("HTTPRoute", &httpRoutes.Items[i], backend.BackendRef)
			}
		}
	}
	for i := range grpcRoutes.Items {
		for _, rule := range grpcRoutes.Items[i].Spec.Rules {
			for _, backend := range rule.BackendRefs {
				add("GRPCRoute", &grpcRoutes.Items[i], backend.BackendRef)
			}
		}
	}
	slices.SortFunc(entries, func(a, b graph.Entry) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Backend, b.Backend))
	})
	return slices.Compact(entries), nil
}

func backendsOf(ingress *networkingv1.Ingress) []string {
	var backends []string
	add := func(backend *networkingv1.IngressBackend) {
		if backend != nil && backend.Service != nil && !slices.Contains(backends, backend.Service.Name) {
			backends = append(backends, backend.Service.Name)
		}
	}
	add(ingress.Spec.DefaultBackend)
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for i := range rule.HTTP.Paths {
			add(&rule.HTTP.Paths[i].Backend)
		}
	}
	return backends
}

// cuts lists what Strict would cut.
func (t terminal) cuts(all []graph.Cut, unread []string) string {
	limits := "Secrets, and what is built into images, can't be looked at."
	if len(unread) > 0 {
		limits += " Not looked at, because you may not read them: " + strings.Join(unread, ", ") + "."
	}
	if len(all) == 0 {
		return wrap("Isolation is audited, and cuts nothing yet. Strict would cut nothing that is known of. "+limits, t.textWidth(), "") + "\n"
	}
	var text strings.Builder
	text.WriteString(wrap(fmt.Sprintf("Isolation is audited, and cuts nothing yet. Strict would cut %s:", subject(len(all), "connection", "connections")), t.textWidth(), "") + "\n")
	for _, cut := range all {
		text.WriteString(t.marked(graph.StateStalled, cut.From+" -> "+cut.To) + "  (" + cut.Where + ")\n")
		text.WriteString("    " + wrap("to let it through: "+cut.Do, t.textWidth(), "    ") + "\n")
	}
	text.WriteString(wrap(limits, t.textWidth(), "") + "\n")
	return text.String()
}
