package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// readinessCheck checks one part of the cluster.
type readinessCheck struct {
	name  string
	check func(context.Context) error
	// look is the command that shows why the part is not ready.
	look string
}

// readinessChecks returns the checks of a cluster whose node started at since.
func readinessChecks(api *apiClient, since time.Time) []readinessCheck {
	deployment := func(namespace, name string) func(context.Context) error {
		return func(ctx context.Context) error {
			if err := api.checkAvailable(ctx, namespace, name); err != nil {
				return err
			}
			return api.checkStartedSince(ctx, namespace, name, since)
		}
	}
	addOn := func(what, namespace, name string) readinessCheck {
		return readinessCheck{what, deployment(namespace, name), inCluster("kubectl -n " + namespace + " describe pods")}
	}
	return []readinessCheck{
		{"the node", func(ctx context.Context) error { return api.checkCondition(ctx, "/api/v1/nodes/"+nodeName, "Ready") }, "go -C hack/cluster run . logs kubelet"},
		addOn("CoreDNS", "kube-system", "coredns"),
		addOn("metrics-server", "kube-system", "metrics-server"),
		addOn("the local path provisioner", "local-path-storage", "local-path-provisioner"),
		addOn("Traefik", "traefik", "traefik"),
		{"the gateway class", func(ctx context.Context) error {
			return api.checkCondition(ctx, "/apis/gateway.networking.k8s.io/v1/gatewayclasses/traefik", "Accepted")
		}, inCluster("kubectl -n traefik logs deployment/traefik")},
	}
}

// inCluster returns a command line that runs a command with the environment of the cluster.
func inCluster(command string) string { return `eval "$(make -s env)"; ` + command }

func (c cache) waitUntilReady(ctx context.Context, api *apiClient) error {
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	for _, r := range readinessChecks(api, current.Started) {
		if err := waitUntil(ctx, r.name, 3*time.Minute, r.check); err != nil {
			return fmt.Errorf("%w\nto see why, run: %s", err, r.look)
		}
	}
	err = waitUntil(ctx, "the gateway", time.Minute, func(ctx context.Context) error { return checkResponds(ctx, current.Ports.gateway()) })
	if err != nil {
		return fmt.Errorf("%w\nto see why, run: %s", err, inCluster("kubectl -n traefik logs deployment/traefik"))
	}
	return nil
}

// upToDate reports whether a running cluster is ready and has the current binaries,
// images and manifests.
func (c cache) upToDate(ctx context.Context, current record, own []artifact) bool {
	if len(c.missing(testAssets, wantedNodeArtifacts(current.Policies), addOnArtifacts, toolArtifacts, own)) > 0 || !exists(c.kubeconfig()) {
		return false
	}
	text, err := desiredManifests(ctx)
	if err != nil {
		return false
	}
	if last, err := os.ReadFile(c.state("applied")); err != nil || string(last) != hexDigest(text) {
		return false
	}
	fingerprint, err := c.imagesFingerprint(own)
	if err != nil {
		return false
	}
	if last, err := os.ReadFile(c.state("pushed")); err != nil || string(last) != fingerprint {
		return false
	}
	api, err := newAPIClient(c.state("pki"), current.Ports.server())
	if err != nil {
		return false
	}
	for _, r := range readinessChecks(api, current.Started) {
		if r.check(ctx) != nil {
			return false
		}
	}
	return checkRegistry(ctx, current.Ports.registry()) == nil && checkResponds(ctx, current.Ports.gateway()) == nil
}
