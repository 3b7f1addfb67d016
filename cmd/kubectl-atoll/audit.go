// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// auditor reads the objects that may contain undeclared calls.
type auditor struct {
	client.Reader
	topology *v1alpha1.Topology
	world    *offline.World
	// namespaces are the namespaces of the members.
	namespaces []string
	// gatewayClasses are the classes of Gateways, by namespace/name.
	gatewayClasses map[string]string
	// unread has the kinds that the user may not read.
	unread map[string]bool
}

// auditIsolation finds the connections that Strict isolation of a Topology would
// block. unread names the kinds that it skipped, because the user may not read them.
func auditIsolation(ctx context.Context, c client.Reader, topology *v1alpha1.Topology, from *inventory) (cuts []graph.BlockedConnection, unread []string, err error) {
	a := &auditor{Reader: c, topology: topology, world: &offline.World{Live: true, Hidden: map[string]bool{}},
		gatewayClasses: map[string]string{}, unread: map[string]bool{}}
	namespaces := map[string]bool{}
	a.world.Services = slices.Clone(from.all)
	for i, ms := range from.all {
		if from.memberOf(ms) != topology.Namespace+"/"+topology.Name {
			continue
		}
		namespaces[ms.Namespace] = true
		// The ConfigMaps of other services are many, and seldom name this Topology.
		if a.world.Services[i], err = a.expandConfigMaps(ctx, ms); err != nil {
			return nil, nil, err
		}
	}
	a.namespaces = slices.Sorted(maps.Keys(namespaces))
	if err := from.memberships.addToWorld(a.world, topology); err != nil {
		return nil, nil, err
	}
	observed, err := a.observe(ctx)
	if err != nil {
		return nil, nil, err
	}
	return a.world.Cuts(topology, *observed), slices.Sorted(maps.Keys(a.unread)), nil
}

// skipUnreadable records a kind that the user may not read, and ignores missing
// objects and kinds. It returns any other error.
func (a *auditor) skipUnreadable(err error, what string) error {
	if apierrors.IsForbidden(err) {
		a.unread[what] = true
		return nil
	}
	if err == nil || apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return nil
	}
	return explainError("reading "+what, err)
}

// listAll lists the objects of a kind in all namespaces. If the user may not, it lists
// the members' namespaces.
func listAll[T client.ObjectList](ctx context.Context, a *auditor, what string, empty func() T) ([]T, error) {
	all := empty()
	err := a.List(ctx, all)
	if !apierrors.IsForbidden(err) {
		return []T{all}, a.skipUnreadable(err, what)
	}
	var lists []T
	var forbidden []string
	for _, namespace := range a.namespaces {
		some := empty()
		err := a.List(ctx, some, client.InNamespace(namespace))
		if apierrors.IsForbidden(err) {
			forbidden = append(forbidden, what+" of namespace "+namespace)
		} else if err := a.skipUnreadable(err, what); err != nil {
			return nil, err
		}
		lists = append(lists, some)
	}
	if len(forbidden) == len(a.namespaces) {
		forbidden = []string{what}
	} else {
		forbidden = append(forbidden, what+" of other namespaces")
	}
	for _, unread := range forbidden {
		a.unread[unread] = true
	}
	return lists, nil
}

// expandConfigMaps returns a copy of a service whose env contains the values that its
// pods get from ConfigMaps.
func (a *auditor) expandConfigMaps(ctx context.Context, ms *v1alpha1.Microservice) (*v1alpha1.Microservice, error) {
	ms = ms.DeepCopy()
	read := func(name string) (map[string]string, error) {
		config := &corev1.ConfigMap{}
		err := a.Get(ctx, types.NamespacedName{Namespace: ms.Namespace, Name: name}, config)
		return config.Data, a.skipUnreadable(err, "ConfigMaps of namespace "+ms.Namespace)
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

// auditText lists the connections that Strict isolation would block.
func (t terminal) auditText(all []graph.BlockedConnection, unread []string) string {
	limits := "Not checked: Secrets, and addresses inside images."
	if len(unread) > 0 {
		limits += " Skipped, because you are not allowed to read them: " + strings.Join(unread, ", ") + "."
	}
	if len(all) == 0 {
		return wrap("Isolation is audited and blocks nothing yet. Strict would block no known connection. "+limits, t.textWidth(), "") + "\n"
	}
	var text strings.Builder
	text.WriteString(wrap(fmt.Sprintf("Isolation is audited and blocks nothing yet. Strict would block %s:", pluralize(len(all), "connection", "connections")), t.textWidth(), "") + "\n")
	for _, cut := range all {
		arrow, where := cut.From+" -> "+cut.To, "("+cut.Where+")"
		beside := "  "
		if utf8.RuneCountInString(arrow)+utf8.RuneCountInString(where)+4 > t.textWidth() {
			beside = "\n    "
		}
		text.WriteString(t.marked(graph.StateStalled, arrow) + beside + where + "\n")
		text.WriteString("    " + wrap("to allow it: "+cut.Remedy, t.textWidth(), "    ") + "\n")
	}
	text.WriteString(wrap(limits, t.textWidth(), "") + "\n")
	return text.String()
}
