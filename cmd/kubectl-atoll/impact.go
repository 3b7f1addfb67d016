// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

type impactOptions struct {
	*plugin
	output string
}

func impactCommand(p *plugin) *cobra.Command {
	o := &impactOptions{plugin: p}
	c := &cobra.Command{
		Use:   "impact <microservice>",
		Short: "Show what breaks if a service is deleted",
		Long: `Show what breaks if a service is deleted: the services that call it, directly or
through other services, the URLs that stop working, and whether its data is kept.
impact lists calls that already fail separately.`,
		Example: `  kubectl atoll impact users -n shop
  kubectl atoll impact users -o json`,
		Args:              requireServiceName,
		ValidArgsFunction: p.completeServices,
		RunE:              func(c *cobra.Command, args []string) error { return o.run(c.Context(), args[0]) },
	}
	addOutputFlag(c, &o.output)
	return c
}

// impact is what breaks if a service is deleted.
type impact struct {
	Service   string `json:"service"`
	Namespace string `json:"namespace"`
	// Affected are the services that call it, directly or through other services.
	Affected []affectedService `json:"hit"`
	// UnresolvedCallers are the services whose calls to it already fail.
	UnresolvedCallers []unresolvedCaller `json:"inVain"`
	// URLs are the URLs that stop working.
	URLs []string `json:"urls"`
	// CallerURLs are the URLs of the affected services. They fail at least in part.
	CallerURLs []string `json:"callerURLs,omitempty"`
	// OptionalCallers are the services that call it and are not affected.
	OptionalCallers []string `json:"optionalCallers,omitempty"`
	// Data says whether its data is kept.
	Data []string `json:"data"`
	// Guard says that the deletion guard protects the service. Empty means that it does
	// not.
	Guard string `json:"guard,omitempty"`
	// OnlyNamespace is the only namespace in which the user may list callers. Empty
	// means all.
	OnlyNamespace string `json:"onlyNamespace,omitempty"`

	node *graph.Node
}

// affectedService is a service that calls the deleted one, directly or not.
type affectedService struct {
	Service string   `json:"service"`
	Direct  bool     `json:"direct"`
	URLs    []string `json:"urls,omitempty"`
}

// unresolvedCaller is a service whose call already fails.
type unresolvedCaller struct {
	Service string `json:"service"`
	Reason  string `json:"reason"`
	Message string `json:"message"`

	shortReason string
}

func (o *impactOptions) run(ctx context.Context, name string) error {
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
	ms, err := from.find(namespace, name)
	if err != nil {
		return err
	}
	fate, err := dataLines(ctx, c, ms)
	if err != nil {
		return err
	}
	of := newImpact(ms, graph.Build(namespace, from.all, from.memberOf, nil).Node(name))
	of.Data, of.OnlyNamespace = fate, from.namespace
	if o.output == "json" {
		return writeJSON(o.Out, of)
	}
	o.writeText(of)
	return nil
}

func newImpact(ms *v1alpha1.Microservice, n *graph.Node) *impact {
	of := &impact{Service: ms.Name, Namespace: ms.Namespace, Affected: []affectedService{}, UnresolvedCallers: []unresolvedCaller{}, URLs: []string{}, Guard: deletionGuardLine(ms), node: n}
	direct := map[*graph.Node]bool{}
	for _, call := range n.Callers {
		direct[call.Caller] = direct[call.Caller] || call.Resolved && !call.Optional
	}
	affected := map[*graph.Node]bool{}
	for _, caller := range graph.TransitiveCallers(n) {
		affected[caller] = true
		of.Affected = append(of.Affected, affectedService{caller.ID, direct[caller], caller.URLs})
		of.CallerURLs = append(of.CallerURLs, caller.URLs...)
	}
	for _, call := range graph.UnresolvedCallsTo(n) {
		of.UnresolvedCallers = append(of.UnresolvedCallers, unresolvedCaller{call.From, call.Reason, call.Message, call.ShortProblem()})
	}
	for _, call := range graph.OptionalCallsTo(n) {
		// A caller may need it through another service.
		if !affected[call.Caller] {
			of.OptionalCallers = append(of.OptionalCallers, call.From)
		}
	}
	of.URLs = append(of.URLs, n.URLs...)
	return of
}

