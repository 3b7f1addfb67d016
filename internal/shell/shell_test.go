// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const written = `#!/bin/sh
# Says who is there.
# shellcheck disable=SC2154 # A part sets it.

@greet@
if true; then
  # A comment inside.
  greet "$name" # and one behind a command
fi
echo @word@@word@ done@example.com
`

func TestRead(t *testing.T) {
	files := fstest.MapFS{"scripts/greet.sh": {Data: []byte(written)}}
	want := `@greet@
if true; then
  greet "$name" # and one behind a command
fi
echo @word@@word@ done@example.com
`
	if diff := cmp.Diff(want, Read(files, "scripts/greet.sh")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadPanicsWithoutFile(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a missing script did not panic")
		}
	}()
	Read(fstest.MapFS{}, "scripts/greet.sh")
}

func TestFill(t *testing.T) {
	script := "@greet@\necho @word@@word@ done@example.com @other@\n"
	want := "greet() {\n  echo \"$1\"\n}\necho xx done@example.com @other@\n"
	got := Fill(script, map[string]string{"greet": "greet() {\n  echo \"$1\"\n}\n", "word": "x"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
