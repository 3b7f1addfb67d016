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

// runUp starts or repairs the cluster; it does nothing if the cluster is up to date.
func runUp(ctx context.Context, _ []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	if external, err := c.usesExternalCluster(); external || err != nil {
		return err
	}
	policies, err := wantsPolicies()
	if err != nil {
		return err
	}
	if err := checkPrerequisites(); err != nil {
		return err
	}
	unlock, err := c.lock("lock")
	if err != nil {
		return err
	}
	defer unlock()

	own, err := ownArtifacts()
	if err != nil {
		return fmt.Errorf("%w; run: go -C hack/cluster run . up", err)
	}
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	if running(current) {
		if err := checkPolicies(current.Policies, policies); err != nil {
			return err
		}
	}
	begin := time.Now()
	if running(current) && c.upToDate(ctx, current, own) {
		fmt.Fprintf(os.Stderr, "the cluster is up (%s)\n", elapsed(begin))
		c.printAddresses(os.Stderr, current)
		return nil
	}
	if err := c.bringUp(ctx, own, policies); err != nil {
		return err
	}
	if current, err = c.readRecord(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "the cluster is up (%s)\n", elapsed(begin))
	c.printAddresses(os.Stderr, current)
	return nil
}

// usesExternalCluster reports whether the caller provides a cluster, and prints that.
func (c cache) usesExternalCluster() (bool, error) {
	kubeconfig, registry := os.Getenv("KUBECONFIG"), os.Getenv("IMAGE_REGISTRY")
	if kubeconfig == c.kubeconfig() {
		return false, nil // env set KUBECONFIG to this tool's cluster.
	}
	switch {
	case kubeconfig != "" && registry != "":
		fmt.Fprintf(os.Stderr, "KUBECONFIG and IMAGE_REGISTRY are set: using the cluster of %s with images from %s\n", kubeconfig, registry)
		return true, nil
	case registry != "":
		return false, errors.New("IMAGE_REGISTRY is set without KUBECONFIG; set both to use your own cluster, or neither")
	}
	return false, nil
}

// checkPrerequisites returns an error if this tool can't start a cluster here.
func checkPrerequisites() error {
	const instead = "or set KUBECONFIG and IMAGE_REGISTRY to use your own cluster and registry"
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the local cluster runs on Linux only; use a Linux machine, %s", instead)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("the local cluster needs root; use sudo, %s", instead)
	}
	return nil
}

// task is a step of bringUp.
type task struct {
	label string
	run   func() error
}

// bringUp builds whatever is missing, starts the node and waits until it is ready.
func (c cache) bringUp(ctx context.Context, own []artifact, policies bool) error {
	var tasks []task
	if packages := missingPackages(wantedPrograms(policies)); len(packages) > 0 {
		tasks = append(tasks, task{"installing " + strings.Join(packages, ", "), func() error { return installPackages(ctx, packages) }})
	}
	for _, a := range c.missing(testAssets, wantedNodeArtifacts(policies), addOnArtifacts, toolArtifacts, own) {
		tasks = append(tasks, task{"building " + a.name + " " + a.version, func() error { return c.build(ctx, a) }})
	}
	for _, d := range c.missingImages() {
		tasks = append(tasks, task{"building the image " + d.repository + ":" + d.tag + " from Debian packages", func() error { return c.buildDebian(ctx, d) }})
	}
	var api *apiClient
	tasks = append(tasks,
		task{"starting the node", func() (err error) { api, err = c.startNode(ctx); return err }},
		task{"pushing the system images and applying the add-ons", func() error { return c.installAddOns(ctx, own) }},
		task{"waiting for the node, DNS, storage and gateway", func() error { return c.waitUntilReady(ctx, api) }},
	)
	steps := &progress{out: os.Stderr, total: len(tasks)}
	for _, t := range tasks {
		if err := steps.step(t.label, t.run); err != nil {
			return err
		}
	}
	return nil
}
