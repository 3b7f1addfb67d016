// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/graph"
)

const (
	labelWidth = 12
	indent     = "            "
)

// detailText returns all details of one service as text.
func (o *statusOptions) detailText(ms *v1alpha1.Microservice, n *graph.Node, whole *detailedStatus) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s  %s\n", o.terminal.bold(ms.Name), o.terminal.marked(n.Health, statusWord(n)))
	if n.Message != "" {
		fmt.Fprintf(&s, "  %s\n", wrap(n.Message, o.terminal.textWidth(), "  "))
	}
	s.WriteByte('\n')
	o.writeField(&s, "Namespace", ms.Namespace)
	if ref := ms.Spec.TopologyRef; ref != nil {
		name := ref.Name
		if ref.Namespace != "" && ref.Namespace != ms.Namespace {
			name = ref.Namespace + "/" + name
		}
		o.writeField(&s, "Topology", name)
	}
	o.writeField(&s, "Image", ms.Spec.Image)
	pods := orDash(ms.Status.Ready)
	if pods != "-" {
		pods += " ready"
	}
	o.writeField(&s, "Pods", pods+scalingText(ms))
	o.writeField(&s, "Rollout", whole.Rollout.lines(o.terminal)...)
	o.writeField(&s, "URLs", ms.Status.URLs...)
	var routes []string
	for i := range whole.Routes {
		routes = append(routes, whole.Routes[i].lines(o.terminal, ms.Namespace)...)
	}
	o.writeField(&s, "Routes", routes...)
	o.writeField(&s, "Database", o.databaseLines(ms, n)...)
	o.writeField(&s, "Calls", o.callLines(n)...)
	o.writeField(&s, "Called by", o.callerLines(n)...)
	if o.traffic != nil {
		o.writeField(&s, "Requests", whole.Traffic.lines(ms)...)
	}
	s.WriteString("\n")
	o.writeConditions(&s, ms, n.Message)
	if n.Health != graph.StateReady {
		fmt.Fprintf(&s, "\nTo find the cause: kubectl atoll why %s -n %s\n", ms.Name, ms.Namespace)
	}
	return s.String()
}

// writeField writes a label, and the lines to the right of it.
func (o *statusOptions) writeField(s *strings.Builder, label string, lines ...string) {
	if len(lines) == 0 {
		lines = []string{"-"}
	}
	for i, line := range lines {
		if i > 0 {
			label = ""
		}
		fmt.Fprintf(s, "%-*s%s\n", labelWidth, label, line)
	}
}

// scalingText says what sets the number of pods.
func scalingText(ms *v1alpha1.Microservice) string {
	switch scaling := ms.Spec.Scaling; {
	case ms.Spec.Suspend != nil && *ms.Spec.Suspend:
		return ", suspended"
	case scaling != nil && scaling.Autoscale != nil:
		least := int32(2)
		if scaling.Autoscale.Min != nil {
			least = *scaling.Autoscale.Min
		}
		return fmt.Sprintf(", autoscaled from %d to %d", least, scaling.Autoscale.Max)
	}
	return ""
}

func (o *statusOptions) databaseLines(ms *v1alpha1.Microservice, n *graph.Node) []string {
	if n.Database == nil {
		return nil
	}
	provider := databaseProvider(ms)
	lines := []string{fmt.Sprintf("%s (%s)", o.terminal.marked(n.Database.Health, n.Database.String()), provider)}
	status := ms.Status.Database
	if status == nil {
		return lines
	}
	if status.Host != "" {
		lines = append(lines, "at "+status.Host)
	}
	if status.SecretName != "" {
		lines = append(lines, "credentials in Secret "+status.SecretName)
	}
	switch backup := status.LastBackup; {
	case backup != nil:
		line := fmt.Sprintf("last backup %s (%s ago)", backup.Time.UTC().Format("2006-01-02 15:04 UTC"), duration.HumanDuration(o.now().Sub(backup.Time.Time)))
		if backup.Size > 0 {
			line += ", " + resource.NewQuantity(roundSize(backup.Size), resource.BinarySI).String() + "B"
		}
		lines = append(lines, line)
		if backup.Location != "" {
			lines = append(lines, "  "+backup.Location)
		}
	case ms.Spec.Database.Backup != nil:
		line := "no backup yet"
		if due := database.NextRun(ms.Spec.Database.Backup.Schedule, o.now()); !due.IsZero() {
			line = "first backup due at " + due.Format("2006-01-02 15:04 UTC")
		}
		lines = append(lines, line+" (schedule "+ms.Spec.Database.Backup.Schedule+")")
	case database.ProviderOf(ms.Spec.Database).Managed():
		lines = append(lines, "not backed up")
	}
	return lines
}

