package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "volumes", "one")
	if err := run([]string{"/setup"}, dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o777 {
		t.Errorf("stat returned %v, %v", info, err)
	}
	if err := run([]string{"/teardown"}, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder still exists")
	}
	for _, wrong := range []string{"", "/", "relative"} {
		if err := run([]string{"/teardown"}, wrong); err == nil {
			t.Errorf("VOL_DIR %q was accepted", wrong)
		}
	}
}
