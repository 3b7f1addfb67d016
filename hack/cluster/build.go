package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// missing returns the artifacts that the cache does not hold.
func (c cache) missing(lists ...[]artifact) []artifact {
	var out []artifact
	for _, list := range lists {
		for _, a := range list {
			if _, err := os.Stat(c.bin(a.file())); err != nil {
				out = append(out, a)
			}
		}
	}
	return out
}

// build builds one artifact into the cache. An interrupted build leaves no binary
// under the final name, so the next run builds it again.
func (c cache) build(ctx context.Context, a artifact) error {
	unlock, err := c.lock("build.lock")
	if err != nil {
		return err
	}
	defer unlock()
	if err := os.MkdirAll(c.path("bin"), 0o755); err != nil {
		return err
	}
	if exists(c.bin(a.file())) {
		return nil // Another run built it while this one waited for the lock.
	}
	// The binary is built in a scratch folder and moved to its place.
	out := c.bin(a.file())
	tmp, err := scratchFolder(filepath.Dir(out))
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	binary := filepath.Join(tmp, filepath.Base(out))
	if err := c.goBuild(ctx, runtime.GOOS, a.module, a.pkg, binary, a.ldflags, a.toolchainEnv()...); err != nil {
		return err
	}
	return os.Rename(binary, out)
}

// buildTasks returns the tasks that build artifacts.
func (c cache) buildTasks(ctx context.Context, artifacts []artifact) []task {
	var tasks []task
	for _, a := range artifacts {
		tasks = append(tasks, task{"building " + a.name + " " + a.version, a.expected(), func() error { return c.build(ctx, a) }})
	}
	return tasks
}

// scratchFolder creates an empty build folder and deletes the one of an interrupted
// build. The caller holds a lock on the parent folder.
func scratchFolder(dir string) (string, error) {
	tmp := filepath.Join(dir, ".building")
	if err := os.RemoveAll(tmp); err != nil {
		return "", err
	}
	return tmp, os.MkdirAll(tmp, 0o755)
}

// goBuild builds a static Go binary for this machine's architecture. Go does not
// rewrite a binary that is up to date. The go command's output goes to a log file. The
// variables env win over those of this process.
func (c cache) goBuild(ctx context.Context, goos, module, pkg, out, ldflags string, env ...string) error {
	log, err := c.createLog("build-" + filepath.Base(out))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", strings.TrimSpace("-s -w "+ldflags), "-o", out, pkg)
	cmd.Dir = module
	cmd.Env = append(buildEnv(os.Environ(), goos), env...)
	cmd.Stdout, cmd.Stderr = log, log
	// An interrupt lets the go command delete its temporary files.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return errors.New("the go command is not in PATH")
		}
		return fmt.Errorf("go build %s (in %s): %w\n%s", pkg, filepath.Join("hack", "cluster", module), err, lastLines(log.Name()))
	}
	return nil
}

// toolchainEnv returns the variable that chooses the Go version, if the artifact needs one.
func (a artifact) toolchainEnv() []string {
	if a.toolchain == "" {
		return nil
	}
	return []string{"GOTOOLCHAIN=" + a.toolchain}
}

// buildEnv removes the caller's variables that would change a build.
func buildEnv(env []string, goos string) []string {
	out := make([]string, 0, len(env)+4)
	for _, entry := range env {
		switch key, _, _ := strings.Cut(entry, "="); key {
		case "CGO_ENABLED", "GOFLAGS", "GOOS", "GOARCH", "GOWORK", "PWD":
		default:
			out = append(out, entry)
		}
	}
	return append(out, "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+runtime.GOARCH, "GOWORK=off", "GOFLAGS=")
}

// linkAssets links the binaries under the names without a version that envtest expects.
func (c cache) linkAssets() error {
	if err := os.MkdirAll(c.assets(), 0o755); err != nil {
		return err
	}
	for _, a := range testAssets {
		want := filepath.Join("..", "..", "bin", a.file())
		link := filepath.Join(c.assets(), a.name)
		if have, err := os.Readlink(link); err == nil && have == want {
			continue
		}
		if err := os.RemoveAll(link); err != nil {
			return err
		}
		if err := os.Symlink(want, link); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// runAssets builds the binaries for envtest and prints their folder.
func runAssets(ctx context.Context, _ []string) error {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		fmt.Println(dir)
		return nil
	}
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		return errors.New("set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl")
	}
	c, err := openCache()
	if err != nil {
		return err
	}
	if err := runTasks(os.Stderr, c.buildTasks(ctx, c.missing(testAssets))); err != nil {
		return err
	}
	if err := c.linkAssets(); err != nil {
		return fmt.Errorf("linking the test assets: %w", err)
	}
	fmt.Println(c.assets())
	return nil
}
