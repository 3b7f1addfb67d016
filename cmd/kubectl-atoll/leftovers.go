// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

type leftoversOptions struct {
	*plugin
	output string
}

func leftoversCommand(p *plugin) *cobra.Command {
	o := &leftoversOptions{plugin: p}
	c := &cobra.Command{
		Use:   "leftovers",
		Short: "Show what deleted services left behind",
		Long: `Show what deleted services left behind: with deletionPolicy: Retain, the volume of a
database and its Secrets stay, and so do a Cluster of CloudNativePG and its
ObjectStores. leftovers shows of which service they are, what a new service of that
name does with them, and how to delete them. It deletes nothing.`,
		Example: `  kubectl atoll leftovers -n shop
  kubectl atoll leftovers -A -o json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	p.addAllNamespaces(c)
	addOutputFlag(c, &o.output)
	return c
}

func (o *leftoversOptions) run(ctx context.Context) error {
	if err := validateOutput(o.output); err != nil {
		return err
	}
	namespace, err := o.scope()
	if err != nil {
		return err
	}
	c, err := o.connect()
	if err != nil {
		return err
	}
	s := &leftoverSearch{client: c, namespace: namespace, services: map[types.NamespacedName]*v1alpha1.Microservice{}, unread: map[string]bool{}}
	found, err := s.find(ctx)
	if err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(s.unread)) {
		fmt.Fprintf(o.ErrOut, "note: you are not allowed to list objects of kind %s; they are not shown\n", kind)
	}
	if o.output == "json" {
		return writeJSON(o.Out, found)
	}
	if len(found) == 0 {
		fmt.Fprintln(o.Out, noneFound("leftovers", namespace))
		return nil
	}
	fmt.Fprint(o.Out, o.text(found))
	return nil
}

// What was deleted of a service.
const (
	removedMicroservice = "Microservice"
	removedDatabase     = "database"
)

// leftovers is what one service left behind.
type leftovers struct {
	Microservice string `json:"microservice"`
	Namespace    string `json:"namespace"`
	// Removed is what was deleted: the Microservice, or its field database.
	Removed string           `json:"removed"`
	Objects []leftoverObject `json:"objects"`
	// Adoption says what a new Microservice of the name does with the objects.
	Adoption string `json:"adoption"`
	// Delete is the command that deletes the objects.
	Delete string `json:"delete"`
}

// leftoverSearch reads the objects that stay when their Microservice is deleted.
type leftoverSearch struct {
	client client.Reader
	// namespace is the only namespace to look in. Empty means all.
	namespace string
	services  map[types.NamespacedName]*v1alpha1.Microservice
	// unread has the kinds that the user may not list.
	unread map[string]bool
}

// find returns the leftovers by namespace and name of their Microservice.
func (s *leftoverSearch) find(ctx context.Context) ([]leftovers, error) {
	list := &v1alpha1.MicroserviceList{}
	if err := s.client.List(ctx, list, client.InNamespace(s.namespace)); err != nil {
		return nil, explainError("listing Microservices", err)
	}
	for i := range list.Items {
		s.services[client.ObjectKeyFromObject(&list.Items[i])] = &list.Items[i]
	}
	byOwner := map[types.NamespacedName]*leftovers{}
	for i := range components.Table {
		row := &components.Table[i]
		if row.Orphan == nil {
			continue
		}
		objects, err := s.list(ctx, row)
		if err != nil {
			return nil, err
		}
		for _, object := range objects {
			of := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetLabels()[v1alpha1.LabelMicroservice]}
			removed := s.removed(of)
			if removed == "" || !row.Owns(object) || len(object.GetOwnerReferences()) > 0 || object.GetDeletionTimestamp() != nil {
				continue
			}
			if byOwner[of] == nil {
				byOwner[of] = &leftovers{Microservice: of.Name, Namespace: of.Namespace, Removed: removed}
			}
			byOwner[of].Objects = append(byOwner[of].Objects, newLeftoverObject(row.Kind, object))
		}
	}
	found := make([]leftovers, 0, len(byOwner))
	for _, of := range byOwner {
		of.explain(!s.unread["Secret"])
		found = append(found, *of)
	}
	slices.SortFunc(found, func(a, b leftovers) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Microservice, b.Microservice))
	})
	return found, nil
}

// removed returns what was deleted of a service: the Microservice, or its database; empty if
// neither was.
func (s *leftoverSearch) removed(of types.NamespacedName) string {
	switch ms := s.services[of]; {
	case ms == nil:
		return removedMicroservice
	case ms.Spec.Database == nil || !database.ProviderOf(ms.Spec.Database).Managed():
		return removedDatabase
	}
	return ""
}

// list returns the objects of a row of the table that Atoll created. It reads no content of
// Secrets.
func (s *leftoverSearch) list(ctx context.Context, row *components.Component) ([]kube.Object, error) {
	list, err := listOf(row)
	if err != nil {
		return nil, err
	}
	err = s.client.List(ctx, list, client.InNamespace(s.namespace), madeByAtoll, client.MatchingLabels{v1alpha1.LabelComponent: row.Label})
	switch {
	case row.CRD != nil && (meta.IsNoMatchError(err) || apierrors.IsNotFound(err)):
		return nil, nil
	case apierrors.IsForbidden(err):
		s.unread[row.Kind] = true
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("listing %s: %w", row.Kind, err)
	}
	var objects []kube.Object
	err = meta.EachListItem(list, func(o runtime.Object) error {
		objects = append(objects, o.(kube.Object))
		return nil
	})
	return objects, err
}

func listOf(row *components.Component) (client.ObjectList, error) {
	if row.Kind == "Secret" {
		gvk, err := apiutil.GVKForObject(row.Prototype, offline.Scheme)
		if err != nil {
			return nil, err
		}
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
		return list, nil
	}
	list, err := offline.NewList(row.Prototype)
	if err != nil {
		return nil, err
	}
	return list.(client.ObjectList), nil
}
