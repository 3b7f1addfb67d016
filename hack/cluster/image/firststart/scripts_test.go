package firststart

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRunScripts(t *testing.T) {
	tests := map[string]struct {
		scripts map[string]string
		want    string // the output of the scripts
		wantErr string
	}{
		"no scripts": {},
		"ordered by name": {
			scripts: map[string]string{"20-b.sql": "b", "10-a.sh": `printf "a" >> "$OUT"`, "30-c.sh": `printf "c" >> "$OUT"`},
			want:    "abc",
		},
		"ignores other files": {
			scripts: map[string]string{"README.md": "read me", "10-a.sh.bak": "exit 1"},
		},
		"stops after a failure": {
			scripts: map[string]string{"10-a.sh": `printf "a" >> "$OUT"; exit 3`, "20-b.sql": "b"},
			want:    "a",
			wantErr: "10-a.sh: sh: exit status 3",
		},
		"stops after an SQL failure": {
			scripts: map[string]string{"10-a.sql": "fail", "20-b.sql": "b"},
			wantErr: "10-a.sql: no such table",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			folder, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
			for script, text := range tc.scripts {
				if err := os.WriteFile(filepath.Join(folder, script), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err := RunScripts(folder, []string{"OUT=" + out}, func(path string) error {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				if string(text) == "fail" {
					return errors.New("no such table")
				}
				written, err := os.ReadFile(out)
				if err != nil && !errors.Is(err, os.ErrNotExist) {
					return err
				}
				return os.WriteFile(out, append(written, text...), 0o600)
			})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if !strings.HasSuffix(got, tc.wantErr) || (tc.wantErr == "") != (err == nil) {
				t.Errorf("RunScripts returned %q, want suffix %q", got, tc.wantErr)
			}
			if written, _ := os.ReadFile(out); string(written) != tc.want {
				t.Errorf("the scripts wrote %q, want %q", written, tc.want)
			}
		})
	}
}

func TestRunScriptsWithoutFolder(t *testing.T) {
	if err := RunScripts(filepath.Join(t.TempDir(), "none"), nil, nil); err != nil {
		t.Errorf("RunScripts returned %v", err)
	}
}

func TestWithServerName(t *testing.T) {
	tests := map[string]struct{ args, want []string }{
		"no arguments":    {nil, []string{"postgres"}},
		"server":          {[]string{"postgres", "-c", "max_connections=100"}, []string{"postgres", "-c", "max_connections=100"}},
		"options only":    {[]string{"-c", "max_connections=100"}, []string{"postgres", "-c", "max_connections=100"}},
		"another program": {[]string{"psql", "-l"}, []string{"psql", "-l"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := WithServerName("postgres", tc.args); !slices.Equal(got, tc.want) {
				t.Errorf("WithServerName returned %q, want %q", got, tc.want)
			}
		})
	}
}
