package firststart

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCheckNoForeignFiles(t *testing.T) {
	tests := map[string]struct {
		files   []string
		wantErr bool
	}{
		"empty":                        {},
		"new file system":              {files: []string{"lost+found"}},
		"interrupted initdb":           {files: []string{staging}},
		"interrupted move":             {files: []string{marker, staging, "base", "global"}},
		"foreign files":                {files: []string{"photos"}, wantErr: true},
		"foreign files beside staging": {files: []string{staging, "photos"}, wantErr: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range tc.files {
				if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := (Data{Dir: dir}).checkNoForeignFiles(); (err != nil) != tc.wantErr {
				t.Errorf("checkNoForeignFiles returned %v, want error %t", err, tc.wantErr)
			}
		})
	}
}

func TestInterruptedMoveIsRestarted(t *testing.T) {
	data := t.TempDir()
	write := func(path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(data, path)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, path), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(marker)
	write("base/1")
	write(staging + "/PG_VERSION")
	d := Data{Dir: data, Sentinel: "PG_VERSION"}
	if err := d.removeIncomplete(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(data, "base")); err == nil {
		t.Error("incomplete data was kept")
	}

	write(staging + "/PG_VERSION")
	write(staging + "/base/1")
	if err := d.promote(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(data)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if want := []string{"PG_VERSION", "base"}; !slices.Equal(names, want) {
		t.Errorf("the folder contains %q, want %q", names, want)
	}
}

func TestFailedStartIsRestarted(t *testing.T) {
	d := Data{Dir: filepath.Join(t.TempDir(), "data"), Sentinel: "mysql"}
	failed := errors.New("power failure")
	err := d.Create(func(dir string) error {
		return errors.Join(os.MkdirAll(filepath.Join(dir, "mysql"), 0o700), failed)
	})
	if !errors.Is(err, failed) || d.Exists() {
		t.Fatalf("Create returned %v; data exists: %t", err, d.Exists())
	}
	err = d.Create(func(dir string) error {
		if _, err := os.Stat(dir); err == nil {
			return errors.New("files of the first attempt were kept")
		}
		return os.MkdirAll(filepath.Join(dir, "mysql"), 0o700)
	})
	if err != nil || !d.Exists() {
		t.Fatalf("Create returned %v; data exists: %t", err, d.Exists())
	}
}
