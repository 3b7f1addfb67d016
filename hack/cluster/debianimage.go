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

// debianImage is an image of Debian packages with the name and the conventions of the
// official image of the same software.
type debianImage struct {
	repository string
	// tag is the version. base is the operating system that the official image's tags
	// name in addition; empty if they name none.
	tag, base string
	// user is the user of the official image; id is its user and group ID.
	user string
	id   int
	home string
	// packages lists packages of debianRelease in addition to commonPackages.
	packages []string
	// unwanted lists path patterns to leave out in addition to commonUnwanted.
	unwanted []string
	// program is the artifact that the image contains at path, usually its entry point.
	program, path string
	// entries lists additional files and folders.
	entries []entry
	config  v1.Config
}

// debianImages lists all images of Debian packages.
var debianImages = []debianImage{postgres, mariadbImage, valkey, rclone}

// debianRelease is the release that has the versions in the images' tags.
const debianRelease = "trixie"

// entryPoint is the path of the entry point, as in the official images.
const entryPoint = "/usr/local/bin/docker-entrypoint.sh"

// commonPackages lists the packages that scripts in every image can rely on.
var commonPackages = []string{"bash", "coreutils", "findutils", "grep", "gzip", "sed", "tar", "util-linux"}

// commonUnwanted lists the path patterns that no server reads.
var commonUnwanted = []string{
	"boot", "dev", "proc", "sys", "run", "tmp", "home", "media", "mnt", "opt", "srv", "root",
	"etc/apt", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info",
	"usr/include", "var/cache", "var/lib/apt", "var/lib/dpkg", "var/lock", "var/log", "var/run",
	"usr/bin/perl*", "usr/share/perl*", "usr/lib/*/perl*", "usr/lib/*/libperl.so*",
}

// debianTar returns the cached file system of an image. Its name includes a digest of
// the packages and patterns, so that a change creates a new tar.
func (c cache) debianTar(d debianImage) string {
	choice := hexDigest(fmt.Sprint(commonPackages, commonUnwanted, d.packages, d.unwanted))
	return c.path("images", strings.Join([]string{path.Base(d.repository), d.tag, debianRelease, choice[:12]}, "-")+".tar")
}

// refs returns the names of an image: with the base, and without it.
func (d debianImage) refs() []string {
	ref := d.repository + ":" + d.tag
	if d.base == "" {
		return []string{ref}
	}
	return []string{ref, ref + "-" + d.base}
}

// missingImages returns the images whose file systems are not in the cache.
func (c cache) missingImages() []debianImage {
	return slices.DeleteFunc(slices.Clone(debianImages), func(d debianImage) bool { return exists(c.debianTar(d)) })
}

// buildDebian downloads the packages and keeps the files that the image needs.
func (c cache) buildDebian(ctx context.Context, d debianImage) error {
	if packages := missingPackages([]requirement{{"mmdebstrap", "mmdebstrap"}}); len(packages) > 0 {
		if err := installPackages(ctx, packages); err != nil {
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
	// This folder has the keys of releases that are newer than the machine's.
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
		return fmt.Errorf("filtering files: %w", err)
	}
	return os.Rename(kept, c.debianTar(d))
}

// filterTar copies the tar entries that match no pattern.
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
		if matchesAny(unwanted, header.Name) || (header.Typeflag == tar.TypeLink && matchesAny(unwanted, header.Linkname)) {
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

// matchesAny reports whether a pattern matches a path or one of its parent folders.
func matchesAny(patterns []string, name string) bool {
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

// image builds the image: Debian's files and a layer with the program and entries.
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
	return newImage(config, layerSource{tar: tarball}, layerSource{entries: append(own, d.entries...)})
}
