// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"regexp"
	"strings"
)

// traceback is how a runtime writes an error that ends a program: the error and the frames,
// in either order, and its causes.
type traceback struct {
	// frame matches a line of the stack.
	frame *regexp.Regexp
	// head matches the line with the error.
	head *regexp.Regexp
	// below means that the error follows the frames, as in Python.
	below bool
	// toEnd means that what follows the first frame belongs to the trace.
	toEnd bool
	// prefix is what the runtime writes before the error.
	prefix *regexp.Regexp
}

var tracebacks = []traceback{
	{ // Python: the error follows the frames, and is the first line that is not indented.
		frame: regexp.MustCompile(`^\s+File "[^"]+", line \d+`),
		head:  regexp.MustCompile(`^[A-Za-z_][\w.]*(?::|$)`),
		below: true,
	},
	{ // Node, Java and other languages of the JVM, and .NET: errors, causes, and frames with "at".
		frame: regexp.MustCompile(`^\s+at \S`),
		head: regexp.MustCompile(`^\s*(?:Unhandled exception\. |Unhandled Exception: |Uncaught |Exception in thread "[^"]*" |Caused by: |---> |\[cause\]: )?` +
			`(?:[A-Za-z_$][\w$]*[./])*[\w$]*(?:Error|Exception|Throwable|Failure)\b`),
		prefix: regexp.MustCompile(`^\s*(?:Unhandled exception\. |Unhandled Exception: |Uncaught |Exception in thread "[^"]*" |Caused by: |---> |\[cause\]: )+`),
	},
	{ // Ruby: the error is before the frames, after the place.
		frame:  regexp.MustCompile("^\\s+(?:\\d+: )?from \\S+:\\d+:in [`']"),
		head:   regexp.MustCompile("^\\S+:\\d+:in [`'].*?': .*"),
		prefix: regexp.MustCompile("^\\S+:\\d+:in [`'].*?': "),
	},
	{ // Go: the error is before the goroutines.
		frame: regexp.MustCompile(`^goroutine \d+ \[`),
		head:  regexp.MustCompile(`^(?:panic|fatal error): `),
		toEnd: true,
	},
}

// rustPanic is the line before the error of a Rust program.
var rustPanic = regexp.MustCompile(`^thread '[^']*'.* panicked at [^']*:$`)

// springDescription is the line before the error of a Spring Boot application that does not
// start.
const springDescription = "Description:"

// tellingWords mark the lines of a log that say most, in order of weight.
var tellingWords = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b(?:fatal|panic)\b`),
	regexp.MustCompile(`(?i)(?:\b|[a-z])(?:error|exception|failed|failure|cannot|can't|could not|denied|refused|no such|not found)\b`),
	regexp.MustCompile(`[A-Za-z]`),
}

// trailers are lines that a runtime or a package manager writes after the error: they say
// nothing about the cause.
var trailers = regexp.MustCompile(`^(?:Node\.js v\d|npm (?:ERR!|error|notice)|error Command failed|info Visit |exit status \d+$|note: run with |\(Use .node |` +
	`\[signal |goroutine \d+ \[|created by |\s+(?:at|from) \S|\s+File "|\s*code: '|\s*errno: |\s*syscall: |Command exited with )`)

// lastWords returns the line of a log that says most, without its timestamp and without what a
// runtime writes before an error.
func lastWords(lines []string) string {
	at := tellingLine(lines)
	if at < 0 {
		return ""
	}
	line := lines[at]
	for i := range tracebacks {
		if prefix := tracebacks[i].prefix; prefix != nil {
			line = prefix.ReplaceAllString(line, "")
		}
	}
	return cut(words(line), 160)
}

// tellingLine returns the index of the line of a log that says most, and -1 where none says
// anything: the error of the last stack trace, or else the last line with a telling word. A
// fatal error that is logged after a stack trace comes first.
func tellingLine(lines []string) int {
	at, end := tracedError(lines)
	for weight, telling := range tellingWords {
		for i := len(lines) - 1; i >= 0; i-- {
			line := lines[i]
			if !telling.MatchString(line) || trailers.MatchString(line) {
				continue
			}
			if at >= 0 && (weight > 0 || i <= end) {
				return at
			}
			return i
		}
	}
	if at < 0 && len(lines) > 0 {
		return len(lines) - 1
	}
	return at
}

// tracedError returns the index of the error of the last stack trace of a log, and the index
// of the last line of that trace; -1 where the log has none.
func tracedError(lines []string) (at, end int) {
	at, end = -1, -1
	for i := range tracebacks {
		if head, last := tracebacks[i].find(lines); head >= 0 && last > end {
			at, end = head, last
		}
	}
	for i := range lines {
		said := i + 1
		if strings.TrimSpace(lines[i]) == springDescription {
			for said < len(lines) && strings.TrimSpace(lines[said]) == "" {
				said++
			}
		} else if !rustPanic.MatchString(lines[i]) {
			continue
		}
		if said < len(lines) && said > end {
			at, end = said, said
		}
	}
	return at, end
}

// find returns the index of the error of the last stack trace of one kind, and that of the
// trace's last line.
func (t *traceback) find(lines []string) (at, end int) {
	last := len(lines) - 1
	for last >= 0 && !t.frame.MatchString(lines[last]) {
		last--
	}
	if last < 0 {
		return -1, -1
	}
	if t.below {
		for i := last + 1; i < len(lines); i++ {
			if t.head.MatchString(lines[i]) {
				return i, i
			}
		}
		return -1, -1
	}
	end = last
	if t.toEnd {
		end = len(lines) - 1
	}
	// Of an error and its causes, the last one is the cause of all.
	for i := last; i >= 0; i-- {
		if t.head.MatchString(lines[i]) && !t.frame.MatchString(lines[i]) {
			return i, end
		}
	}
	return -1, -1
}
