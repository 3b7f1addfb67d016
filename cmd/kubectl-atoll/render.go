// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

type renderOptions struct {
	*plugin
	files
	manager managerFlags
	settled bool
}

func renderCommand(p *plugin) *cobra.Command {
	o := &renderOptions{plugin: p}
	c := &cobra.Command{
		Use:   "render -f FILE",
		Short: "Print the objects that Atoll would apply, without a cluster",
		Long: `Print the objects that Atoll would apply, without a cluster. render uses the code
of the operator.

Topologies, Secrets, ConfigMaps and Gateways in the files count as existing.
render assumes that all other referenced objects exist, and notes each. It prints
placeholders for passwords and for hashes of content that is not in the files.`,
		Example: `  kubectl atoll render -f topology.yaml -f orders.yaml
  kubectl atoll render -k config/samples
  kustomize build overlays/prod | kubectl atoll render -f - --settled=false`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	o.addFlags(c)
	o.manager.addFlags(c)
	c.Flags().BoolVar(&o.settled, "settled", true, "Print the objects after databases are ready, restored and migrated. With false, print the objects that Atoll applies first.")
	return c
}

func (o *renderOptions) run(ctx context.Context) error {
	sources, err := o.readSources(o.plugin)
	if err != nil {
		return err
	}
	if err := validateSources(ctx, o.plugin, sources); err != nil {
		return err
	}
	world := &offline.World{}
	o.manager.setIn(world)
	for _, source := range sources {
		if err := world.Add(source.Object); err != nil {
			return fmt.Errorf("%s: %w", source.Name, err)
		}
	}
	built, err := world.Build(o.settled)
	if err != nil {
		return err
	}
	failed := false
	for i, b := range built {
		text, err := offline.YAML(b.Objects)
		if err != nil {
			return err
		}
		if i > 0 && text != "" {
			fmt.Fprintln(o.data(), "---")
		}
		fmt.Fprint(o.data(), text)
		if origin := b.Origin(); origin != "" {
			fmt.Fprintf(o.ErrOut, "note: %s %q: %s\n", b.Kind, b.Name, origin)
		}
		for _, unresolved := range b.Unresolved {
			fmt.Fprintf(o.ErrOut, "note: %s %q: %s; its port is assumed\n", b.Kind, b.Name, unresolved)
		}
		for _, unknown := range b.Unknown {
			fmt.Fprintf(o.ErrOut, "note: %s %q: %s is not in the files and is assumed to exist\n", b.Kind, b.Name, unknown)
		}
		for _, problem := range b.Problems {
			word := "waits"
			if problem.Stalled || o.settled {
				word, failed = "error", true
			}
			fmt.Fprintf(o.ErrOut, "%s: %s %q: %s\n", word, b.Kind, b.Name, problem)
		}
	}
	if failed {
		return errFindings
	}
	return nil
}
