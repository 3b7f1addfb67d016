// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/plugin/diagnosis"
)

type whyOptions struct {
	*plugin
	output string
}

func whyCommand(p *plugin) *cobra.Command {
	o := &whyOptions{plugin: p}
	c := &cobra.Command{
		Use:   "why <microservice>",
		Short: "Find the cause of a service's fault, and the fix",
		Long: `Find the cause of a service's fault, and the fix.

why starts at the condition that is not True and follows it to the cause: the
object that fails, its events, the exit code of its container and the end of its
log. If a dependency has failed, it continues there. The exit code is 0 if it finds
no fault, and 1 if it finds one.`,
		Example: `  kubectl atoll why orders -n shop
  kubectl atoll why orders -o json`,
		Args:              requireServiceName,
		ValidArgsFunction: p.completeServices,
		RunE:              func(c *cobra.Command, args []string) error { return o.run(c.Context(), args[0]) },
	}
	addOutputFlag(c, &o.output)
	return c
}

func (o *whyOptions) run(ctx context.Context, service string) error {
	if err := validateOutput(o.output); err != nil {
		return err
	}
	namespace, err := o.namespace()
	if err != nil {
		return err
	}
	c, err := o.connect()
	if err != nil {
		return err
	}
	from, err := readInventory(ctx, c, namespace)
	if err != nil {
		return err
	}
	g := &gatherer{client: c, logs: o.logs, now: o.now, inventory: from}
	report, err := diagnosis.Walk(types.NamespacedName{Namespace: namespace, Name: service}, func(at types.NamespacedName) (*diagnosis.Evidence, error) {
		return g.readEvidence(ctx, at)
	})
	if err != nil {
		return err
	}
	if o.output == "json" {
		if err := writeJSON(o.Out, report); err != nil {
			return err
		}
	} else {
		fmt.Fprint(o.Out, o.text(report))
	}
	if report.Faulty() {
		return errFindings
	}
	return nil
}

// text returns the report as text.
func (o *whyOptions) text(r *diagnosis.Report) string {
	var s strings.Builder
	width := o.terminal.textWidth()
	word := string(r.State)
	if r.Reason != "" {
		word = r.Reason
	}
	fmt.Fprintf(&s, "%s  %s", o.terminal.bold(r.Service), o.terminal.marked(r.State, word))
	if r.Root == nil {
		s.WriteString(o.noFaultText(r))
		o.writeUnread(&s, r)
		return s.String()
	}
	cause, remedy := "Cause", "Fix"
	switch {
	case r.State == graph.StateReady && r.Faulty():
		s.WriteString(", but there are problems")
	case r.State == graph.StateReady:
		// What becomes True by itself is no reason for alarm.
		s.WriteString(", no fault found")
		cause, remedy = "State", "Next"
	}
	s.WriteByte('\n')
	if r.Services > 1 {
		fmt.Fprintf(&s, "%s\n", wrap(strings.Join(r.Path, " -> "), width, "  "))
	}
	s.WriteByte('\n')
	o.writeSteps(&s, r.Root.Steps)
	s.WriteByte('\n')
	o.writeLabelled(&s, cause, r.Root.Cause+" ["+r.Root.Fault+"]")
	o.writeLabelled(&s, remedy, r.Root.Remedy)
	for _, excerpt := range r.Root.Proof {
		fmt.Fprintf(&s, "\n%s\n", wrap(excerpt.Title+":", width, ""))
		for _, line := range excerpt.Lines {
			s.WriteString(foldLogLine(line, width))
		}
	}
	if len(r.Also) > 0 {
		fmt.Fprintf(&s, "\n%s\n", o.terminal.bold("Also"))
		for _, f := range r.Also {
			state := graph.StateStalled
			if f.Beside || f.Fault == diagnosis.InProgress {
				state = graph.StateReconciling
			}
			fmt.Fprintf(&s, "%s %s\n", o.terminal.paint(state, graph.Mark(state)), wrap(f.Cause+" ["+f.Fault+"]", width, "  "))
			fmt.Fprintf(&s, "  %s\n", wrap(f.Remedy, width, "  "))
		}
	}
	o.writeUnread(&s, r)
	return s.String()
}

// maxLogRows is the number of rows for one line of a log. Such lines can be very long,
// and their beginning is the most useful part.
const maxLogRows = 2

// foldLogLine breaks a line of a log at the width of the terminal.
func foldLogLine(line string, width int) string {
	var rows strings.Builder
	indent := "  "
	rest := []rune(line)
	for row := 1; ; row++ {
		room := width - len(indent)
		if len(rest) <= room {
			rows.WriteString(strings.TrimRight(indent+string(rest), " ") + "\n")
			return rows.String()
		}
		if row == maxLogRows {
			rows.WriteString(indent + string(rest[:room-1]) + "…\n")
			return rows.String()
		}
		rows.WriteString(indent + string(rest[:room]) + "\n")
		rest, indent = rest[room:], "    "
	}
}

func (o *whyOptions) noFaultText(r *diagnosis.Report) string {
	if len(r.Unread) > 0 {
		return ", no fault found in the objects that could be read\n"
	}
	return ", no fault found\n"
}

// writeSteps draws the steps from the condition to the cause, one below the other.
func (o *whyOptions) writeSteps(s *strings.Builder, steps []diagnosis.Step) {
	for i, step := range steps {
		indent := ""
		if i > 0 {
			indent = strings.Repeat("   ", min(i-1, 8)) + "└─ "
		}
		hang := strings.Repeat(" ", len([]rune(indent))+2)
		fmt.Fprintf(s, "%s%s\n", indent, wrap(step.Object+": "+step.Says, o.terminal.textWidth(), hang))
	}
}

func (o *whyOptions) writeLabelled(s *strings.Builder, label, text string) {
	const width = 7
	fmt.Fprintf(s, "%s%s%s\n", o.terminal.bold(label), strings.Repeat(" ", width-len(label)), wrap(text, o.terminal.textWidth(), strings.Repeat(" ", width)))
}

func (o *whyOptions) writeUnread(s *strings.Builder, r *diagnosis.Report) {
	if len(r.Unread) > 0 {
		fmt.Fprintf(s, "\n%s\n", wrap("Skipped, because you are not allowed to read them: "+strings.Join(r.Unread, ", ")+".", o.terminal.textWidth(), ""))
	}
}
