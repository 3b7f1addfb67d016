// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// addOutputFlag adds the flag -o json to a command.
func addOutputFlag(c *cobra.Command, output *string) {
	addFormatFlag(c, output, "Output format: json. Unset means text.", "json")
}

// addFormatFlag adds the flag -o to a command that has several formats.
func addFormatFlag(c *cobra.Command, output *string, usage string, formats ...string) {
	c.Flags().StringVarP(output, "output", "o", "", usage)
	// The only possible error is an unknown flag.
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// validateOutput returns an error if -o is neither unset nor json.
func validateOutput(output string) error {
	if output != "" && output != "json" {
		return fmt.Errorf("invalid value %q for -o; the only format is json", output)
	}
	return nil
}

// writeJSON writes a value as indented JSON.
func writeJSON(out io.Writer, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, string(text))
	return err
}
