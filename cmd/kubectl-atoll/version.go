// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/workload"
)

type versionOptions struct {
	*plugin
	output     string
	clientOnly bool
}

func versionCommand(p *plugin) *cobra.Command {
	o := &versionOptions{plugin: p}
	c := &cobra.Command{
		Use:   "version",
		Short: "Show the versions of the plugin, of the operator and of the API",
		Long: `Show the versions of the plugin, of the operator in the cluster, and of Atoll's API
that the cluster serves. version says if they do not fit together.`,
		Example: `  kubectl atoll version
  kubectl atoll version --client -o json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	c.Flags().BoolVar(&o.clientOnly, "client", false, "Show the version of the plugin only, without a cluster.")
	addOutputFlag(c, &o.output)
	return c
}

// versions is what runs where.
type versions struct {
	Plugin pluginVersion `json:"plugin"`
	// Operators are those in the cluster. Nil means that they were not read.
	Operators []operatorVersion `json:"operators,omitempty"`
	// APIVersions are the versions of Microservices that the cluster serves.
	APIVersions []string `json:"apiVersions,omitempty"`
	// Mismatches say what does not fit together.
	Mismatches []string `json:"mismatches,omitempty"`
	// Unread says that the user may not read the operator's Deployment.
	Unread bool `json:"unread,omitempty"`
}

// pluginVersion is the version of the plugin, as Go records it.
type pluginVersion struct {
	// Version is that of the module. A build from a checkout has a pseudo-version, or one that
	// ends in +dirty. Empty means that Go recorded none.
	Version  string `json:"version,omitempty"`
	Revision string `json:"revision,omitempty"`
	// Modified means that the checkout had changes that are not in the revision.
	Modified   bool   `json:"modified,omitempty"`
	GoVersion  string `json:"goVersion"`
	APIVersion string `json:"apiVersion"`
}

// operatorVersion is a Deployment of the operator.
type operatorVersion struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Image     string `json:"image"`
	Version   string `json:"version"`
}

func (o *versionOptions) run(ctx context.Context) error {
	if err := validateOutput(o.output); err != nil {
		return err
	}
	v := &versions{}
	if info, recorded := debug.ReadBuildInfo(); recorded {
		v.Plugin = newPluginVersion(info)
	}
	if !o.clientOnly {
		c, err := o.connect()
		if err != nil {
			return err
		}
		if err := v.readCluster(ctx, c); err != nil {
			return err
		}
		v.compare()
	}
	if o.output == "json" {
		return writeJSON(o.Out, v)
	}
	fmt.Fprint(o.Out, v.text(o.terminal))
	return nil
}

func newPluginVersion(info *debug.BuildInfo) pluginVersion {
	p := pluginVersion{GoVersion: info.GoVersion, APIVersion: v1alpha1.GroupVersion.String()}
	if info.Main.Version != "(devel)" {
		p.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			p.Revision = setting.Value
		case "vcs.modified":
			p.Modified = setting.Value == "true"
		}
	}
	return p
}

// managerLabels are on the Deployment of the operator (config/manager).
var managerLabels = client.MatchingLabels{v1alpha1.LabelName: operatorName, "control-plane": operatorRole}

// readCluster reads the operator's Deployments and the versions of the API.
func (v *versions) readCluster(ctx context.Context, c client.Client) error {
	mappings, err := c.RESTMapper().RESTMappings(schema.GroupKind{Group: v1alpha1.GroupVersion.Group, Kind: "Microservice"})
	if err != nil && !meta.IsNoMatchError(err) {
		return fmt.Errorf("reading the versions of the API: %w", err)
	}
	for _, mapping := range mappings {
		v.APIVersions = append(v.APIVersions, mapping.GroupVersionKind.GroupVersion().String())
	}
	slices.Sort(v.APIVersions)
	list := &appsv1.DeploymentList{}
	err = c.List(ctx, list, managerLabels)
	switch {
	case apierrors.IsForbidden(err):
		v.Unread = true
		return nil
	case err != nil:
		return fmt.Errorf("listing Deployments: %w", err)
	}
	v.Operators = []operatorVersion{}
	for i := range list.Items {
		d := &list.Items[i]
		for _, container := range d.Spec.Template.Spec.Containers {
			if container.Name == "manager" {
				v.Operators = append(v.Operators, operatorVersion{Namespace: d.Namespace, Name: d.Name, Image: container.Image, Version: workload.ImageVersion(container.Image)})
			}
		}
	}
	return nil
}

// compare finds what does not fit together. The plugin builds what its own version would apply.
func (v *versions) compare() {
	if len(v.APIVersions) == 0 {
		v.Mismatches = append(v.Mismatches, "Atoll's CRDs are not installed in the cluster")
	} else if !slices.Contains(v.APIVersions, v.Plugin.APIVersion) {
		v.Mismatches = append(v.Mismatches, fmt.Sprintf("the cluster serves %s, and the plugin reads %s: install a plugin of the operator's version", strings.Join(v.APIVersions, ", "), v.Plugin.APIVersion))
	}
	for _, operator := range v.Operators {
		if isRelease(operator.Version) && isRelease(v.Plugin.Version) && operator.Version != v.Plugin.Version {
			v.Mismatches = append(v.Mismatches, fmt.Sprintf("the plugin is %s, and the operator in namespace %s is %s: render and diff show what the plugin's version would apply; install a plugin of version %s",
				v.Plugin.Version, operator.Namespace, operator.Version, operator.Version))
		}
	}
}

// isRelease reports whether a version is that of a release, and not one that Go made for a build
// from a checkout.
func isRelease(version string) bool {
	return semver.IsValid(version) && !module.IsPseudoVersion(version) && semver.Build(version) == ""
}

func (v *versions) text(terminal terminal) string {
	var s strings.Builder
	line := func(label, text string) { fmt.Fprintf(&s, "%-*s%s\n", labelWidth, label, text) }
	plugin := v.Plugin.Version
	if plugin == "" {
		plugin = "unknown version"
	}
	if v.Plugin.Revision != "" {
		plugin += ", revision " + v.Plugin.Revision
	}
	if v.Plugin.Modified {
		plugin += " with changes"
	}
	line("Plugin", plugin+", "+v.Plugin.GoVersion+", "+v.Plugin.APIVersion)
	for _, operator := range v.Operators {
		line("Operator", fmt.Sprintf("%s, %s, Deployment %s in namespace %s", operator.Version, operator.Image, operator.Name, operator.Namespace))
	}
	switch {
	case v.Unread:
		line("Operator", "unknown: you are not allowed to list Deployments in all namespaces")
	case v.Operators != nil && len(v.Operators) == 0:
		line("Operator", "none found in the cluster")
	}
	if len(v.APIVersions) > 0 {
		line("API", strings.Join(v.APIVersions, ", "))
	}
	for _, mismatch := range v.Mismatches {
		fmt.Fprintf(&s, "\n%s\n", wrap(strings.ToUpper(mismatch[:1])+mismatch[1:]+".", terminal.textWidth(), ""))
	}
	return s.String()
}
