// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/isolation"
	"github.com/atoll-dev/atoll/internal/graph"
)

type graphOptions struct {
	*plugin
	output string
	watch  bool
}

var graphOutputs = []string{"", "mermaid", "dot", "json"}

func graphCommand(p *plugin) *cobra.Command {
	o := &graphOptions{plugin: p}
	c := &cobra.Command{
		Use:   "graph [topology]",
		Short: "Draw the calls between services, and the state of each service",
		Long: `Draw the calls between services, and the state of each service.

With the name of a Topology, graph draws its members and the services that they
call. Without a name, it draws all services of the namespace.

If the Topology has the annotation atoll.dev/isolation: audit, graph also lists
the connections that isolation: Strict would block. It finds them in the command,
args and env of services and other workloads, and in Ingresses and routes that
Atoll did not create.`,
		Example: `  kubectl atoll graph shop
  kubectl atoll graph --watch
  kubectl atoll graph -o mermaid
  kubectl atoll graph -o dot | dot -Tsvg > shop.svg`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.completeTopologies,
		RunE: func(c *cobra.Command, args []string) error {
			return o.run(c.Context(), strings.Join(args, ""))
		},
	}
	p.addAllNamespaces(c)
	c.Flags().StringVarP(&o.output, "output", "o", "", "Output format: mermaid, dot or json. Unset means a tree.")
	c.Flags().BoolVarP(&o.watch, "watch", "w", false, "Draw again after each change of a service or a Topology.")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(graphOutputs[1:], cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (o *graphOptions) run(ctx context.Context, topology string) error {
	if !slices.Contains(graphOutputs, o.output) {
		return fmt.Errorf("-o %s: must be one of %s", o.output, strings.Join(graphOutputs[1:], ", "))
	}
	namespace, err := o.scope()
	if err != nil {
		return err
	}
	if topology != "" && o.allNamespaces {
		return fmt.Errorf("a Topology is in one namespace: omit -A, or the name %q", topology)
	}
	c, err := o.connect()
	if err != nil {
		return err
	}
	drawn, from, err := o.draw(ctx, c, namespace, topology)
	if err != nil {
		return err
	}
	fmt.Fprint(o.Out, drawn)
	if !o.watch {
		return nil
	}
	return o.redraw(ctx, c, drawn, func() (string, *inventory, error) { return o.draw(ctx, c, namespace, topology) }, from)
}

// draw draws the current state, and returns the inventory that it used.
func (o *graphOptions) draw(ctx context.Context, c client.Reader, namespace, topology string) (drawn string, from *inventory, err error) {
	shown := &v1alpha1.Topology{}
	members := func(ms *v1alpha1.Microservice) bool { return namespace == "" || ms.Namespace == namespace }
	if topology != "" {
		if err := c.Get(ctx, types.NamespacedName{Namespace: namespace, Name: topology}, shown); err != nil {
			if apierrors.IsNotFound(err) {
				return "", nil, fmt.Errorf("no Topology %q in namespace %q (omit the name to draw all services of the namespace)", topology, namespace)
			}
			return "", nil, explainError(fmt.Sprintf("reading Topology %q", topology), err)
		}
		members = func(ms *v1alpha1.Microservice) bool {
			return from.memberOf(ms) == namespace+"/"+topology
		}
	}
	from, err = readInventory(ctx, c, namespace)
	if err != nil {
		return "", nil, err
	}
	g := graph.Build(namespace, from.all, from.memberOf, members)
	audited := isolation.Audited(shown)
	if audited {
		if g.Blocked, g.Unread, err = auditIsolation(ctx, c, shown, from); err != nil {
			return "", nil, err
		}
	}
	switch o.output {
	case "mermaid":
		return graph.Mermaid(g), from, nil
	case "dot":
		return graph.DOT(g), from, nil
	case "json":
		text, err := json.MarshalIndent(g, "", "  ")
		return string(text) + "\n", from, err
	}
	switch {
	case len(g.Nodes) == 0 && topology != "":
		return fmt.Sprintf("Topology %s has no members: no service names it in topologyRef\n", topology), from, nil
	case len(g.Nodes) == 0:
		return noneFound("services", namespace) + "\n", from, nil
	}
	drawn = graph.Tree(g, o.terminal.treeOptions())
	if audited {
		drawn += "\n" + o.terminal.auditText(g.Blocked, g.Unread)
	}
	return drawn, from, nil
}

// settlePeriod is how long changes are collected before the graph is drawn again.
const settlePeriod = 200 * time.Millisecond

// redraw draws the graph again whenever the drawing changes, until the user
// interrupts.
func (o *graphOptions) redraw(ctx context.Context, c client.WithWatch, drawn string, draw func() (string, *inventory, error), from *inventory) error {
	for {
		err := awaitChange(ctx, c, from)
		var now string
		if err == nil {
			now, from, err = draw()
		}
		switch {
		case interrupted(ctx):
			return nil
		case err != nil:
			return err
		case now == drawn:
			continue
		}
		drawn = now
		if o.terminal.width > 0 {
			o.clearScreen()
		} else {
			fmt.Fprintln(o.Out)
		}
		fmt.Fprint(o.Out, drawn)
	}
}

func interrupted(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

// awaitChange waits until a service or a Topology differs from the inventory, or until
// the API server ends a watch.
func awaitChange(ctx context.Context, c client.WithWatch, from *inventory) error {
	services, err := c.Watch(ctx, &v1alpha1.MicroserviceList{}, &client.ListOptions{
		Namespace: from.namespace, Raw: &metav1.ListOptions{ResourceVersion: from.version},
	})
	if err != nil {
		return explainError("watching Microservices", err)
	}
	defer services.Stop()
	// Without permission to watch Topologies, only changes of services are drawn.
	var topologies <-chan watch.Event
	if of := from.memberships; of.canList {
		found, err := c.Watch(ctx, &v1alpha1.TopologyList{}, &client.ListOptions{
			Namespace: of.namespace, Raw: &metav1.ListOptions{ResourceVersion: of.version},
		})
		if err != nil && !apierrors.IsForbidden(err) {
			return explainError("watching Topologies", err)
		}
		if err == nil {
			defer found.Stop()
			topologies = found.ResultChan()
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case <-services.ResultChan():
	case <-topologies:
	}
	select {
	case <-ctx.Done():
	case <-time.After(settlePeriod):
	}
	return nil
}
