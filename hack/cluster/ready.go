package main

import (
	"context"
	"os"
	"time"
)

// readinessCheck checks one part of the cluster.
type readinessCheck struct {
	name  string
	check func(context.Context) error
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
	return []readinessCheck{
		{"the node", func(ctx context.Context) error { return api.checkCondition(ctx, "/api/v1/nodes/"+nodeName, "Ready") }},
		{"CoreDNS", deployment("kube-system", "coredns")},
		{"metrics-server", deployment("kube-system", "metrics-server")},
		{"the local path provisioner", deployment("local-path-storage", "local-path-provisioner")},
		{"Traefik", deployment("traefik", "traefik")},
		{"the gateway class", func(ctx context.Context) error {
			return api.checkCondition(ctx, "/apis/gateway.networking.k8s.io/v1/gatewayclasses/traefik", "Accepted")
		}},
	}
}

func (c cache) waitUntilReady(ctx context.Context, api *apiClient) error {
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	for _, r := range readinessChecks(api, current.Started) {
		if err := waitUntil(ctx, r.name, 3*time.Minute, r.check); err != nil {
			return err
		}
	}
	return waitUntil(ctx, "the gateway", time.Minute, func(ctx context.Context) error { return checkResponds(ctx, current.Ports.gateway()) })
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
