// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
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
