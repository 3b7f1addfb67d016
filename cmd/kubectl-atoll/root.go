// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
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
	p := &plugin{IOStreams: streams, flags: genericclioptions.NewConfigFlags(true), terminal: terminalOf(streams.Out), now: time.Now}
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

Exit codes: 0 success; 1 diff found differences, why found a fault, or lint,
render or diff found errors in the files; 2 the command failed.`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl atoll"},
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.ErrOut)
	p.flags.AddFlags(root.PersistentFlags())
	root.AddCommand(graphCommand(p), statusCommand(p), impactCommand(p), whyCommand(p), renderCommand(p), lintCommand(p), diffCommand(p))
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

// inventory holds the Microservices that the user may read.
type inventory struct {
	all []*v1alpha1.Microservice
	// memberOf returns the Topology that a service is a member of, as namespace/name.
	memberOf func(*v1alpha1.Microservice) string
	// memberships is the source of memberOf.
	memberships *memberships
	// namespace is the only namespace that the user may list. Empty means that the user
	// may list all namespaces.
	namespace string
	// version is the resourceVersion of the list.
	version string
}

// readInventory lists the Microservices of all namespaces, because services may call
// each other across namespaces. If the user may not list all, it lists one namespace.
func readInventory(ctx context.Context, c client.Reader, namespace string) (*inventory, error) {
	s := &inventory{}
	list := &v1alpha1.MicroserviceList{}
	err := c.List(ctx, list)
	if apierrors.IsForbidden(err) && namespace != "" {
		s.namespace = namespace
		err = c.List(ctx, list, client.InNamespace(namespace))
	}
	if err != nil {
		return nil, explainError("listing Microservices", err)
	}
	s.version = list.ResourceVersion
	for i := range list.Items {
		s.all = append(s.all, &list.Items[i])
	}
	if s.memberships, err = listMemberships(ctx, c, namespace); err != nil {
		return nil, err
	}
	s.memberOf = s.memberships.topologyOf
	return s, nil
}

// inNamespace returns the services of a namespace. An empty namespace means all.
func (s *inventory) inNamespace(namespace string) []*v1alpha1.Microservice {
	if namespace == "" {
		return s.all
	}
	var some []*v1alpha1.Microservice
	for _, ms := range s.all {
		if ms.Namespace == namespace {
			some = append(some, ms)
		}
	}
	return some
}

// lookup returns the Microservice of a name, or nil.
func (s *inventory) lookup(namespace, name string) *v1alpha1.Microservice {
	ms, _ := s.find(namespace, name)
	return ms
}

// find returns the Microservice of a name, or an error for the user.
func (s *inventory) find(namespace, name string) (*v1alpha1.Microservice, error) {
	for _, ms := range s.inNamespace(namespace) {
		if ms.Name == name {
			return ms, nil
		}
	}
	return nil, fmt.Errorf("no Microservice %q in namespace %q", name, namespace)
}

// explainError adds what failed, and the cause if the CRDs are missing.
func explainError(doing string, err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("%s: Atoll's CRDs are not installed in the cluster: install them (kubectl apply --server-side -k config/crd)", doing)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// noneFound says that a namespace, or the cluster, has no such objects.
func noneFound(what, namespace string) string {
	if namespace == "" {
		return "No " + what + " in any namespace"
	}
	return fmt.Sprintf("No %s in namespace %s", what, namespace)
}

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

// requireServiceName returns an error unless the arguments are one name.
func requireServiceName(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name one Microservice: kubectl atoll %s NAME", c.Name())
	}
	return nil
}
