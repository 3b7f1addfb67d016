// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// cacheSource reads the inputs of one reconcile from the caches, and past them where
// they may lack something. It records the version of all that it reads.
type cacheSource struct {
	ctx      context.Context
	settings inputs.Settings
	// cache holds what Atoll made and its own kinds, foreign what may be anybody's;
	// uncached reads past both.
	cache, foreign, uncached recordingReader
	contents                 *contentReader
	// routesAt finds the live routes of all Microservices.
	routesAt                 routesAt
	taken                    *takenHosts
	gateways, gatewayClasses bool
	seen                     *fingerprint

	// live are the objects that were made for the Microservice, by kind.
	live map[string][]kube.Object
	// adopted are the Secrets and the claim that are taken over although they lost
	// Atoll's labels: they belong to a volume of this Microservice.
	adopted map[objectKey]bool
}

// newSource returns a source for a Microservice, whose live objects it reads.
func (r *MicroserviceReconciler) newSource(ctx context.Context, ms *v1alpha1.Microservice) (*cacheSource, error) {
	seen := newFingerprint()
	seen.own(ms)
	s := &cacheSource{
		ctx: ctx, seen: seen, contents: r.Contents, routesAt: r.routesAt, taken: &r.taken,
		settings:       inputs.Settings{RcloneImage: r.RcloneImage, CloudNativePGNamespace: r.CloudNativePGNamespace, NameServers: r.NameServers, PublicPorts: r.PublicPorts, MissingCRDs: map[string]bool{}},
		cache:          recordingReader{r.Client, seen},
		foreign:        recordingReader{r.Foreign, seen},
		uncached:       recordingReader{r.Live, seen},
		gateways:       r.Optional.Installed(gatewayKind.crd),
		gatewayClasses: r.Optional.Installed(gatewayClassKind.crd),
		live:           make(map[string][]kube.Object, len(components.Table)),
		adopted:        map[objectKey]bool{},
	}
	return s, s.readObjects(r, ms)
}

// readObjects reads all objects that were made for a Microservice, and their pods.
func (s *cacheSource) readObjects(r *MicroserviceReconciler, ms *v1alpha1.Microservice) error {
	owner := newOwnerKey(client.ObjectKeyFromObject(ms))
	read := func(kind string, prototype kube.Object) error {
		objects, err := r.Children.objectsOf(s.ctx, kind, prototype.(client.Object), owner)
		if err != nil {
			return fmt.Errorf("listing %s: %w", kind, err)
		}
		s.live[kind] = objects
		for _, o := range objects {
			s.seen.object(o)
		}
		return nil
	}
	for _, c := range components.Kinds() {
		if c.CRD != nil && !r.Optional.Installed(c.CRD.Name) {
			s.settings.MissingCRDs[c.CRD.Name] = true
			s.seen.text("no", c.CRD.Name)
			continue
		}
		if err := read(c.Kind, c.Prototype); err != nil {
			return err
		}
	}
	return read("Pod", &corev1.Pod{})
}

// find returns the live object of a kind and name, or nil.
func (s *cacheSource) find(key objectKey) client.Object {
	for _, o := range s.live[key.kind] {
		if o.GetName() == key.name {
			return o
		}
	}
	return nil
}

// Settings implements inputs.Source.
func (s *cacheSource) Settings() inputs.Settings { return s.settings }

// Topology implements inputs.Source.
func (s *cacheSource) Topology(key types.NamespacedName) (*v1alpha1.Topology, error) {
	return get(s.ctx, s.cache, key, &v1alpha1.Topology{}, "Topology")
}

// NamespaceLabels implements inputs.Source. A namespace that does not exist has no
// labels.
func (s *cacheSource) NamespaceLabels(name string) (map[string]string, error) {
	return namespaceLabels(s.ctx, s.foreign)(name)
}

// Microservice implements inputs.Source.
func (s *cacheSource) Microservice(key types.NamespacedName) (*v1alpha1.Microservice, error) {
	return get(s.ctx, s.cache, key, &v1alpha1.Microservice{}, "Microservice")
}

// Callers implements inputs.Source.
func (s *cacheSource) Callers(of *v1alpha1.Microservice) ([]*v1alpha1.Microservice, error) {
	list := &v1alpha1.MicroserviceList{}
	if err := s.cache.List(s.ctx, list, client.MatchingFields{indexDependency: client.ObjectKeyFromObject(of).String()}); err != nil {
		return nil, fmt.Errorf("listing callers: %w", err)
	}
	callers := make([]*v1alpha1.Microservice, len(list.Items))
	for i := range list.Items {
		callers[i] = &list.Items[i]
	}
	slices.SortFunc(callers, func(a, b *v1alpha1.Microservice) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return callers, nil
}

// Objects implements inputs.Source.
func (s *cacheSource) Objects(_ *v1alpha1.Microservice, kind string) ([]kube.Object, error) {
	return s.live[kind], nil
}

// Gateway implements inputs.Source.
func (s *cacheSource) Gateway(key types.NamespacedName) (*gatewayv1.Gateway, error) {
	if !s.gateways {
		return nil, nil
	}
	return get(s.ctx, s.foreign, key, &gatewayv1.Gateway{}, "Gateway")
}

// GatewayClass implements inputs.Source.
func (s *cacheSource) GatewayClass(name string) (*gatewayv1.GatewayClass, error) {
	if !s.gatewayClasses {
		return nil, nil
	}
	return get(s.ctx, s.foreign, types.NamespacedName{Name: name}, &gatewayv1.GatewayClass{}, "GatewayClass")
}

// Admits implements inputs.Source. The Gateway of the Microservice's own Topology
// admits it, or is about to.
func (s *cacheSource) Admits(ms *v1alpha1.Microservice, topology *v1alpha1.Topology, key types.NamespacedName, section string) (bool, error) {
	gateway, err := s.Gateway(key)
	if err != nil || gateway == nil || topology != nil && metav1.IsControlledBy(gateway, topology) {
		return err == nil, err
	}
	return routes.GatewayAdmits(gateway, section, ms.Namespace, s.NamespaceLabels)
}

// Content implements inputs.Source.
func (s *cacheSource) Content(namespace string, ref *inputs.Reference) (*inputs.Content, error) {
	content, err := s.contents.content(s.ctx, ref.Kind, namespace, ref.Name)
	switch {
	case apierrors.IsNotFound(err):
		s.seen.text("no " + ref.Kind + " " + ref.Name)
		return nil, nil
	case err != nil:
		return nil, err
	}
	s.seen.text(content.Hash)
	return content, nil
}

// get reads an object; nil where it does not exist.
func get[T client.Object](ctx context.Context, reader client.Reader, key types.NamespacedName, o T, kind string) (T, error) {
	var none T
	err := reader.Get(ctx, key, o)
	switch {
	case apierrors.IsNotFound(err):
		return none, nil
	case err != nil:
		return none, fmt.Errorf("reading %s %q: %w", kind, key, err)
	}
	return o, nil
}
