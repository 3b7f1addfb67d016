/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package main

import (
	"context"
	"fmt"

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
		Short: "Show what breaks if a service goes away",
		Long: `Show what breaks if a service goes away: the services that call it, directly and
through others, the addresses that answer no more, and what becomes of its data.
Calls that don't get through as it is are named apart.`,
		Example: `  kubectl atoll impact users -n shop
  kubectl atoll impact users -o json`,
		Args:              oneService,
		ValidArgsFunction: p.completeServices,
		RunE:              func(c *cobra.Command, args []string) error { return o.run(c.Context(), args[0]) },
	}
	addJSON(c, &o.output, "text")
	return c
}

// impact is what breaks if a service goes away.
type impact struct {
	Service   string `json:"service"`
	Namespace string `json:"namespace"`
	// Hit are the services that call it, directly or through others.
	Hit []hit `json:"hit"`
	// InVain are the calls to it that don't get through as it is.
	InVain []inVain `json:"inVain"`
	// URLs are the addresses that answer no more.
	URLs []string `json:"urls"`
	// Data says what becomes of its data.
	Data []string `json:"data"`
	// Guard says whether the cluster lets the service be deleted; empty where nothing
	// keeps it from that.
	Guard string `json:"guard,omitempty"`
	// OnlyNamespace is the only namespace that callers could be looked for in; empty
	// for all.
	OnlyNamespace string `json:"onlyNamespace,omitempty"`

	node *graph.Node
}

// hit is a service that a loss reaches.
type hit struct {
	Service string   `json:"service"`
	Direct  bool     `json:"direct"`
	URLs    []string `json:"urls,omitempty"`
}

// inVain is a call that does not get through.
type inVain struct {
	Service string `json:"service"`
	Reason  string `json:"reason"`
	Message string `json:"message"`

	short string
}

