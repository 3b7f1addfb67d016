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
	silent, spoken := write("a.conf", "# protected-mode yes\nport 6380\n"), write("b.conf", "port 6380\nprotected-mode yes\n")
	tests := map[string]struct {
		args, want []string
		wantErr    bool
	}{
		"nothing":                     {want: []string{server, "--protected-mode", "no"}},
		"the server":                  {args: []string{server}, want: []string{server, "--protected-mode", "no"}},
		"options alone":               {args: []string{"--appendonly", "yes"}, want: []string{server, "--protected-mode", "no", "--appendonly", "yes"}},
		"a file alone":                {args: []string{silent}, want: []string{server, silent, "--protected-mode", "no"}},
		"a file and options":          {args: []string{server, silent, "--port", "6381"}, want: []string{server, silent, "--protected-mode", "no", "--port", "6381"}},
		"a file with a word on it":    {args: []string{spoken, "--port", "6381"}, want: []string{server, spoken, "--port", "6381"}},
		"a file that there is not":    {args: []string{"/none.conf"}, wantErr: true},
		"the version, which is alone": {args: []string{"--version"}, want: []string{server, "--version"}},
		"another program":             {args: []string{"valkey-cli", "ping"}, want: []string{"valkey-cli", "ping"}},
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
