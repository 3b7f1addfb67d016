package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCommand(t *testing.T) {
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	unset, set := write("a.conf", "# protected-mode yes\nport 6380\n"), write("b.conf", "port 6380\nprotected-mode yes\n")
	tests := map[string]struct {
		args, want []string
		wantErr    bool
	}{
		"no arguments":             {want: []string{server, "--protected-mode", "no"}},
		"server":                   {args: []string{server}, want: []string{server, "--protected-mode", "no"}},
		"options only":             {args: []string{"--appendonly", "yes"}, want: []string{server, "--protected-mode", "no", "--appendonly", "yes"}},
		"file only":                {args: []string{unset}, want: []string{server, unset, "--protected-mode", "no"}},
		"file and options":         {args: []string{server, unset, "--port", "6381"}, want: []string{server, unset, "--protected-mode", "no", "--port", "6381"}},
		"file sets protected mode": {args: []string{set, "--port", "6381"}, want: []string{server, set, "--port", "6381"}},
		"missing file":             {args: []string{"/none.conf"}, wantErr: true},
		"version":                  {args: []string{"--version"}, want: []string{server, "--version"}},
		"another program":          {args: []string{"valkey-cli", "ping"}, want: []string{"valkey-cli", "ping"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := command(tc.args)
			if (err != nil) != tc.wantErr || !slices.Equal(got, tc.want) {
				t.Errorf("command returned %q, %v; want %q, error %t", got, err, tc.want, tc.wantErr)
			}
		})
	}
}
