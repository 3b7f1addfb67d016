// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package output makes text that containers and other programs wrote safe to show: without
// what controls a terminal, and without passwords. It is pure.
package output

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// escapes are the sequences that a terminal acts on: control sequences, such as colours and
// cursor movements, strings, such as the title of the window, and single commands. The
// introducers of one character (C1) count too. A string of C1 is ASCII and has an end: text that
// was encoded twice contains the same introducers, and must stay.
var escapes = regexp.MustCompile(`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x{9c}\n]*(?:\x07|\x1b\\|\x{9c})?|[\x{90}\x{98}\x{9d}-\x{9f}][^\x07\x1b\n\x{80}-\x{10ffff}]*(?:\x07|\x1b\\|\x{9c})|\x1b[ -/]*[0-~]`)

// Printable removes what controls a terminal or the direction of text: escape sequences,
// control characters other than line feed and tab, and bidirectional controls. Invalid UTF-8
// becomes '?'.
func Printable(text string) string {
	if !strings.ContainsFunc(text, isControl) && utf8.ValidString(text) {
		return text
	}
	text = escapes.ReplaceAllString(strings.ToValidUTF8(text, "?"), "")
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, text)
}

func isControl(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	// Marks, embeddings, overrides and isolates of the bidirectional algorithm, and
	// separators of lines and paragraphs.
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}
