// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"unicode/utf8"

	"github.com/atoll-dev/atoll/internal/graph"
)

// cell is a text in a table, with the colour of a state where it has one.
type cell struct {
	state graph.State
	text  string
}

// table is a table with columns as wide as their content. It omits the last column if
// it does not fit, because a truncated URL is useless.
type table struct {
	rows [][]cell
}

const columnGap = "  "

func (t *table) add(cells ...cell) { t.rows = append(t.rows, cells) }

func (t *table) text(terminal terminal) string {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	whole := len(columnGap) * (len(widths) - 1)
	for _, width := range widths {
		whole += width
	}
	columns := len(widths)
	if terminal.width > 0 && whole > terminal.width {
		columns--
	}
	var text strings.Builder
	for _, row := range t.rows {
		for i, c := range row[:columns] {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text))
			if i == columns-1 {
				padding = "\n"
			} else {
				padding += columnGap
			}
			if c.state != "" {
				c.text = terminal.paint(c.state, c.text)
			}
			text.WriteString(c.text + padding)
		}
	}
	return text.String()
}
