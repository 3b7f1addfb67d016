package main

import (
	"archive/tar"
	"bytes"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMatchesAny(t *testing.T) {
	patterns := []string{"run", "usr/share/doc", "usr/lib/*/libLLVM*"}
	tests := map[string]struct {
		name string
		want bool
	}{
		"matching folder":             {"./run/", true},
		"file in a matching folder":   {"./usr/share/doc/bash/README", true},
		"wildcard":                    {"usr/lib/x86_64-linux-gnu/libLLVM.so.19.1", true},
		"name with a matching prefix": {"./usr/share/docs", false},
		"parent of a matching folder": {"./usr/share/", false},
		"same name in another folder": {"./usr/lib/run", false},
		"wildcard matches one level":  {"usr/lib/a/b/libLLVM.so", false},
		"unrelated file":              {"./usr/bin/psql", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := matchesAny(patterns, tc.name); got != tc.want {
				t.Errorf("matchesAny returned %t, want %t", got, tc.want)
			}
		})
	}
}

func TestFilterTar(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	var whole bytes.Buffer
	err := writeTar(&whole, []entry{
		{path: "./usr/bin/psql", mode: 0o755, content: []byte("psql")},
		{path: "./usr/share/doc/readme", mode: 0o644, content: []byte("read me")},
		{path: "./dev/null", mode: 0o644},
		{path: "./usr/lib/x86_64-linux-gnu/libLLVM.so.19.1", mode: 0o644},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(from, whole.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := filterTar(from, to, slices.Concat(commonUnwanted, postgres.unwanted)); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	archive := tar.NewReader(file)
	var kept []string
	for header, err := archive.Next(); err == nil; header, err = archive.Next() {
		kept = append(kept, header.Name)
	}
	if got := strings.Join(kept, " "); got != "./usr/bin/psql" {
		t.Errorf("kept %q", got)
	}
}

func TestDebianTarDependsOnPackagesAndPatterns(t *testing.T) {
	c := cache{dir: "/cache"}
	first := c.debianTar(valkey)
	if dir, base := filepath.Split(first); dir != "/cache/images/" || !strings.HasPrefix(base, "valkey-8.1-"+debianRelease+"-") {
		t.Errorf("the tar is %q", first)
	}
	more := valkey
	more.packages = append(slices.Clone(valkey.packages), "tzdata")
	less := valkey
	less.unwanted = []string{"usr/share/lintian"}
	if c.debianTar(more) == first || c.debianTar(less) == first {
		t.Error("different packages or patterns have the same tar")
	}
}

// The program and entries of an image do not depend on Debian's files.
func TestDebianImages(t *testing.T) {
	own, err := ownArtifacts()
	if err != nil {
		t.Fatal(err)
	}
	debian := filepath.Join(t.TempDir(), "debian.tar")
	var empty bytes.Buffer
	if err := writeTar(&empty, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(debian, empty.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		image debianImage
		user  string
		wants []string
	}{
		"library/postgres:17 library/postgres:17-trixie": {postgres, "999:999", []string{"var/lib/postgresql/data/", "run/postgresql/"}},
		"library/mariadb:11.8 library/mariadb:11.8-noble": {
			mariadbImage, "999:999",
			[]string{"etc/mysql/my.cnf", "etc/mysql/conf.d/", "var/lib/mysql/", "run/mysqld/"},
		},
		"valkey/valkey:8.1 valkey/valkey:8.1-trixie": {valkey, "999:999", []string{"data/"}},
		"rclone/rclone:1.76":                         {rclone, "1009:1009", []string{"data/", "usr/local/bin/rclone"}},
	}
	if len(tests) != len(debianImages) {
		t.Errorf("%d of %d images have a test", len(tests), len(debianImages))
	}
	for refs, tc := range tests {
		t.Run(refs, func(t *testing.T) {
			if got := strings.Join(tc.image.refs(), " "); got != refs {
				t.Errorf("the references are %q, want %q", got, refs)
			}
			if !slices.ContainsFunc(slices.Concat(own, toolArtifacts), func(a artifact) bool { return a.name == tc.image.program }) {
				t.Errorf("no artifact is named %q", tc.image.program)
			}
			image, err := tc.image.image(debian, binary(t, "code"))
			if err != nil {
				t.Fatal(err)
			}
			config, err := image.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if config.Config.User != tc.user {
				t.Errorf("the user is %q, want %q", config.Config.User, tc.user)
			}
			files := filesOf(t, image)
			for _, want := range append(tc.wants, "etc/passwd", "etc/group", "tmp/", "usr/bin/sh", "var/run") {
				if files[want] == nil {
					t.Errorf("%s is missing", want)
				}
			}
			start := path.Join("usr/local/bin", config.Config.Entrypoint[0])
			if h := files[start]; h == nil || h.Mode != 0o755 || h.Size != 4 {
				t.Errorf("the entry point %s has header %+v", start, h)
			}
		})
	}
}
