// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"

	"github.com/atoll-dev/atoll/internal/output"
)

// screen is the writer of all commands. It removes what controls a terminal from texts of
// the cluster, and passes the plugin's own colours.
type screen struct {
	out    io.Writer
	plugin *plugin
}

// Write implements io.Writer. Callers write whole texts.
func (s *screen) Write(p []byte) (int, error) {
	if _, err := io.WriteString(s.out, s.clean(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// clean returns a printable text with the plugin's own colours.
func (s *screen) clean(text string) string {
	if !s.plugin.terminal.colour {
		return output.Printable(text)
	}
	var cleaned strings.Builder
	for text != "" {
		at, sequence := nextColour(text)
		cleaned.WriteString(output.Printable(text[:at]) + sequence)
		text = text[at+len(sequence):]
	}
	return cleaned.String()
}

// nextColour returns where the plugin's next colour begins, and its sequence. Without one it
// returns the length of the text.
func nextColour(text string) (int, string) {
	first, sequence := len(text), ""
	for _, colour := range colours {
		if at := strings.Index(text[:first], colour); at >= 0 {
			first, sequence = at, colour
		}
	}
	return first, sequence
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
