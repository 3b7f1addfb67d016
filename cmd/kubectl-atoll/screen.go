// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/atoll-dev/atoll/internal/output"
)

// screen is the writer of all commands. It removes what controls a terminal from texts of
// the cluster, and passes the plugin's own colours.
type screen struct{ out io.Writer }

// onScreen returns the streams of a command, cleaned.
func onScreen(streams genericiooptions.IOStreams) genericiooptions.IOStreams {
	streams.Out, streams.ErrOut = &screen{streams.Out}, &screen{streams.ErrOut}
	return streams
}

// Write implements io.Writer. Callers write whole texts.
func (s *screen) Write(p []byte) (int, error) {
	if _, err := io.WriteString(s.out, clean(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// clean returns a printable text with the plugin's own colours. The colours of others are removed:
// they could hide text, or make a fault look well.
func clean(text string) string {
	parts := strings.Split(text, mark)
	var cleaned strings.Builder
	cleaned.WriteString(output.Printable(parts[0]))
	for _, part := range parts[1:] {
		sequence, rest, _ := strings.Cut(part, "m")
		cleaned.WriteString("\x1b" + sequence + "m" + output.Printable(rest))
	}
	return cleaned.String()
}

// data returns the writer of what other programs read, such as manifests. A terminal gets
// them without what controls it.
func (p *plugin) data() io.Writer {
	if s, wrapped := p.Out.(*screen); wrapped && p.terminal.width == 0 {
		return s.out
	}
	return p.Out
}

// clearScreen moves the cursor to the top left of a terminal, and clears the screen.
func (p *plugin) clearScreen() {
	if s, wrapped := p.Out.(*screen); wrapped {
		// A terminal that can't be written to fails the next write too.
		_, _ = io.WriteString(s.out, "\x1b[H\x1b[2J")
	}
}
