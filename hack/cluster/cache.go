package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// cache is the folder that holds the versioned binaries and the state of the running
// cluster. It lies outside the checkout.
type cache struct{ dir string }

// openCache returns the cache in ATOLL_CACHE, or atoll in the user's cache folder.
func openCache() (cache, error) {
	dir := os.Getenv("ATOLL_CACHE")
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return cache{}, fmt.Errorf("finding the cache folder: %w; set ATOLL_CACHE to a folder", err)
		}
		dir = filepath.Join(base, "atoll")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return cache{}, fmt.Errorf("finding the cache folder: %w", err)
	}
	return cache{dir: dir}, nil
}

func (c cache) path(elem ...string) string {
	return filepath.Join(append([]string{c.dir}, elem...)...)
}

// bin returns the path of a binary, which is named by program and version.
func (c cache) bin(name string) string { return c.path("bin", name) }

// assets returns the folder with etcd, kube-apiserver and kubectl under the names that
// envtest expects.
func (c cache) assets() string { return c.path("assets", "kubernetes-"+kubernetesVersion) }

// cluster returns a path in the folder that down deletes.
func (c cache) cluster(elem ...string) string {
	return c.path(append([]string{"cluster"}, elem...)...)
}

// state returns a path in the part of the cluster's folder that is mounted in the node
// as nodeState.
func (c cache) state(elem ...string) string {
	return c.cluster(append([]string{"state"}, elem...)...)
}

func (c cache) kubeconfig() string { return c.cluster("kubeconfig") }

// createLog creates the log file of a step, outside the folder that down deletes.
func (c cache) createLog(name string) (*os.File, error) {
	if err := os.MkdirAll(c.path("logs"), 0o755); err != nil {
		return nil, err
	}
	return os.Create(c.path("logs", name+".log"))
}

// lastLines returns the end of a log file, and where the rest is.
func lastLines(path string) string {
	const count = 20
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) > count {
		lines = append([]string{"..."}, lines[len(lines)-count:]...)
	}
	return strings.Join(lines, "\n") + "\nthe whole output: " + path
}

// cgroup returns the name of the pods' cgroup. It depends on the cache's path, so that
// two clusters with two caches never share one.
func (c cache) cgroup() string {
	sum := sha256.Sum256([]byte(c.dir))
	return "atoll-" + hex.EncodeToString(sum[:4])
}

// writeFile replaces a file atomically.
func writeFile(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), mode)
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	return err
}
