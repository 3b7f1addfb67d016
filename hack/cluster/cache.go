package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// cache is the folder outside the checkout that holds the binaries, named by
// version, and the state of the running cluster.
type cache struct{ dir string }

// openCache finds the cache: ATOLL_CACHE, or atoll in the user's cache folder.
func openCache() (cache, error) {
	dir := os.Getenv("ATOLL_CACHE")
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return cache{}, fmt.Errorf("finding the cache folder (set ATOLL_CACHE to choose one): %w", err)
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

// bin holds the binaries, named by tool and version.
func (c cache) bin(name string) string { return c.path("bin", name) }

// assets holds etcd, kube-apiserver and kubectl under the plain names that
// envtest looks for.
func (c cache) assets() string { return c.path("assets", "kubernetes-"+versionOf("kube-apiserver")) }

// cluster holds all that down deletes.
func (c cache) cluster(elem ...string) string {
	return c.path(append([]string{"cluster"}, elem...)...)
}

// state is the part of the cluster's folder that the node sees, as nodeState.
func (c cache) state(elem ...string) string {
	return c.cluster(append([]string{"state"}, elem...)...)
}

func (c cache) kubeconfig() string { return c.cluster("kubeconfig") }

// cgroup names the cgroup subtree of the cluster's pods. It is derived from the
// cache's path, so that two clusters with two caches never share one.
func (c cache) cgroup() string {
	sum := sha256.Sum256([]byte(c.dir))
	return "atoll-" + hex.EncodeToString(sum[:4])
}

// writeFile writes a file in one step: a reader sees the old or the new whole.
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
