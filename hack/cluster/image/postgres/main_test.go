package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCommand(t *testing.T) {
	tests := map[string]struct{ args, want []string }{
		"nothing":         {nil, []string{"postgres"}},
		"postgres":        {[]string{"postgres", "-c", "max_connections=100"}, []string{"postgres", "-c", "max_connections=100"}},
		"flags alone":     {[]string{"-c", "max_connections=100"}, []string{"postgres", "-c", "max_connections=100"}},
		"another program": {[]string{"psql", "-l"}, []string{"psql", "-l"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := command(tc.args); !slices.Equal(got, tc.want) {
				t.Errorf("command returned %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSettingsFrom(t *testing.T) {
	env := map[string]string{"POSTGRES_USER": "orders"}
	s := settingsFrom(func(key string) string { return env[key] })
	if s.user != "orders" || s.database != "orders" || s.data != "/var/lib/postgresql/data" {
		t.Errorf("settings are %+v", s)
	}
}

func TestRefuseForeign(t *testing.T) {
	tests := map[string]struct {
		files   []string
		wantErr bool
	}{
		"empty":                         {},
		"a new file system":             {files: []string{"lost+found"}},
		"an interrupted initdb":         {files: []string{stagingName}},
		"an interrupted move":           {files: []string{marker, stagingName, "base", "global"}},
		"somebody's files":              {files: []string{"photos"}, wantErr: true},
		"somebody's beside our staging": {files: []string{stagingName, "photos"}, wantErr: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range tc.files {
				if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := refuseForeign(dir); (err != nil) != tc.wantErr {
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
	write(stagingName + "/PG_VERSION")
	if err := clear(data); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(data, "base")); err == nil {
		t.Error("half of a database is kept")
	}

	write(stagingName + "/PG_VERSION")
	write(stagingName + "/base/1")
	if err := promote(filepath.Join(data, stagingName), data); err != nil {
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
