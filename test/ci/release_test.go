// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// releaseVersion is the version of the release of the tests.
const releaseVersion = "v9.8.7"

// makeRelease makes a folder with a release, as GitHub serves it, and returns its URL. change may
// replace the archive after its checksum was computed.
func makeRelease(t *testing.T, change func(archive string)) (releases string) {
	t.Helper()
	folder := t.TempDir()
	files := filepath.Join(folder, "download", releaseVersion)
	if err := os.MkdirAll(files, 0o755); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("kubectl-atoll_%s_%s_%s.tar.gz", releaseVersion[1:], runtime.GOOS, runtime.GOARCH)
	archive := filepath.Join(files, name)
	writeArchive(t, archive)
	sum := sha256.Sum256([]byte(read(t, archive)))
	// The other lines are those of files that no test needs.
	checksums := fmt.Sprintf("%064d  kubectl-atoll_%s_plan9_amd64.tar.gz\n%x  %s\n%064d  %s.sbom.json\n", 0, releaseVersion[1:], sum, name, 0, name)
	if err := os.WriteFile(filepath.Join(files, "checksums.txt"), []byte(checksums), 0o600); err != nil {
		t.Fatal(err)
	}
	latest := filepath.Join(folder, "latest")
	if err := os.Mkdir(latest, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(files, filepath.Join(latest, "download")); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(archive)
	}
	return "file://" + folder
}

// writeArchive writes an archive with another file and a script in the place of the plugin, which
// starts it: the plugin is large.
func writeArchive(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	compressed := gzip.NewWriter(file)
	archive := tar.NewWriter(compressed)
	for name, content := range map[string]string{"kubectl-atoll": "#!/bin/sh\nexec " + plugin + " \"$@\"\n", "LICENSE": "none"} {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	for _, closer := range []interface{ Close() error }{archive, compressed, file} {
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
