// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"regexp"
	"slices"
	"strings"
)

// traceback is how a runtime writes an error that ends a program: the error and the frames,
// in either order, and its causes.
type traceback struct {
	// frame matches a line of the stack.
	frame *regexp.Regexp
	// joint matches the other lines between the frames of one error.
	joint *regexp.Regexp
	// head matches the line with the error.
	head *regexp.Regexp
	// below means that the error follows the frames, as in Python.
	below bool
	// prefix is what the runtime writes before the error.
	prefix *regexp.Regexp
}

var tracebacks = []traceback{
	{ // Python: the error follows the frames, and is the first line that is not indented.
		frame: regexp.MustCompile(`^\s+File "[^"]+", line \d+`),
		below: true,
	},
	{ // Node, Java and other languages of the JVM, and .NET: errors, causes, and frames with "at".
		frame: regexp.MustCompile(`^\s+at \S`),
		joint: regexp.MustCompile(`^\s+--- End of |^\s+\.\.\. \d+ (?:more|common frames)|^\s+Suppressed: |^Emitted '\w+' event`),
		head: regexp.MustCompile(`^\s*(?:Unhandled exception\. |Unhandled Exception: |Uncaught |Exception in thread "[^"]*" |Caused by: |---> |\[cause\]: )?` +
			`(?:[A-Za-z_$][\w$]*[./])*[\w$]*(?:Error|Exception|Throwable|Failure)\b`),
		prefix: regexp.MustCompile(`^\s*(?:Unhandled exception\. |Unhandled Exception: |Uncaught |Exception in thread "[^"]*" |Caused by: |---> |\[cause\]: )+`),
	},
	{ // Ruby: the error is before the frames, after the place.
		frame:  regexp.MustCompile("^\\s+(?:\\d+: )?from \\S+:\\d+:in [`']"),
		joint:  regexp.MustCompile(`^\s+\.\.\. \d+ levels`),
		head:   regexp.MustCompile("^\\S+:\\d+:in [`'].*?': .*"),
		prefix: regexp.MustCompile("^\\S+:\\d+:in [`'].*?': "),
	},
	{ // Go: the error is before the goroutines.
		frame: regexp.MustCompile(`^goroutine \d+ .*\[`),
		joint: regexp.MustCompile(`^(?:created by .*|\s+\S.*|[^\s:]\S*\(.*\)|\[signal .*|exit status \d+|\s*)$`),
		head:  regexp.MustCompile(`^(?:panic|fatal error): `),
	},
}

// rustPanic is the line before the error of a Rust program.
var rustPanic = regexp.MustCompile(`^thread '[^']*'.* panicked at [^']*:$`)

// rustFrame matches the lines of the backtrace below the error of a Rust program.
var rustFrame = regexp.MustCompile(`^(?:stack backtrace:$|\s+\d+: |\s+at \S|note: )`)

// springDescription is the line before the error of a Spring Boot application that does not
// start.
const springDescription = "Description:"

// maxHead is the number of lines that the message of an error may have before its frames.
const maxHead = 10

// stack is a stack trace of a log, by the indices of its lines.
type stack struct {
	// begin and end are its first and its last line, and head is the line with the error.
	begin, head, end int
}

// lastStack returns the last stack trace of a log, and nil where the log has none.
func lastStack(lines []string) *stack {
	var last *stack
	later := func(s *stack) {
		if s != nil && (last == nil || s.end >= last.end) {
			last = s
		}
	}
	for i := range tracebacks {
		later(tracebacks[i].find(lines))
	}
	for i := range lines {
		later(announced(lines, i))
	}
	return last
}

// announced returns the error that follows a line which announces one, and nil after another
// line.
func announced(lines []string, at int) *stack {
	head := at + 1
	switch {
	case strings.TrimSpace(lines[at]) == springDescription:
		for head < len(lines) && strings.TrimSpace(lines[head]) == "" {
			head++
		}
	case !rustPanic.MatchString(lines[at]):
		return nil
	}
	if head >= len(lines) {
		return nil
	}
	end := head
	for end+1 < len(lines) && rustFrame.MatchString(lines[end+1]) {
		end++
	}
	return &stack{begin: at, head: head, end: end}
}

// find returns the last stack trace of one kind.
func (t *traceback) find(lines []string) *stack {
	last := len(lines) - 1
	for last >= 0 && !t.frame.MatchString(lines[last]) {
		last--
	}
	if last < 0 {
		return nil
	}
	if t.below {
		return t.findBelow(lines, last)
	}
	first, end := last, last
	for first > 0 && t.within(lines[first-1]) {
		first--
	}
	for end+1 < len(lines) && t.within(lines[end+1]) {
		end++
	}
	above := first - 1
	if above < 0 {
		return nil
	}
	// A message may have several lines. An earlier trace is not about the same error.
	for i := above; i >= max(0, above-maxHead) && !t.within(lines[i]); i-- {
		if t.head.MatchString(lines[i]) {
			return &stack{i, i, end}
		}
		if namesError.MatchString(lines[i]) {
			break
		}
	}
	return &stack{above, above, end}
}

// namesError matches a line that names the class of an error after other words.
var namesError = regexp.MustCompile(`\b[A-Za-z_$][\w$.]*(?:Error|Exception)\b`)

// within reports whether a line is one of the stack, and not the error itself.
func (t *traceback) within(line string) bool {
	return t.frame.MatchString(line) || t.joint.MatchString(line) && !t.head.MatchString(line)
}

// findBelow returns a stack trace whose error is the first line after the frames that is not
// indented.
func (t *traceback) findBelow(lines []string, last int) *stack {
	first := last
	for first > 0 && (t.frame.MatchString(lines[first-1]) || indented(lines[first-1])) {
		first--
	}
	if first > 0 && strings.HasSuffix(lines[first-1], "(most recent call last):") {
		first--
	}
	for i := last + 1; i < len(lines); i++ {
		if !indented(lines[i]) && strings.TrimSpace(lines[i]) != "" {
			return &stack{first, i, i}
		}
	}
	return nil
}

func indented(line string) bool { return strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") }

// isJoint reports whether a line is one between the frames of an error in any runtime.
func isJoint(line string) bool {
	return slices.ContainsFunc(tracebacks, func(t traceback) bool { return t.joint != nil && t.joint.MatchString(line) })
}
