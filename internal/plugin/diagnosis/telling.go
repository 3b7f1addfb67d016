// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import "regexp"

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

var (
	// progress matches a line that a program logs while it runs well, and noProgress those of
	// them that are about its end or about another try.
	progress   = regexp.MustCompile(`(?i)(?:^|[\s\["'=:(])(?:info|debug|trace|notice)(?:[\s\]"':,)]|$)|"level":(?:10|20|30)\b`)
	noProgress = regexp.MustCompile(`(?i)exit|shut|stop|clos|terminat|abort|retry|again|attempt|wait|fail|giv`)
	// closingOnly matches a line that ends the properties of an error.
	closingOnly = regexp.MustCompile(`^[\s\]}),;]*$`)
)

// tellingLine returns the index of the line of a log that says most, and -1 where none says
// anything: the error of the stack trace that the program ended with, or else the last line
// with a telling word. A fatal error comes first, unless the program went on after it.
func tellingLine(lines []string) int {
	begin := handledUntil(lines)
	if at := endedWith(lines, begin); at >= 0 {
		return at
	}
	for _, telling := range tellingWords[1:] {
		if at := lastTelling(lines, begin, telling, tellingWords[0]); at >= 0 {
			return at
		}
	}
	return len(lines) - 1
}

// endedWith returns the index of the line with the error that a program ended with: one that
// is fatal, or that of a stack trace. It is -1 where the end of the log has neither.
func endedWith(lines []string, begin int) int {
	at, end := -1, -1
	if last := lastStack(lines); last != nil && last.begin >= begin && recent(lines, last.end) {
		at, end = last.head, last.end
	}
	if fatal := lastTelling(lines, begin, tellingWords[0]); fatal > end && recent(lines, fatal) {
		at = fatal
	}
	return at
}

// lastTelling returns the index of the last line, from one on, that has one of some telling
// words, and -1 where none has.
func lastTelling(lines []string, begin int, telling ...*regexp.Regexp) int {
	for i := len(lines) - 1; i >= begin; i-- {
		for _, words := range telling {
			if words.MatchString(lines[i]) && !trailers.MatchString(lines[i]) {
				return i
			}
		}
	}
	return -1
}

// recent reports whether a line is at the end of a log: only a few lines follow, without those
// that continue it.
func recent(lines []string, at int) bool {
	after := 0
	for _, line := range lines[at+1:] {
		if !indented(line) && !closingOnly.MatchString(line) && !trailers.MatchString(line) {
			after++
		}
	}
	return after < shownLines
}

// handledUntil returns the index of the first line that may say why a program ended. Lines
// before it are about an error that was handled: it had a stack trace or was fatal, then the
// program made progress, and then it logged another error.
func handledUntil(lines []string) int {
	last := lastTelling(lines, 0, tellingWords[:2]...)
	traced := lastStack(lines)
	if traced != nil && traced.end >= last {
		last = traced.begin
	}
	before := lines[:max(last, 0)]
	if lastStack(before) == nil && lastTelling(before, 0, tellingWords[0]) < 0 {
		return 0
	}
	for i := len(before) - 1; i > 0; i-- {
		goesOn := isProgress(lines[i])
		// The last of two traces says why the program ended, if there are other words between.
		if !goesOn && traced != nil && last == traced.begin {
			goesOn = isWords(lines[i])
		}
		if goesOn && endedWith(lines[:i], 0) >= 0 {
			return i + 1
		}
	}
	return 0
}

// isProgress reports whether a program logged a line while it ran well.
func isProgress(line string) bool {
	return progress.MatchString(line) && !noProgress.MatchString(line) && !tellingWords[1].MatchString(line)
}

// isWords reports whether a line is a message of its own that reports no error.
func isWords(line string) bool {
	return !indented(line) && !isJoint(line) && !closingOnly.MatchString(line) && !trailers.MatchString(line) && !noProgress.MatchString(line) &&
		!tellingWords[0].MatchString(line) && !tellingWords[1].MatchString(line)
}
