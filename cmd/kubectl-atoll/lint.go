// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/atoll-dev/atoll/config/crd"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

type lintOptions struct {
	*plugin
	files
	output string
}

// lintFormats write a report in the formats of -o.
var lintFormats = map[string]func(*lintOptions, *offline.Report) error{
	"text": (*lintOptions).writeText, "json": (*lintOptions).writeJSON, "sarif": (*lintOptions).writeSARIF, "junit": (*lintOptions).writeJUnit,
}

func lintCommand(p *plugin) *cobra.Command {
	o := &lintOptions{plugin: p}
	c := &cobra.Command{
		Use:   "lint -f FILE",
		Short: "Check Microservices and Topologies in files, without a cluster",
		Long: `Check Microservices and Topologies in files, without a cluster. lint reports
unknown fields, everything that the API server would reject, ports that
dependencies lack, dependency cycles, databases with too few connections, and
settings that Atoll cannot apply.

The exit code is 0 if there are no errors, also with warnings. It is 1 if there
are errors, and 2 if lint cannot read the files, or finds no Microservice and no
Topology in them.`,
		Example: `  kubectl atoll lint -f shop/ -R
  kubectl atoll lint -k config/samples -o json
  kubectl atoll lint -f shop/ -o sarif > lint.sarif`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	o.addFlags(c)
	formats := slices.Sorted(maps.Keys(lintFormats))
	addFormatFlag(c, &o.output, "Output format: json, junit (for GitLab and Jenkins), sarif (2.1.0, for GitHub) or text. Unset means text.", formats...)
	return c
}

func (o *lintOptions) run(ctx context.Context) error {
	write := lintFormats[cmp.Or(o.output, "text")]
	if write == nil {
		return fmt.Errorf("invalid value %q for -o; the formats are %s", o.output, strings.Join(slices.Sorted(maps.Keys(lintFormats)), ", "))
	}
	sources, err := o.readSources(o.plugin)
	if err != nil {
		return err
	}
	offline.SetPositions(sources, o.textOf)
	schemas, err := offline.NewSchemas(crd.Bases)
	if err != nil {
		return fmt.Errorf("reading the embedded CRDs: %w", err)
	}
	report, err := offline.Lint(ctx, schemas, sources)
	if err != nil {
		return err
	}
	if len(report.Checked) == 0 {
		return fmt.Errorf("no Microservice and no Topology among %s", pluralize(len(sources), "object", "objects"))
	}
	if err := write(o, report); err != nil {
		return err
	}
	if report.Errors() > 0 {
		return errFindings
	}
	return nil
}

func (o *lintOptions) writeJSON(report *offline.Report) error {
	findings := report.Findings
	if findings == nil {
		findings = []offline.Finding{}
	}
	return writeJSON(o.Out, struct {
		Findings []offline.Finding `json:"findings"`
		Objects  int               `json:"objects"`
		Errors   int               `json:"errors"`
		Warnings int               `json:"warnings"`
	}{findings, len(report.Checked), report.Errors(), len(findings) - report.Errors()})
}

func (o *lintOptions) writeText(report *offline.Report) error {
	for i := range report.Findings {
		fmt.Fprintln(o.Out, report.Findings[i].String())
	}
	errors := report.Errors()
	fmt.Fprintf(o.Out, "%s checked: %s, %s\n", pluralize(len(report.Checked), "object", "objects"),
		pluralize(errors, "error", "errors"), pluralize(len(report.Findings)-errors, "warning", "warnings"))
	return nil
}
