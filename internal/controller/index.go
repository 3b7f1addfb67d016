// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	"github.com/atoll-dev/atoll/internal/names"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// Indexes of the cache.
const (
	// indexMicroservice finds objects by the Microservice that they belong to, as
	// namespace/name.
	indexMicroservice = "atoll.microservice"
	// indexDependency finds Microservices by the services that they call, as
	// namespace/name.
	indexDependency = "atoll.dependency"
	// indexTopology finds Microservices by their Topology, as namespace/name.
	indexTopology = "atoll.topology"
	// indexReference finds Microservices, and Topologies by their defaults, by the
	// ConfigMaps and Secrets that they use, as Kind/name.
	indexReference = "atoll.reference"
	// indexClaim finds live routes by the keys of their claims, and by the Gateways of these.
	indexClaim = "atoll.claim"
	// indexGateway finds Microservices by the Gateways that their routes name
	// themselves, and Topologies by theirs, as namespace/name.
	indexGateway = "atoll.gateway"
	// indexDeployment finds autoscalers by the name of the Deployment that they scale.
	indexDeployment = "atoll.deployment"
)

func byDependency(o client.Object) []string {
	ms := o.(*v1alpha1.Microservice)
	callees := graph.CalleesOf(ms)
	names := make([]string, len(callees))
	for i := range callees {
		names[i] = callees[i].String()
	}
	return names
}

func byTopology(o client.Object) []string {
	if topology := graph.TopologyOf(o.(*v1alpha1.Microservice)); topology != "" {
		return []string{topology}
	}
	return nil
}

func byReference(o client.Object) []string {
	ms := o.(*v1alpha1.Microservice)
	var found []string
	for _, ref := range inputs.ReferencesOf(ms) {
		found = append(found, ref.Kind+"/"+ref.Name)
	}
	if ms.Spec.Database != nil {
		// A Secret without Atoll's labels is seen too: a user restored it, or it is
		// foreign.
		for _, name := range []string{names.Database(ms.Name), names.AdminSecret(ms.Name), names.NextSecret(ms.Name)} {
			found = append(found, "Secret/"+name)
		}
	}
	return found
}

// byDefaultReference finds Topologies by the ConfigMaps and Secrets that their defaults
// name, as Kind/name.
func byDefaultReference(o client.Object) []string {
	var found []string
	for _, ref := range inputs.DefaultReferences(o.(*v1alpha1.Topology)) {
		found = append(found, ref.Kind+"/"+ref.Name)
	}
	return found
}

func byGateway(o client.Object) []string {
	var names []string
	switch owner := o.(type) {
	case *v1alpha1.Microservice:
		for i := range owner.Spec.Routes {
			for j := range owner.Spec.Routes[i].ParentRefs {
				names = append(names, routes.RefKey(&owner.Spec.Routes[i].ParentRefs[j], owner.Namespace))
			}
		}
	case *v1alpha1.Topology:
		if gateway := routes.TopologyGateway(owner); gateway != "" {
			names = append(names, gateway)
		}
	}
	return names
}

// indexes adds the indexes of Atoll's own kinds. childStores adds those of the
// children.
func indexes(ctx context.Context, indexer client.FieldIndexer) error {
	for _, index := range []struct {
		object client.Object
		field  string
		keys   client.IndexerFunc
	}{
		{&v1alpha1.Microservice{}, indexDependency, byDependency},
		{&v1alpha1.Microservice{}, indexTopology, byTopology},
		{&v1alpha1.Microservice{}, indexReference, byReference},
		{&v1alpha1.Microservice{}, indexGateway, byGateway},
		{&v1alpha1.Topology{}, indexGateway, byGateway},
		{&v1alpha1.Topology{}, indexReference, byDefaultReference},
	} {
		if err := indexer.IndexField(ctx, index.object, index.field, index.keys); err != nil {
			return err
		}
	}
	return nil
}