func (o *impactOptions) run(ctx context.Context, name string) error {
	if err := textOrJSON(o.output); err != nil {
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
	from, err := services(ctx, c, namespace)
	if err != nil {
		return err
	}
	ms, err := from.find(namespace, name)
	if err != nil {
		return err
	}
	fate, err := fateOfData(ctx, c, ms)
	if err != nil {
		return err
	}
	of := impactOf(ms, graph.Of(namespace, from.all, from.memberOf, nil).Node(name))
	of.Data, of.OnlyNamespace = fate, from.namespace
	if o.output == "json" {
		return writeJSON(o.Out, of)
	}
	o.text(of)
	return nil
}

func impactOf(ms *v1alpha1.Microservice, n *graph.Node) *impact {
	of := &impact{Service: ms.Name, Namespace: ms.Namespace, Hit: []hit{}, InVain: []inVain{}, URLs: []string{}, Guard: guardLine(ms), node: n}
	direct := map[*graph.Node]bool{}
	for _, call := range n.Callers {
		direct[call.Caller] = direct[call.Caller] || call.Resolved
	}
	for _, caller := range graph.Reaching(n) {
		of.Hit = append(of.Hit, hit{caller.ID, direct[caller], caller.URLs})
	}
	for _, call := range graph.InVain(n) {
		of.InVain = append(of.InVain, inVain{call.From, call.Reason, call.Message, call.ShortProblem()})
	}
	of.URLs = append(of.URLs, n.URLs...)
	return of
}

// text is the impact for people.
func (o *impactOptions) text(of *impact) {
	width := o.terminal.textWidth()
	fmt.Fprintf(o.Out, "If %s (namespace %s) goes away:\n\n", o.terminal.bold(of.Service), of.Namespace)
	if len(of.Hit) == 0 {
		fmt.Fprintln(o.Out, "No service calls it.")
	} else {
		direct := 0
		for _, h := range of.Hit {
			if h.Direct {
				direct++
			}
		}
		fmt.Fprintf(o.Out, "%s, %d directly:\n", subject(len(of.Hit), "service is hit", "services are hit"), direct)
		fmt.Fprint(o.Out, graph.Dependents(of.node, o.terminal.tree()))
	}
	if len(of.InVain) > 0 {
		fmt.Fprintf(o.Out, "\n%s:\n", subject(len(of.InVain), "more declares it, but its calls don't get through as it is", "more declare it, but their calls don't get through as it is"))
		for _, caller := range of.InVain {
			line := fmt.Sprintf("   %s  (%s %s)", o.terminal.marked(graph.StateMissing, caller.Service), of.Service, caller.short)
			fmt.Fprintln(o.Out, line)
		}
	}
	if of.OnlyNamespace != "" {
		fmt.Fprintf(o.Out, "Callers in namespaces other than %s could not be looked for.\n", of.OnlyNamespace)
	}
	fmt.Fprintln(o.Out)
	if len(of.URLs) == 0 {
		fmt.Fprintln(o.Out, "No address from outside leads to it.")
	} else {
		fmt.Fprintln(o.Out, subject(len(of.URLs), "address answers no more:", "addresses answer no more:"))
		for _, url := range of.URLs {
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

// guardLine says whether the cluster lets the service be deleted.
func guardLine(ms *v1alpha1.Microservice) string {
	guarded := ms.Status.DeletionGuard == v1alpha1.DeletionGuardDependents && ms.Status.Dependents > 0
	switch {
	case !guarded:
		return ""
	case ms.Annotations[v1alpha1.AnnotationDeletionGuard] == v1alpha1.DeletionGuardOverride:
		return "Its Topology guards it (deletionGuard: Dependents), and the annotation " + v1alpha1.AnnotationDeletionGuard + " overrides that."
	}
	return fmt.Sprintf("Its Topology guards it (deletionGuard: Dependents): to delete it is refused, unless it has the annotation %s: %s.",
		v1alpha1.AnnotationDeletionGuard, v1alpha1.DeletionGuardOverride)
}

func subject(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// fateOfData says what becomes of a service's database when the service is
// deleted.
func fateOfData(ctx context.Context, c client.Reader, ms *v1alpha1.Microservice) ([]string, error) {
	spec := ms.Spec.Database
	if spec == nil {
		return []string{"It has no database."}, nil
	}
	topology := &v1alpha1.Topology{}
	if ref := ms.Spec.TopologyRef; ref != nil {
		// One that is not there decides over nothing.
		key := types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
		if key.Namespace == "" {
			key.Namespace = ms.Namespace
		}
		err := c.Get(ctx, key, topology)
		if client.IgnoreNotFound(err) != nil {
			return nil, readable(fmt.Sprintf("reading Topology %q", ref.Name), err)
		}
	}
	plan, err := database.Resolve(ms, topology, &inputs.State{})
	if err != nil {
		return []string{fmt.Sprintf("Its database can't be told of: %v", err)}, nil
	}
	if !plan.Provider.Managed() {
		return []string{fmt.Sprintf("Its %s runs elsewhere and is left as it is, and so is Secret %q.", plan.Kind, plan.SecretName)}, nil
	}
	what := fmt.Sprintf("PersistentVolumeClaim %q", names.DatabaseClaim(ms.Name))
	secrets := fmt.Sprintf("Secrets %q and %q", plan.SecretName, plan.AdminSecretName)
	if plan.Provider.Clustered() {
		what, secrets = fmt.Sprintf("Cluster %q", plan.Name), fmt.Sprintf("Secret %q", plan.SecretName)
	}
	lines := []string{fmt.Sprintf("The data of its %s %s is kept (deletionPolicy: Retain): %s and %s stay, and a Microservice of the same name takes them up again.",
		plan.Kind, plan.Version, what, secrets)}
	if !plan.Retained() {
		lines = []string{fmt.Sprintf("The data of its %s %s is DELETED (deletionPolicy: Delete): %s goes, and so do %s.", plan.Kind, plan.Version, what, secrets)}
	}
	return append(lines, backupLine(ms)), nil
}

// backupLine says what is left in other places.
func backupLine(ms *v1alpha1.Microservice) string {
	status := ms.Status.Database
	switch {
	case status != nil && status.LastBackup != nil:
		return fmt.Sprintf("Its backups stay; the last one is of %s: %s", status.LastBackup.Time.UTC().Format("2006-01-02 15:04 UTC"), status.LastBackup.Location)
	case ms.Spec.Database.Backup != nil:
		return "There is no backup of it yet."
	}
	return "It is not backed up."
}
