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
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// debianImage is an image made from Debian packages, with the name and the
// conventions of the official image of the same software.
type debianImage struct {
	repository string
	tag        string
	// user and id are those of the official image, and its group's.
	user string
	id   int
	home string
	// packages of debianRelease, beside those of every image.
	packages []string
	// unwanted are patterns of paths that it never reads, beside those of every image.
	unwanted []string
	// program is the artifact that the image is for, if it is not in a package:
	// ours, at path. Most often it is the entry point.
	program, path string
	// entries are the files and folders of its own.
	entries []entry
	config  v1.Config
}

// debianImages are all there are.
var debianImages = []debianImage{postgres, mariadb, valkey, rclone}

// debianRelease has the versions that the images' tags promise.
const debianRelease = "trixie"

// entryPoint is where an image has its entry point, whose name is the official one's.
const entryPoint = "/usr/local/bin/docker-entrypoint.sh"

// commonPackages are what scripts in an image can count on.
var commonPackages = []string{"bash", "coreutils", "findutils", "grep", "gzip", "sed", "tar", "util-linux"}

// commonUnwanted are what no server reads.
var commonUnwanted = []string{
	"boot", "dev", "proc", "sys", "run", "tmp", "home", "media", "mnt", "opt", "srv", "root",
	"etc/apt", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info",
	"usr/include", "var/cache", "var/lib/apt", "var/lib/dpkg", "var/lock", "var/log", "var/run",
	"usr/bin/perl*", "usr/share/perl*", "usr/lib/*/perl*", "usr/lib/*/libperl.so*",
}

// debianTar is the file system of an image, kept like a binary: another choice of
// files is another tar.
func (c cache) debianTar(d debianImage) string {
	choice := digest(fmt.Sprint(commonPackages, commonUnwanted, d.packages, d.unwanted))
	return c.path("images", strings.Join([]string{path.Base(d.repository), d.tag, debianRelease, choice[:12]}, "-")+".tar")
}

// missingImages returns the images whose files the cache does not hold.
func (c cache) missingImages() []debianImage {
	return slices.DeleteFunc(slices.Clone(debianImages), func(d debianImage) bool { return exists(c.debianTar(d)) })
}

// buildDebian downloads the packages and keeps what the image needs of them.
func (c cache) buildDebian(ctx context.Context, d debianImage) error {
	if packages := absent([]requirement{{"mmdebstrap", "mmdebstrap"}}); len(packages) > 0 {
		if err := install(ctx, packages); err != nil {
			return err
		}
	}
	tmp, err := scratchFolder(filepath.Dir(c.debianTar(d)))
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	whole, kept := filepath.Join(tmp, "whole.tar"), filepath.Join(tmp, "kept.tar")

	packages := strings.Join(slices.Concat(commonPackages, d.packages), ",")
	args := []string{"--variant=extract", "--include=" + packages, "--quiet"}
	// The keys of a release newer than the machine's are in Debian's own folder.
	if exists("/usr/share/keyrings/debian-archive-keyring.gpg") {
		args = append(args, "--keyring=/usr/share/keyrings")
	}
	mirror, err := debianMirror()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "mmdebstrap", append(args, debianRelease, whole, mirror)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mmdebstrap: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := filterTar(whole, kept, slices.Concat(commonUnwanted, d.unwanted)); err != nil {
		return fmt.Errorf("choosing files: %w", err)
	}
	return os.Rename(kept, c.debianTar(d))
}

// filterTar copies the entries of a tar that no pattern matches.
func filterTar(from, to string, unwanted []string) (err error) {
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
		if matches(unwanted, header.Name) || (header.Typeflag == tar.TypeLink && matches(unwanted, header.Linkname)) {
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

// matches tells whether a pattern matches a path or a folder that it is in.
func matches(patterns []string, name string) bool {
	parts := strings.Split(path.Clean(name), "/")
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		depth := strings.Count(pattern, "/") + 1
		if len(parts) < depth {
			return false
		}
		matched, err := path.Match(pattern, strings.Join(parts[:depth], "/"))
		return matched && err == nil
	})
}

// image puts what is ours on top of Debian's files.
func (d debianImage) image(tarball, program string) (v1.Image, error) {
	own := []entry{
		{path: "etc/passwd", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:0:root:/root:/bin/bash\n%s:x:%d:%d::%s:/bin/bash\n", d.user, d.id, d.id, d.home)},
		{path: "etc/group", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:\n%s:x:%d:\n", d.user, d.id)},
		{path: "tmp/", mode: 0o1777},
		{path: "run/", mode: 0o755},
		{path: "var/run", mode: 0o777, link: "/run"},
		{path: "usr/bin/sh", mode: 0o777, link: "bash"},
		{path: d.path[1:], mode: 0o755, source: program},
	}
	config := d.config
	config.User = fmt.Sprintf("%d:%d", d.id, d.id)
	return imageOf(config, layerSource{tar: tarball}, layerSource{entries: append(own, d.entries...)})
}
