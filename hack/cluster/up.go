package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
		fmt.Fprintf(os.Stderr, "the cluster is up (%s)\n", roundDuration(time.Since(begin)))
		c.printAddresses(os.Stderr, current)
		return nil
	}
	if err := c.bringUp(ctx, own, policies); err != nil {
		return err
	}
	if current, err = c.readRecord(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "the cluster is up (%s)\n", roundDuration(time.Since(begin)))
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
	const instead = "or run make demo KIND=1 with docker, kind and kubectl, or set KUBECONFIG and IMAGE_REGISTRY to use your own cluster and registry"
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the local cluster runs on Linux only; use a Linux machine, %s", instead)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("the local cluster needs root; use sudo, %s", instead)
	}
	return nil
}

// bringUp builds whatever is missing, starts the node and waits until it is ready.
func (c cache) bringUp(ctx context.Context, own []artifact, policies bool) error {
	var tasks []task
	if packages := missingPackages(wantedPrograms(policies)); len(packages) > 0 {
		tasks = append(tasks, task{"installing " + strings.Join(packages, ", "), 15 * time.Second, func() error { return installPackages(ctx, packages) }})
	}
	tasks = append(tasks, c.buildTasks(ctx, c.missing(testAssets, wantedNodeArtifacts(policies), addOnArtifacts, toolArtifacts, own))...)
	for _, d := range c.missingImages() {
		tasks = append(tasks, task{"building the image " + d.repository + ":" + d.tag + " from Debian packages", 25 * time.Second, func() error { return c.buildDebian(ctx, d) }})
	}
	var api *apiClient
	tasks = append(tasks,
		task{"starting the node", 10 * time.Second, func() (err error) { api, err = c.startNode(ctx); return err }},
		task{"pushing the system images and applying the add-ons", 10 * time.Second, func() error { return c.installAddOns(ctx, own) }},
		task{"waiting for the node, DNS, storage and gateway", 20 * time.Second, func() error { return c.waitUntilReady(ctx, api) }},
	)
	if remaining := totalExpected(tasks); remaining > 5*time.Minute && kindWorks(ctx) {
		fmt.Fprintf(os.Stderr, "This builds Kubernetes%s. docker and kind work here: make demo KIND=1 downloads images instead.\n", describeRemaining(remaining))
	}
	return runTasks(os.Stderr, tasks)
}

// kindWorks reports whether this machine can start a cluster of kind.
func kindWorks(ctx context.Context) bool {
	for _, program := range []string{"kind", "kubectl"} {
		if _, err := exec.LookPath(program); err != nil {
			return false
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return exec.CommandContext(ctx, "docker", "info").Run() == nil
}
