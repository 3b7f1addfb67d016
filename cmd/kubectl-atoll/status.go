// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

type statusOptions struct {
	*plugin
	output     string
	prometheus string
	// traffic is what Prometheus knows of the services; nil without --prometheus.
	traffic map[serviceKey]*traffic
}

func statusCommand(p *plugin) *cobra.Command {
	o := &statusOptions{plugin: p}
	c := &cobra.Command{
		Use:   "status [microservice]",
		Short: "Show the status of one service, or a table of all services",
		Long: `Show the status of one service: its pods and the progress of their rollout, its
routes and whether their Gateways accept them, its database, its callees and
callers, and all conditions. Without a name, show a table of all services.

With --prometheus, also show the requests to services that have an slo: their
number, how many fail, how long they take, and how much of the error budget is
left. Name a URL, or a Service that the API server can reach.`,
		Example: `  kubectl atoll status
  kubectl atoll status orders -n shop
  kubectl atoll status orders -o json
  kubectl atoll status -A
  kubectl atoll status --prometheus monitoring/prometheus:9090`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.completeServices,
		RunE:              func(c *cobra.Command, args []string) error { return o.run(c.Context(), strings.Join(args, "")) },
	}
	p.addAllNamespaces(c)
	addOutputFlag(c, &o.output)
	c.Flags().StringVar(&o.prometheus, "prometheus", "", "The Prometheus to read from: a URL, or a Service as namespace/name:port. Unset means $"+prometheusVariable+", or none.")
	return c
}

func (o *statusOptions) run(ctx context.Context, name string) error {
	if err := validateOutput(o.output); err != nil {
		return err
	}
	namespace, err := o.scope()
	if err != nil {
		return err
	}
	if name != "" && o.allNamespaces {
		return fmt.Errorf("a service is in one namespace: omit -A, or the name %q", name)
	}
	c, err := o.connect()
	if err != nil {
		return err
	}
	from, err := readInventory(ctx, c, namespace)
	if err != nil {
		return err
	}
	g := graph.Build(namespace, from.all, from.memberOf, nil)
	if target := cmp.Or(o.prometheus, os.Getenv(prometheusVariable)); target != "" {
		if err := o.readTraffic(ctx, target, namespace); err != nil {
			// The status is worth more without the numbers than not at all.
			fmt.Fprintln(o.ErrOut, "warning:", err)
		}
	}
	if name == "" {
		some := from.inNamespace(namespace)
		if o.output == "json" {
			return writeJSON(o.Out, o.newServiceStatuses(some, g))
		}
		if len(some) == 0 {
			fmt.Fprintln(o.Out, noneFound("services", namespace))
			return nil
		}
		fmt.Fprint(o.Out, o.tableText(some, g))
		return nil
	}
	ms, err := from.find(namespace, name)
	if err != nil {
		return err
	}
	n := g.Node(ms.Name)
	whole, err := readDetailedStatus(ctx, c, ms, n, from)
	if err != nil {
		return err
	}
	whole.Traffic = o.traffic[serviceKey{ms.Namespace, ms.Name}]
	if o.output == "json" {
		return writeJSON(o.Out, whole)
	}
	fmt.Fprint(o.Out, o.detailText(ms, n, whole))
	return nil
}

// readTraffic reads the requests of the services in a namespace from Prometheus.
func (o *statusOptions) readTraffic(ctx context.Context, target, namespace string) error {
	client, err := o.prometheusClient(target)
	if err != nil {
		return err
	}
	o.traffic, err = readTraffic(ctx, client, namespace, o.now())
	return err
}

// newServiceStatuses returns the status of each service, in the order of the table.
func (o *statusOptions) newServiceStatuses(some []*v1alpha1.Microservice, g *graph.Graph) []serviceStatus {
	all := []serviceStatus{}
	for _, n := range g.Nodes {
		if ms := findService(some, n); ms != nil {
			status := newServiceStatus(ms, n)
			status.Traffic = o.traffic[serviceKey{ms.Namespace, ms.Name}]
			all = append(all, status)
		}
	}
	return all
}

// findService returns the service of a node, or nil if it is not in some.
func findService(some []*v1alpha1.Microservice, n *graph.Node) *v1alpha1.Microservice {
	i := slices.IndexFunc(some, func(ms *v1alpha1.Microservice) bool { return ms.Name == n.Name && ms.Namespace == n.Namespace })
	if i < 0 {
		return nil
	}
	return some[i]
}

// tableText returns a table with a row for each service.
func (o *statusOptions) tableText(some []*v1alpha1.Microservice, g *graph.Graph) string {
	t := &table{}
	head := []cell{{text: "NAME"}, {text: "STATUS"}, {text: "PODS"}, {text: "DATABASE"}, {text: "CALLS"}, {text: "URL"}}
	if o.traffic != nil {
		head = slices.Concat(head[:len(head)-1], []cell{{text: "REQ/S"}, {text: "FAILED"}, {text: "P99"}, {text: "BUDGET"}}, head[len(head)-1:])
	}
	if o.allNamespaces {
		head = append([]cell{{text: "NAMESPACE"}}, head...)
	}
	t.add(head...)
	for _, n := range g.Nodes {
		ms := findService(some, n)
		if ms == nil {
			continue
		}
		database := cell{text: "-"}
		if n.Database != nil {
			database = cell{n.Database.Health, n.Database.String()}
		}
		calls := cell{text: "-"}
		if len(n.Calls) > 0 {
			calls = readyCallsCell(n)
		}
		url := "-"
		if len(n.URLs) > 0 {
			url = n.URLs[0]
		}
		row := []cell{{text: n.Name}, {n.Health, graph.Mark(n.Health) + " " + statusWord(n)}, {text: orDash(ms.Status.Ready)}, database, calls}
		if o.traffic != nil {
			of := o.traffic[serviceKey{ms.Namespace, ms.Name}]
			row = append(row, cell{text: of.rate()}, cell{text: of.failed()}, cell{text: of.latency()}, of.budgetCell())
		}
		row = append(row, cell{text: url})
		if o.allNamespaces {
			row = append([]cell{{text: n.Namespace}}, row...)
		}
		t.add(row...)
	}
	return t.text(o.terminal)
}

// readyCallsCell counts the callees of a service that are ready.
func readyCallsCell(n *graph.Node) cell {
	ready, worst := 0, graph.StateReady
	for _, call := range n.Calls {
		if call.Resolved && call.Callee.Health.IsReady() {
			ready++
			continue
		}
		worst = graph.StateReconciling
		if !call.Resolved {
			worst = graph.StateStalled
		}
	}
	return cell{worst, fmt.Sprintf("%d/%d", ready, len(n.Calls))}
}

// statusWord returns the reason why a service is not ready, or its state.
func statusWord(n *graph.Node) string {
	if n.Reason != "" {
		return n.Reason
	}
	return string(n.Health)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
