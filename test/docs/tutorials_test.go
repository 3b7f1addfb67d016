// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var shellBlocks = regexp.MustCompile("(?ms)^ *```(?:sh|bash)\n(.*?)^ *```")

// TestShellBlocksParse lets bash parse the shell commands of all documents.
func TestShellBlocksParse(t *testing.T) {
	parsed := 0
	for _, document := range documents(t) {
		for _, block := range shellBlocks.FindAllStringSubmatch(read(t, document), -1) {
			parsed++
			command := exec.CommandContext(t.Context(), "bash", "-n")
			command.Stdin = strings.NewReader(block[1])
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", document, err, out, block[1])
			}
		}
	}
	if parsed < 50 {
		t.Errorf("parsed %d blocks, want at least 50", parsed)
	}
}

// TestTutorialsWaitForStates checks that no command of a tutorial waits for a fixed time.
func TestTutorialsWaitForStates(t *testing.T) {
	tutorials := 0
	for _, document := range documents(t) {
		if !strings.HasPrefix(document, "docs/tutorials/") {
			continue
		}
		tutorials++
		for _, block := range shellBlocks.FindAllStringSubmatch(read(t, document), -1) {
			if regexp.MustCompile(`(?m)\bsleep\b`).MatchString(block[1]) {
				t.Errorf("%s: use kubectl wait instead of sleep:\n%s", document, block[1])
			}
		}
	}
	if tutorials < 6 {
		t.Errorf("found %d tutorials, want at least 6", tutorials)
	}
}

// blocks are the blocks of a document that have a language.
var blocks = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```\n")

// step is a block of commands of a tutorial, and what the tutorial shows as its output.
type step struct{ Commands, Output string }

// stepsOf returns the blocks marked sh. A block marked console that follows one immediately shows its
// output; other ones are examples.
func stepsOf(text string) []step {
	var steps []step
	end, afterShell := 0, false
	for _, at := range blocks.FindAllStringSubmatchIndex(text, -1) {
		language, body := text[at[2]:at[3]], text[at[4]:at[5]]
		switch {
		case language == "sh":
			steps = append(steps, step{Commands: body})
		case language == "console" && afterShell && strings.TrimSpace(text[end:at[0]]) == "":
			steps[len(steps)-1].Output = body
		}
		end, afterShell = at[1], language == "sh"
	}
	return steps
}

// containsLines reports whether a text has the lines of another one, in their order. Commands may
// write more than a document shows.
func containsLines(text, wanted string) bool {
	missing := strings.Split(strings.TrimSpace(wanted), "\n")
	for line := range strings.Lines(text) {
		if len(missing) > 0 && strings.TrimSpace(line) == strings.TrimSpace(missing[0]) {
			missing = missing[1:]
		}
	}
	return len(missing) == 0 || strings.TrimSpace(wanted) == ""
}

func TestStepsOf(t *testing.T) {
	const text = "Do this:\n\n```sh\na\n```\n\n```console\n1\n```\n\n```bash\nb\n```\n\n```console\n2\n```\n\n```sh\nc\n```\n\nFor example:\n\n```console\n3\n```\n"
	want := []step{{Commands: "a\n", Output: "1\n"}, {Commands: "c\n"}}
	if diff := cmp.Diff(want, stepsOf(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestContainsLines(t *testing.T) {
	for wanted, want := range map[string]bool{"": true, "a\n": true, "a\nc\n": true, "  c\n": true, "c\na\n": false, "c\nb\n": false, "d\n": false, "ab": false} {
		if got := containsLines("a\nb\nc\n", wanted); got != want {
			t.Errorf("%q: got %t", wanted, got)
		}
	}
}
