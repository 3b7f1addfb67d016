package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// runUp starts the cluster, or does nothing when it runs.
func runUp(ctx context.Context, _ []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	if given, err := c.givenCluster(); given || err != nil {
		return err
	}
	if err := canRun(); err != nil {
		return err
	}
	unlock, err := c.lock("lock")
	if err != nil {
		return err
	}
	defer unlock()

	own, err := ownArtifacts()
	if err != nil {
		return fmt.Errorf("%w (run it as: go -C hack/cluster run . up)", err)
	}
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	began := time.Now()
	if running(current) && c.settled(ctx, current, own) {
		fmt.Fprintf(os.Stderr, "the cluster is up (%s)\n", elapsed(began))
		c.describe(os.Stderr, current)
		return nil
	}
	if err := c.bringUp(ctx, own); err != nil {
		return err
	}
	if current, err = c.readRecord(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "the cluster is up (%s)\n", elapsed(began))
	c.describe(os.Stderr, current)
	return nil
}

// givenCluster tells whether the caller brings a cluster along, and says so.
func (c cache) givenCluster() (bool, error) {
	kubeconfig, registry := os.Getenv("KUBECONFIG"), os.Getenv("IMAGE_REGISTRY")
	if kubeconfig == c.kubeconfig() {
		return false, nil // What env printed is this tool's own cluster.
	}
	switch {
	case kubeconfig != "" && registry != "":
		fmt.Fprintf(os.Stderr, "KUBECONFIG and IMAGE_REGISTRY are set: using the cluster of %s with images from %s\n", kubeconfig, registry)
		return true, nil
	case registry != "":
		return false, errors.New("IMAGE_REGISTRY is set without KUBECONFIG: set both to use a cluster of your own, or neither")
	}
	return false, nil
}

// canRun says what to do where this tool can't start a cluster.
func canRun() error {
	const instead = "or set KUBECONFIG and IMAGE_REGISTRY to use a cluster and a registry of your own"
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the local cluster runs on Linux only: use a Linux machine, %s", instead)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("the local cluster needs root: run it with sudo, %s", instead)
	}
	return nil
}

// work is a step of up, with what it is called while it runs.
type work struct {
	label string
	run   func() error
}

func (c cache) bringUp(ctx context.Context, own []artifact) error {
	var todo []work
	if packages := absent(requirements); len(packages) > 0 {
		todo = append(todo, work{"installing " + strings.Join(packages, ", "), func() error { return install(ctx, packages) }})
	}
	for _, a := range c.missing(testAssets, nodeArtifacts, addOnArtifacts, toolArtifacts, own) {
		todo = append(todo, work{"building " + a.name + " " + a.version, func() error { return c.build(ctx, a) }})
	}
	for _, d := range c.missingImages() {
		todo = append(todo, work{"making the image " + d.repository + ":" + d.tag + " from Debian packages", func() error { return c.buildDebian(ctx, d) }})
	}
	var api *apiClient
	todo = append(todo,
		work{"starting the node", func() (err error) { api, err = c.startNode(ctx); return err }},
		work{"pushing the system images and applying the add-ons", func() error { return c.furnish(ctx, own) }},
		work{"waiting for the node, DNS, storage and gateway", func() error { return c.awaitReady(ctx, api) }},
	)
	steps := &progress{out: os.Stderr, total: len(todo)}
	for _, w := range todo {
		if err := steps.step(w.label, w.run); err != nil {
			return err
		}
	}
	return nil
}
