//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

const (
	root = "../../.."
	// samples is the path of the samples in the repository, and in the Git repository of a test.
	samples = "config/samples/gitops"
	// upstream is the repository in the samples.
	upstream = "https://github.com/atoll-dev/atoll"
	base     = samples + "/shop/base"
	// production is the overlay that the scenarios change.
	production = samples + "/shop/overlays/production"
)

// repository is a Git repository with config/samples/gitops. Only the addresses of the repository and
// of images differ from those in the samples, and the operator's manifest.
type repository struct {
	// folder is the work tree.
	folder string
	// url is where the tools read it.
	url string
	// first is the commit with the samples.
	first string
}

// newRepository creates a repository. url returns where the tools read a folder.
func newRepository(url func(folder string) string) *repository {
	GinkgoHelper()
	r := &repository{folder: GinkgoT().TempDir()}
	r.git("init", "--quiet", "--initial-branch=main")
	r.url = url(r.folder)
	Expect(os.CopyFS(filepath.Join(r.folder, samples), os.DirFS(filepath.Join(root, samples)))).To(Succeed())
	Expect(filepath.WalkDir(r.folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasPrefix(path, filepath.Join(r.folder, samples)) {
			r.localize(path)
		}
		return err
	})).To(Succeed())
	// The controllers that install charts are not part of the test.
	r.write(samples+"/flux/operator/release.yaml", installManifest())
	r.commit("first release")
	r.first = r.head()
	return r
}

// serveGit serves the repository in a folder with Git's own server on the loopback interface, and
// returns its URL.
func serveGit(folder string) string {
	GinkgoHelper()
	path, err := exec.LookPath("git")
	Expect(err).NotTo(HaveOccurred())
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: &cgi.Handler{
		Path: path, Args: []string{"http-backend"}, Dir: folder, Stderr: GinkgoWriter,
		Env: []string{"GIT_PROJECT_ROOT=" + folder, "GIT_HTTP_EXPORT_ALL=1"},
	}}
	go func() { _ = server.Serve(listener) }()
	DeferCleanup(server.Close)
	return "http://" + listener.Addr().String() + "/.git"
}

// localize replaces the addresses in a file.
func (r *repository) localize(path string) {
	GinkgoHelper()
	text, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	out := strings.ReplaceAll(string(text), upstream, r.url)
	for name, reference := range images {
		image, tag := splitReference(reference)
		out = strings.ReplaceAll(out, "{name: ghcr.io/atoll-dev/"+name+", newTag: v0.1.0}", "{name: ghcr.io/atoll-dev/"+name+", newName: \""+image+"\", newTag: \""+tag+"\"}")
	}
	Expect(os.WriteFile(path, []byte(out), 0o600)).To(Succeed())
}

// installManifest returns the operator's manifest without its Namespace, which the samples have.
func installManifest() string {
	GinkgoHelper()
	text, err := os.ReadFile(filepath.Join(root, "dist", "install.yaml"))
	Expect(err).NotTo(HaveOccurred())
	var kept []string
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		if !strings.Contains("\n"+document, "\nkind: Namespace\n") {
			kept = append(kept, document)
		}
	}
	out := strings.Join(kept, "\n---\n")
	image, tag := splitReference(images["atoll"])
	const released = "image: ghcr.io/atoll-dev/atoll:v0.1.0"
	Expect(out).To(ContainSubstring(released))
	return strings.ReplaceAll(out, released, "image: "+image+":"+tag)
}

func splitReference(reference string) (image, tag string) {
	colon := strings.LastIndexByte(reference, ':')
	return reference[:colon], reference[colon+1:]
}

func (r *repository) read(path string) string {
	GinkgoHelper()
	text, err := os.ReadFile(filepath.Join(r.folder, path))
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

func (r *repository) write(path, text string) {
	GinkgoHelper()
	Expect(os.WriteFile(filepath.Join(r.folder, path), []byte(text), 0o600)).To(Succeed())
}

// replace replaces a text in a file, which must have it.
func (r *repository) replace(path, before, after string) {
	GinkgoHelper()
	text := r.read(path)
	Expect(text).To(ContainSubstring(before))
	r.write(path, strings.Replace(text, before, after, 1))
}

// commit commits all changes.
func (r *repository) commit(message string) {
	GinkgoHelper()
	r.git("add", "--all")
	r.git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message="+message)
}

// restore commits the samples again, if they changed.
func (r *repository) restore() {
	GinkgoHelper()
	r.git("restore", "--source="+r.first, "--worktree", "--staged", ".")
	if r.git("status", "--porcelain") != "" {
		r.commit("first release again")
	}
}

// head returns the name of the last commit.
func (r *repository) head() string {
	GinkgoHelper()
	return strings.TrimSpace(r.git("rev-parse", "HEAD"))
}

func (r *repository) git(args ...string) string {
	GinkgoHelper()
	command := exec.Command("git", args...)
	command.Dir = r.folder
	// The user's settings, such as signatures, do not matter here.
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull)
	out, err := run(command)
	Expect(err).NotTo(HaveOccurred())
	return out
}