// writeText writes the impact as text.
func (o *impactOptions) writeText(of *impact) {
	width := o.terminal.textWidth()
	fmt.Fprintf(o.Out, "If %s (namespace %s) is deleted:\n\n", o.terminal.bold(of.Service), of.Namespace)
	switch {
	case len(of.Affected) == 0 && len(of.OptionalCallers) == 0:
		fmt.Fprintln(o.Out, "No service calls it.")
	case len(of.Affected) == 0:
		fmt.Fprintln(o.Out, "No service needs it.")
	default:
		direct := 0
		for _, h := range of.Affected {
			if h.Direct {
				direct++
			}
		}
		fmt.Fprintf(o.Out, "%s, %d directly:\n", pluralize(len(of.Affected), "service is affected", "services are affected"), direct)
		fmt.Fprint(o.Out, graph.CallersTree(of.node, o.terminal.treeOptions()))
	}
	if len(of.OptionalCallers) > 0 {
		fmt.Fprintf(o.Out, "\n%s\n", wrap(pluralize(len(of.OptionalCallers), "service calls it and works without it", "services call it and work without it")+
			" (optional: true): "+strings.Join(of.OptionalCallers, ", "), width, "  "))
	}
	if len(of.UnresolvedCallers) > 0 {
		fmt.Fprintf(o.Out, "\n%s:\n", pluralize(len(of.UnresolvedCallers), "more service declares it, but its calls already fail", "more services declare it, but their calls already fail"))
		for _, caller := range of.UnresolvedCallers {
			line := fmt.Sprintf("   %s  (%s %s)", o.terminal.marked(graph.StateMissing, caller.Service), of.Service, caller.shortReason)
			fmt.Fprintln(o.Out, line)
		}
	}
	if of.OnlyNamespace != "" {
		fmt.Fprintf(o.Out, "Callers in other namespaces than %s are unknown: you are not allowed to list them.\n", of.OnlyNamespace)
	}
	fmt.Fprintln(o.Out)
	if len(of.URLs) == 0 {
		fmt.Fprintln(o.Out, "It has no URL.")
	} else {
		fmt.Fprintln(o.Out, pluralize(len(of.URLs), "URL stops working:", "URLs stop working:"))
		for _, url := range of.URLs {
			fmt.Fprintf(o.Out, "   %s\n", url)
		}
	}
	if len(of.CallerURLs) > 0 {
		fmt.Fprintln(o.Out, pluralize(len(of.CallerURLs), "URL of its callers is affected:", "URLs of its callers are affected:"))
		for _, url := range of.CallerURLs {
			fmt.Fprintf(o.Out, "   %s\n", url)
		}
	}
	fmt.Fprintln(o.Out)
	for _, line := range of.Data {
		fmt.Fprintln(o.Out, wrap(line, width, ""))
	}
	if of.Guard != "" {
		fmt.Fprintf(o.Out, "\n%s\n", wrap(of.Guard, width, ""))
	}
}

// deletionGuardLine says whether the deletion guard rejects a deletion. Empty means
// that the service is not guarded.
func deletionGuardLine(ms *v1alpha1.Microservice) string {
	guarded := ms.Status.DeletionGuard == v1alpha1.DeletionGuardDependents && ms.Status.Dependents > 0
	switch {
	case !guarded:
		return ""
	case ms.Annotations[v1alpha1.AnnotationDeletionGuard] == v1alpha1.DeletionGuardOverride:
		return "Its Topology guards it (deletionGuard: Dependents), but the annotation " + v1alpha1.AnnotationDeletionGuard + " permits the deletion."
	}
	return fmt.Sprintf("Its Topology guards it (deletionGuard: Dependents): the API server rejects its deletion, unless it has the annotation %s: %s.",
		v1alpha1.AnnotationDeletionGuard, v1alpha1.DeletionGuardOverride)
}

func pluralize(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// dataLines says whether the data of a service's database is kept when the service is
// deleted.
func dataLines(ctx context.Context, c client.Reader, ms *v1alpha1.Microservice) ([]string, error) {
	spec := ms.Spec.Database
	if spec == nil {
		return []string{"It has no database."}, nil
	}
	topology := &v1alpha1.Topology{}
	if ref := ms.Spec.TopologyRef; ref != nil {
		// Without the Topology, the defaults apply.
		key := types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
		if key.Namespace == "" {
			key.Namespace = ms.Namespace
		}
		err := c.Get(ctx, key, topology)
		if client.IgnoreNotFound(err) != nil {
			return nil, explainError(fmt.Sprintf("reading Topology %q", ref.Name), err)
		}
	}
	plan, err := database.Resolve(ms, topology, &inputs.State{})
	if err != nil {
		return []string{fmt.Sprintf("The effect on its database is unknown: %v", err)}, nil
	}
	if !plan.Provider.Managed() {
		return []string{fmt.Sprintf("Its %s is external: Atoll keeps it, and Secret %q.", plan.Kind, plan.SecretName)}, nil
	}
	what := fmt.Sprintf("PersistentVolumeClaim %q", names.DatabaseClaim(ms.Name))
	secrets := fmt.Sprintf("Secrets %q and %q", plan.SecretName, plan.AdminSecretName)
	if plan.Provider.Clustered() {
		what, secrets = fmt.Sprintf("Cluster %q", plan.Name), fmt.Sprintf("Secret %q", plan.SecretName)
	}
	lines := []string{fmt.Sprintf("The data of its %s %s is kept (deletionPolicy: Retain): %s and %s stay. A new Microservice of the same name adopts them.",
		plan.Kind, plan.Version, what, secrets)}
	if !plan.Retained() {
		lines = []string{fmt.Sprintf("The data of its %s %s is DELETED (deletionPolicy: Delete): Atoll deletes %s, and %s.", plan.Kind, plan.Version, what, secrets)}
	}
	return append(lines, backupLine(ms)), nil
}

// backupLine says which backup stays after the deletion.
func backupLine(ms *v1alpha1.Microservice) string {
	status := ms.Status.Database
	switch {
	case status != nil && status.LastBackup != nil:
		return fmt.Sprintf("Its backups are kept; the last one is from %s: %s", status.LastBackup.Time.UTC().Format("2006-01-02 15:04 UTC"), status.LastBackup.Location)
	case ms.Spec.Database.Backup != nil:
		return "It has no backup yet."
	}
	return "It is not backed up."
}
