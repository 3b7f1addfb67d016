// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/atoll-dev/atoll/internal/graph"
)

// terminal describes the terminal that the output goes to.
type terminal struct {
	// width is the number of columns. Zero means that the output is not a terminal.
	width  int
	colour bool
}

func terminalOf(out io.Writer) terminal {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return terminal{}
	}
	t := terminal{width: defaultWidth, colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
		t.width = width
	}
	return t
}

const (
	// defaultWidth is the width of wrapped text if the terminal's width is unknown.
	defaultWidth = 80
	minWidth     = 40
	maxWidth     = 100
)

// textWidth returns the width at which text is wrapped.
func (t terminal) textWidth() int {
	if t.width == 0 {
		return defaultWidth
	}
	return min(max(t.width, minWidth), maxWidth)
}

// mark begins the plugin's own sequences. It is random, so that no text of the cluster contains
// it; screen replaces it.
var mark = rand.Text()

// The sequences that the plugin writes to a terminal.
var (
	redColour, greenColour, yellowColour = mark + "[31m", mark + "[32m", mark + "[33m"
	boldText, plainText                  = mark + "[1m", mark + "[0m"
)

// paint colours text for a state: green if ready, red if stalled or missing, else
// yellow.
func (t terminal) paint(s graph.State, text string) string {
	if !t.colour || text == "" {
		return text
	}
	colour := yellowColour
	switch s {
	case graph.StateReady:
		colour = greenColour
	case graph.StateStalled, graph.StateMissing:
		colour = redColour
	}
	return colour + text + plainText
}

func (t terminal) bold(text string) string {
	if !t.colour {
		return text
	}
	return boldText + text + plainText
}

func (t terminal) treeOptions() graph.TreeOptions {
	return graph.TreeOptions{Width: t.width, Paint: t.paint}
}

// marked returns a text with the mark and the colour of a state.
func (t terminal) marked(s graph.State, text string) string {
	return t.paint(s, graph.Mark(s)+" "+text)
}

// wrap breaks a text into lines. It indents all lines but the first.
func wrap(text string, width int, indent string) string {
	var lines []string
	var now string
	for _, word := range strings.Fields(text) {
		switch {
		case now == "":
			now = word
		case utf8.RuneCountInString(indent)+utf8.RuneCountInString(now)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, now)
			now = word
		default:
			now += " " + word
		}
	}
	return strings.Join(append(lines, now), "\n"+indent)
}