// roundSize rounds a size to the digits that are useful to a reader.
func roundSize(bytes int64) int64 {
	unit := int64(1)
	for bytes/unit >= 10*1024 {
		unit *= 1024
	}
	return (bytes + unit/2) / unit * unit
}

func (o *statusOptions) callLines(n *graph.Node) []string {
	lines := make([]string, 0, len(n.Calls))
	for _, call := range n.Calls {
		line := o.terminal.marked(call.Callee.Health, call.Callee.ID)
		switch {
		case !call.Resolved:
			line = o.terminal.marked(graph.StateMissing, call.Callee.ID) + "\n" + indent + "  " + wrap(call.Message, o.terminal.textWidth(), indent+"  ")
		case call.Callee.Health != graph.StateReady:
			line += call.Ports() + "  " + statusWord(call.Callee)
		default:
			line += call.Ports()
		}
		lines = append(lines, line)
	}
	return lines
}

func (o *statusOptions) callerLines(n *graph.Node) []string {
	if len(n.Callers) == 0 {
		return nil
	}
	names := make([]string, len(n.Callers))
	for i, call := range n.Callers {
		names[i] = call.Caller.ID
	}
	return []string{wrap(strings.Join(names, ", "), o.terminal.textWidth(), indent)}
}

// writeConditions writes all conditions except Reconciling and Stalled, which repeat
// Ready. It omits the message of Ready if it equals headline.
func (o *statusOptions) writeConditions(s *strings.Builder, ms *v1alpha1.Microservice, headline string) {
	width := 0
	for i := range ms.Status.Conditions {
		width = max(width, len(ms.Status.Conditions[i].Type))
	}
	if width == 0 {
		s.WriteString("No conditions yet: is Atoll running?\n")
		return
	}
	s.WriteString(o.terminal.bold("Conditions") + "\n")
	for i := range ms.Status.Conditions {
		c := &ms.Status.Conditions[i]
		if c.Type == v1alpha1.ConditionReconciling || c.Type == v1alpha1.ConditionStalled {
			continue
		}
		state := conditionState(ms, c)
		fmt.Fprintf(s, "%s  %s, %s ago\n", o.terminal.paint(state, fmt.Sprintf("%s %-*s", graph.Mark(state), width, c.Type)), c.Reason,
			duration.HumanDuration(o.now().Sub(c.LastTransitionTime.Time)))
		if c.Message != "" && (c.Type != v1alpha1.ConditionReady || c.Message != headline) {
			fmt.Fprintf(s, "    %s\n", wrap(c.Message, o.terminal.textWidth(), "    "))
		}
	}
}

// conditionState returns Stalled for a condition that keeps the service from becoming
// Ready until the user acts, and Reconciling for any other that is False.
func conditionState(ms *v1alpha1.Microservice, c *metav1.Condition) graph.State {
	stalled := meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionStalled)
	switch {
	case c.Status == metav1.ConditionTrue:
		return graph.StateReady
	case c.Status == metav1.ConditionUnknown:
		return graph.StateUnknown
	case stalled != nil && (c.Type == v1alpha1.ConditionReady || c.Reason == stalled.Reason):
		return graph.StateStalled
	}
	return graph.StateReconciling
}
