package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// runDown ends the cluster and deletes all of it but the cache of binaries.
func runDown(_ context.Context, args []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	if given, err := c.givenCluster(); given || err != nil {
		return err
	}
	if exists(c.cluster()) {
		if err := canRun(); err != nil {
			return err
		}
	}
	unlock, err := c.lock("lock")
	if err != nil {
		return err
	}
	defer unlock()

	current, err := c.readRecord()
	if err != nil {
		return err
	}
	if err := c.endNode(current); err != nil {
		return err
	}
	if err := retry(10*time.Second, func() error { return os.RemoveAll(c.cluster()) }); err != nil {
		return fmt.Errorf("deleting the cluster's state: %w", err)
	}
	if slices.Contains(args, "--all") {
		if err := os.RemoveAll(c.dir); err != nil {
			return fmt.Errorf("deleting the cache: %w", err)
		}
		fmt.Fprintf(os.Stderr, "the cluster and the cache %s are gone\n", c.dir)
		return nil
	}
	fmt.Fprintf(os.Stderr, "the cluster is gone; the binaries stay in %s (down --all deletes them too)\n", c.dir)
	return nil
}

// endNode ends what a record names and what may be left of it. Ending process 1
// of the node ends all in it, and its mounts and interfaces go with it.
func (c cache) endNode(current record) error {
	for _, p := range []process{current.Node, current.Supervisor} {
		if err := p.kill(30 * time.Second); err != nil {
			return err
		}
	}
	for _, root := range cgroupRoots() {
		if err := retry(10*time.Second, func() error { return removeCgroup(root + "/" + c.cgroup()) }); err != nil {
			return fmt.Errorf("removing the pods' cgroups: %w", err)
		}
	}
	return nil
}

// removeCgroup removes a cgroup and those below it. Its files can't be deleted
// and need not be.
func removeCgroup(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeCgroup(dir + "/" + entry.Name()); err != nil {
				return err
			}
		}
	}
	return os.Remove(dir)
}

// retry calls until it succeeds: what a dying process held is let go of soon.
func retry(timeout time.Duration, run func() error) error {
	deadline := time.Now().Add(timeout)
	for {
		err := run()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func quote(value string) string { return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'" }
