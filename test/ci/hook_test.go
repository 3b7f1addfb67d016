// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestHook runs the command of the pre-commit hook.
func TestHook(t *testing.T) {
	var hooks []struct {
		ID, Entry, Language string
		PassFilenames       *bool `json:"pass_filenames"`
	}
	if err := yaml.Unmarshal([]byte(read(t, root+"/.pre-commit-hooks.yaml")), &hooks); err != nil {
		t.Fatal(err)
	}
	hook := hooks[0]
	if hook.ID != "atoll-lint" || hook.Language != "golang" || hook.PassFilenames == nil || *hook.PassFilenames {
		t.Fatalf("the hook is %+v", hook)
	}
	// pre-commit runs go install ./... and finds the program by the first word.
	program, _, _ := strings.Cut(hook.Entry, " ")
	commands, err := exec.Command("go", "-C", root, "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, "./...").Output()
	if err != nil || !strings.Contains(string(commands), "/"+program+"\n") {
		t.Fatalf("go install ./... makes no %s: %v\n%s", program, err, commands)
	}
	for args, wantCode := range map[string]int{"-f good.yaml": 0, "-f 'bad files'": 1, "": 2} {
		j := newJob(t)
		j.env = []string{"PATH=" + filepath.Dir(plugin) + ":/usr/bin:/bin"}
		if code := j.run(t, hook.Entry+" "+args+"\n", nil, "bash"); code != wantCode {
			t.Errorf("args %q: exit code %d, want %d\n%s", args, code, wantCode, j.log.String())
		}
	}
}
