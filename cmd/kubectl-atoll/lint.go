// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/atoll-dev/atoll/config/crd"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

type lintOptions struct {
	*plugin
	files
	output string
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

The exit code is 1 if there are errors, and 0 if there are only warnings.`,
		Example: `  kubectl atoll lint -f shop/ -R
  kubectl atoll lint -k config/samples -o json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	o.addFlags(c)
	addOutputFlag(c, &o.output, "lines")
	return c
}

func (o *lintOptions) run(ctx context.Context) error {
	if err := validateOutput(o.output); err != nil {
		return err
	}
	sources, err := o.readSources(o.plugin)
	if err != nil {
		return err
	}
	schemas, err := offline.NewSchemas(crd.Bases)
	if err != nil {
		return fmt.Errorf("reading the embedded CRDs: %w", err)
	}
	findings, count, err := offline.Lint(ctx, schemas, sources)
	if err != nil {
		return err
	}
	if count == 0 {
		return fmt.Errorf("no Microservice and no Topology among %d objects", len(sources))
	}
	failures := 0
	for i := range findings {
		if findings[i].Severity == offline.SeverityError {
			failures++
		}
	}
	if err := o.write(findings, count, failures); err != nil {
		return err
	}
	if failures > 0 {
		return errFindings
	}
	return nil
}

func (o *lintOptions) write(findings []offline.Finding, count, failures int) error {
	warnings := len(findings) - failures
	if o.output == "json" {
		if findings == nil {
			findings = []offline.Finding{}
		}
		return writeJSON(o.Out, struct {
			Findings []offline.Finding `json:"findings"`
			Objects  int               `json:"objects"`
			Errors   int               `json:"errors"`
			Warnings int               `json:"warnings"`
		}{findings, count, failures, warnings})
	}
	for i := range findings {
		fmt.Fprintln(o.Out, findings[i].String())
	}
	fmt.Fprintf(o.Out, "%s checked: %s, %s\n", pluralize(count, "object", "objects"), pluralize(failures, "error", "errors"), pluralize(warnings, "warning", "warnings"))
	return nil
}
