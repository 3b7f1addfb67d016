package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	postgresMajor  = "17"
	postgresDebian = "trixie" // the Debian release that has this major version
	// postgresRevision changes when the contents of the tar are chosen anew.
	postgresRevision = "2"
	postgresUID      = 999 // as in the official image
)

// postgresTar is the file system of the PostgreSQL image, made from Debian
// packages and kept like a binary.
func (c cache) postgresTar() string {
	return c.path("images", "postgres-"+postgresMajor+"-"+postgresDebian+"-"+postgresRevision+".tar")
}

// buildPostgres downloads the packages and keeps what a server needs of them.
func (c cache) buildPostgres(ctx context.Context) error {
	if packages := absent([]requirement{{"mmdebstrap", "mmdebstrap"}}); len(packages) > 0 {
		if err := install(ctx, packages); err != nil {
			return err
		}
	}
	tmp, err := scratchFolder(filepath.Dir(c.postgresTar()))
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	whole, kept := filepath.Join(tmp, "whole.tar"), filepath.Join(tmp, "kept.tar")

	args := []string{"--variant=extract", "--include=postgresql-" + postgresMajor + ",bash,coreutils,util-linux", "--quiet"}
	// The keys of a release newer than the machine's are in Debian's own folder.
	if exists("/usr/share/keyrings/debian-archive-keyring.gpg") {
		args = append(args, "--keyring=/usr/share/keyrings")
	}
	mirror, err := debianMirror()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "mmdebstrap", append(args, postgresDebian, whole, mirror)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mmdebstrap: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := filterTar(whole, kept, wantedInPostgres); err != nil {
		return fmt.Errorf("choosing files: %w", err)
	}
	return os.Rename(kept, c.postgresTar())
}

// unwanted are folders that a database server never reads. Without LLVM there is
// no just-in-time compilation, which PostgreSQL takes note of by itself.
var unwanted = []string{
	"boot", "dev", "proc", "sys", "run", "tmp", "home", "media", "mnt", "opt", "srv", "root",
	"etc/apt", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/perl", "usr/share/perl5",
	"usr/lib/postgresql/" + postgresMajor + "/lib/bitcode", "usr/lib/postgresql/" + postgresMajor + "/lib/llvmjit.so",
	"usr/include", "var/cache", "var/lib/apt", "var/lib/dpkg", "var/log",
}

func wantedInPostgres(name string) bool {
	clean := strings.TrimPrefix(path.Clean(name), "./")
	for _, dir := range unwanted {
		if clean == dir || strings.HasPrefix(clean, dir+"/") {
			return false
		}
	}
	base := path.Base(clean)
	return !strings.HasPrefix(base, "libLLVM") && !strings.HasPrefix(base, "libperl.so") && !strings.HasPrefix(clean, "usr/lib/llvm")
}

// filterTar copies the wanted entries of a tar.
func filterTar(from, to string, wanted func(name string) bool) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()

	in, out := tar.NewReader(source), tar.NewWriter(target)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out.Close()
		}
		if err != nil {
			return err
		}
		if !wanted(header.Name) || (header.Typeflag == tar.TypeLink && !wanted(header.Linkname)) {
			continue
		}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(out, in); err != nil {
			return err
		}
	}
}

// postgresImage puts our entry point on top of Debian's files.
func postgresImage(tarball, entrypoint string) (v1.Image, error) {
	bin := "/usr/lib/postgresql/" + postgresMajor + "/bin"
	own := []entry{
		{path: "etc/passwd", mode: 0o644, content: []byte("root:x:0:0:root:/root:/bin/bash\npostgres:x:999:999::/var/lib/postgresql:/bin/bash\n")},
		{path: "etc/group", mode: 0o644, content: []byte("root:x:0:\npostgres:x:999:\n")},
		{path: "tmp/", mode: 0o1777},
		{path: "usr/bin/sh", mode: 0o777, link: "bash"},
		{path: "usr/local/bin/docker-entrypoint.sh", mode: 0o755, source: entrypoint},
		{path: "var/lib/postgresql/", mode: 0o755, uid: postgresUID},
		{path: "var/lib/postgresql/data/", mode: 0o700, uid: postgresUID},
		{path: "run/", mode: 0o755},
		{path: "run/postgresql/", mode: 0o775, uid: postgresUID},
	}
	config := v1.Config{
		Entrypoint:   []string{"docker-entrypoint.sh"},
		Cmd:          []string{"postgres"},
		User:         fmt.Sprintf("%d:%d", postgresUID, postgresUID),
		StopSignal:   "SIGINT", // PostgreSQL's fast shutdown
		WorkingDir:   "/",
		ExposedPorts: map[string]struct{}{"5432/tcp": {}},
		Env: []string{
			"PATH=/usr/local/bin:" + bin + ":/usr/bin:/bin",
			"PGDATA=/var/lib/postgresql/data", "PG_MAJOR=" + postgresMajor, "LANG=C.UTF-8",
		},
	}
	return imageOf(config, layerSource{tar: tarball}, layerSource{entries: own})
}
