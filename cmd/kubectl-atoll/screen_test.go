// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/atoll-dev/atoll/internal/graph"
)

// TestScreen writes what a service can put into the status, and the plugin's own colours.
func TestScreen(t *testing.T) {
	const attack = "\x1b[32m✓ Ready\x1b[0m \x1b]0;pwned\x07\x1b[2J\x1b[31;8mhidden\u202eevil\u009b31m\r!"
	for name, tc := range map[string]struct {
		colour bool
		want   string
	}{
		"without colours": {false, "ready ✓ Ready hiddenevil!\n"},
		"with colours":    {true, "\x1b[32mready\x1b[0m ✓ Ready hiddenevil!\n"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errors := &bytes.Buffer{}, &bytes.Buffer{}
			p := newPlugin(genericiooptions.IOStreams{Out: out, ErrOut: errors})
			p.terminal.colour = tc.colour
			for _, to := range []struct {
				writer *bytes.Buffer
				print  func(string)
			}{
				{out, func(text string) { fmt.Fprintln(p.Out, text) }},
				{errors, func(text string) { fmt.Fprintln(p.ErrOut, text) }},
			} {
				to.print(p.terminal.paint(graph.StateReady, "ready") + " " + attack)
				if got := to.writer.String(); got != tc.want {
					t.Errorf("got %q, want %q", got, tc.want)
				}
			}
		})
	}
	t.Run("manifests that no terminal shows stay as they are", func(t *testing.T) {
		out := &bytes.Buffer{}
		p := newPlugin(genericiooptions.IOStreams{Out: out, ErrOut: out})
		fmt.Fprint(p.data(), "right\u202eleft")
		if got := out.String(); got != "right\u202eleft" {
			t.Errorf("got %q", got)
		}
		out.Reset()
		p.terminal.width = 80
		fmt.Fprint(p.data(), "right\u202eleft")
		if got := out.String(); got != "rightleft" {
			t.Errorf("on a terminal: got %q", got)
		}
	})
}
