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

// runDown stops the cluster and deletes its state, but not the cached binaries.
func runDown(_ context.Context, args []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	if external, err := c.usesExternalCluster(); external || err != nil {
		return err
	}
	if exists(c.cluster()) {
		if err := checkPrerequisites(); err != nil {
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
	if err := c.stopNode(current); err != nil {
		return err
	}
	if err := retry(10*time.Second, func() error { return os.RemoveAll(c.cluster()) }); err != nil {
		return fmt.Errorf("deleting the cluster's state: %w", err)
	}
	if slices.Contains(args, "--all") {
		if err := os.RemoveAll(c.dir); err != nil {
			return fmt.Errorf("deleting the cache: %w", err)
		}
		fmt.Fprintf(os.Stderr, "deleted the cluster and the cache %s\n", c.dir)
		return nil
	}
	fmt.Fprintf(os.Stderr, "deleted the cluster; the binaries stay in %s (down --all deletes them too)\n", c.dir)
	return nil
}

// stopNode kills the processes of a record and removes the pods' cgroups. Killing
// process 1 of the node also ends its processes, mounts and interfaces.
func (c cache) stopNode(current record) error {
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

// removeCgroup removes a cgroup and its children. The kernel removes their files, which
// can't be deleted.
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

// retry calls run until it succeeds, because a dying process releases its resources
// with a delay.
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

func shellQuote(value string) string { return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'" }
