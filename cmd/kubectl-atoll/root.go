// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// plugin has what all commands share.
type plugin struct {
	genericiooptions.IOStreams
	flags         *genericclioptions.ConfigFlags
	allNamespaces bool
	terminal      terminal
	// connect creates the client, logs reads logs and now is the clock. Tests replace
	// them.
	connect func() (client.WithWatch, error)
	logs    logReader
	now     func() time.Time
}

func newPlugin(streams genericiooptions.IOStreams) *plugin {
	p := &plugin{IOStreams: onScreen(streams), flags: genericclioptions.NewConfigFlags(true), terminal: terminalOf(streams.Out), now: time.Now}
	p.logs = p.readLog
	p.connect = func() (client.WithWatch, error) {
		config, err := p.flags.ToRESTConfig()
		if err != nil {
			return nil, err
		}
		// One command lists many kinds in short succession.
		config.QPS, config.Burst = 100, 200
		return client.NewWithWatch(config, client.Options{Scheme: offline.Scheme})
	}
	return p
}

func newCommand(p *plugin) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-atoll",
		Short: "Show, diagnose and check topologies of microservices",
		Long: `Show, diagnose and check topologies of microservices. No command changes the
cluster.

Exit codes:
  0  success
  1  diff found differences, why found a fault, or lint, render or diff found
     errors in the files
  2  the command failed`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl atoll"},
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.ErrOut)
	p.flags.AddFlags(root.PersistentFlags())
	root.AddCommand(graphCommand(p), statusCommand(p), impactCommand(p), whyCommand(p), renderCommand(p), lintCommand(p), diffCommand(p), leftoversCommand(p), versionCommand(p))
	// The only possible error is an unknown flag.
	_ = root.RegisterFlagCompletionFunc("namespace", p.completeNamespaces)
	return root
}

// addAllNamespaces adds the flag -A to a command that lists services.
func (p *plugin) addAllNamespaces(c *cobra.Command) {
	c.Flags().BoolVarP(&p.allNamespaces, "all-namespaces", "A", false, "Include all namespaces.")
}

// namespace returns the namespace of -n, or of the kubeconfig's current context.
func (p *plugin) namespace() (string, error) {
	namespace, _, err := p.flags.ToRawKubeConfigLoader().Namespace()
	return namespace, err
}

// scope returns the namespace to list in. Empty means all namespaces, as with -A.
func (p *plugin) scope() (string, error) {
	if p.allNamespaces {
		return "", nil
	}
	return p.namespace()
}

// explainError prefixes err with the operation that failed. If the CRDs are missing, it
// replaces err by how to install them.
func explainError(operation string, err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("%s: Atoll's CRDs are not installed in the cluster; install Atoll, as its README says under \"On a cluster of your own\"", operation)
	}
	return fmt.Errorf("%s: %w", operation, err)
}

// noneFound says that a namespace, or the cluster, has no such objects.
func noneFound(what, namespace string) string {
	if namespace == "" {
		return "No " + what + " in any namespace"
	}
	return fmt.Sprintf("No %s in namespace %s", what, namespace)
}

// requireServiceName returns an error unless the arguments are one name.
func requireServiceName(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("expected one Microservice name; run kubectl atoll %s NAME", c.Name())
	}
	return nil
}
