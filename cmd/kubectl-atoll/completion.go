// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// completeServices completes the name of a Microservice.
func (p *plugin) completeServices(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return p.completeNames(c.Context(), &v1alpha1.MicroserviceList{})
}

// completeTopologies completes the name of a Topology.
func (p *plugin) completeTopologies(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return p.completeNames(c.Context(), &v1alpha1.TopologyList{})
}

func (p *plugin) completeNamespaces(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	all := *p
	all.allNamespaces = true
	return all.completeNames(c.Context(), &corev1.NamespaceList{})
}

func (p *plugin) completeNames(ctx context.Context, list client.ObjectList) ([]string, cobra.ShellCompDirective) {
	namespace, err := p.scope()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	c, err := p.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	if err := c.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	objects, err := meta.ExtractList(list)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := make([]string, 0, len(objects))
	for _, o := range objects {
		if accessor, err := meta.Accessor(o); err == nil {
			names = append(names, accessor.GetName())
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
