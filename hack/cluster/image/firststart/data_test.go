package firststart

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestRefuseForeign(t *testing.T) {
	tests := map[string]struct {
		files   []string
		wantErr bool
	}{
		"empty":                         {},
		"a new file system":             {files: []string{"lost+found"}},
		"an interrupted initdb":         {files: []string{staging}},
		"an interrupted move":           {files: []string{marker, staging, "base", "global"}},
		"somebody's files":              {files: []string{"photos"}, wantErr: true},
		"somebody's beside our staging": {files: []string{staging, "photos"}, wantErr: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range tc.files {
				if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := (Data{Dir: dir}).refuseForeign(); (err != nil) != tc.wantErr {
				t.Errorf("refuseForeign returned %v, want error %t", err, tc.wantErr)
			}
		})
	}
}

func TestInterruptedMoveIsBegunAgain(t *testing.T) {
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
	d := Data{Dir: data, Sign: "PG_VERSION"}
	if err := d.clear(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(data, "base")); err == nil {
		t.Error("half of a database is kept")
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
		t.Errorf("the folder holds %q, want %q", names, want)
	}
}

func TestFailedStartIsBegunAgain(t *testing.T) {
	d := Data{Dir: filepath.Join(t.TempDir(), "data"), Sign: "mysql"}
	failed := errors.New("the power is gone")
	err := d.Make(func(dir string) error {
		return errors.Join(os.MkdirAll(filepath.Join(dir, "mysql"), 0o700), failed)
	})
	if !errors.Is(err, failed) || d.Exists() {
		t.Fatalf("Make returned %v, and the data exists: %t", err, d.Exists())
	}
	err = d.Make(func(dir string) error {
		if _, err := os.Stat(dir); err == nil {
			return errors.New("there is something left of the first attempt")
		}
		return os.MkdirAll(filepath.Join(dir, "mysql"), 0o700)
	})
	if err != nil || !d.Exists() {
		t.Fatalf("Make returned %v, and the data exists: %t", err, d.Exists())
	}
}
