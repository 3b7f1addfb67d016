// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

type diffOptions struct {
	*plugin
	files
	manager managerFlags
}

func diffCommand(p *plugin) *cobra.Command {
	o := &diffOptions{plugin: p}
	c := &cobra.Command{
		Use:   "diff -f FILE",
		Short: "Show how the objects that Atoll manages would change",
		Long: `Show how the objects that Atoll manages would change if you applied these files:
fields with another value, objects to create and objects to delete. diff changes
nothing. It hides the data of Secrets. It skips objects that you are not allowed
to read, and prints a note about each kind and namespace.

Exit codes: 0 no differences; 1 differences, or errors in the files; 2 the
command failed.`,
		Example: `  kubectl atoll diff -f orders.yaml`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	o.addFlags(c)
	o.manager.addFlags(c)
	return c
}

func (o *diffOptions) run(ctx context.Context) error {
	sources, err := o.readSources(o.plugin)
	if err != nil {
		return err
	}
	if err := validateSources(ctx, o.plugin, sources); err != nil {
		return err
	}
	c, err := o.connect()
	if err != nil {
		return err
	}
	live, err := readClusterState(ctx, c, sources)
	if err != nil {
		return err
	}
	for _, note := range live.notes {
		fmt.Fprintf(o.ErrOut, "note: %s\n", note)
	}
	o.manager.setIn(live.world)
	differs := false
	for _, topology := range live.topologies {
		different, err := o.writeDifferences(live, topology.UID == offline.MadeUID(topology.Name), live.world.BuildTopology(topology))
		if err != nil {
			return err
		}
		differs = differs || different
	}
	for _, ms := range live.services {
		built, err := live.world.BuildService(ms, true)
		if err != nil {
			return err
		}
		different, err := o.writeDifferences(live, ms.UID == offline.MadeUID(ms.Name), built)
		if err != nil {
			return err
		}
		differs = differs || different
	}
	if differs {
		return errFindings
	}
	return nil
}

// writeDifferences writes the differences of the children of one Topology or
// Microservice.
func (o *diffOptions) writeDifferences(live *clusterState, isNew bool, built *offline.Built) (differs bool, err error) {
	for _, problem := range built.Problems {
		fmt.Fprintf(o.ErrOut, "note: %s %q: %s\n", built.Kind, built.Name, problem)
	}
	if origin := built.Origin(); origin != "" {
		fmt.Fprintf(o.ErrOut, "note: %s %q: %s\n", built.Kind, built.Name, origin)
	}
	for _, unresolved := range built.Unresolved {
		fmt.Fprintf(o.ErrOut, "note: %s %q: %s\n", built.Kind, built.Name, unresolved)
	}
	for _, unknown := range built.Unknown {
		fmt.Fprintf(o.ErrOut, "note: %s %q: you are not allowed to read %s; it is assumed to exist\n", built.Kind, built.Name, unknown)
	}
	for _, wanted := range built.Objects {
		kind, err := offline.KindOf(wanted)
		if err != nil {
			return false, err
		}
		current := live.liveObject(kind, wanted)
		switch {
		case current != nil && built.Once[kind+"/"+wanted.GetName()], live.world.Hidden[objectID(kind, wanted)],
			current == nil && live.unread[kindInNamespace{kind, wanted.GetNamespace()}]:
			continue
		case current != nil && (isNew || !isOwned(built, current)) && kind != "Secret":
			fmt.Fprintf(o.ErrOut, "note: %s %q exists and does not belong to this Microservice or Topology; Atoll would not change it\n", kind, wanted.GetName())
			continue
		}
		text, err := offline.Diff(offline.DiffName(kind, wanted), current, wanted)
		if err != nil {
			return false, err
		}
		differs = differs || text != ""
		o.writeDiff(text)
	}
	for _, orphan := range live.orphans(built) {
		text, err := offline.Diff(offline.DiffName(orphan.kind, orphan.object), orphan.object, nil)
		if err != nil {
			return false, err
		}
		differs = true
		o.writeDiff(text)
	}
	return differs, nil
}

// isOwned reports whether the operator would treat a live object as a child of the
// owner.
func isOwned(built *offline.Built, o kube.Object) bool {
	if c := metav1.GetControllerOfNoCopy(o); c != nil && c.Kind != "StatefulSet" {
		return c.Kind == built.Kind && c.Name == built.Name
	}
	return offline.Labelled(built, o)
}

// writeDiff writes a diff, in colour on a terminal.
func (o *diffOptions) writeDiff(text string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
			line = o.terminal.bold(line)
		case strings.HasPrefix(line, "+"):
			line = o.terminal.paint(graph.StateReady, line)
		case strings.HasPrefix(line, "-"):
			line = o.terminal.paint(graph.StateStalled, line)
		}
		fmt.Fprintln(o.Out, line)
	}
}
