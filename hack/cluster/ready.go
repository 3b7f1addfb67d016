package main

import (
	"context"
	"os"
	"time"
)

// part of a working cluster, and how to tell that it works.
type part struct {
	what  string
	check func(context.Context) error
}

// parts lists what a working cluster has. Since is when its node was started.
func parts(api *apiClient, since time.Time) []part {
	deployment := func(namespace, name string) func(context.Context) error {
		return func(ctx context.Context) error {
			if err := api.available(ctx, namespace, name); err != nil {
				return err
			}
			return api.startedSince(ctx, namespace, name, since)
		}
	}
	return []part{
		{"the node", func(ctx context.Context) error { return api.condition(ctx, "/api/v1/nodes/"+nodeName, "Ready") }},
		{"CoreDNS", deployment("kube-system", "coredns")},
		{"the local path provisioner", deployment("local-path-storage", "local-path-provisioner")},
		{"Traefik", deployment("traefik", "traefik")},
		{"the gateway class", func(ctx context.Context) error {
			return api.condition(ctx, "/apis/gateway.networking.k8s.io/v1/gatewayclasses/traefik", "Accepted")
		}},
	}
}

func (c cache) awaitReady(ctx context.Context, api *apiClient) error {
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	for _, p := range parts(api, current.Started) {
		if err := await(ctx, p.what, 3*time.Minute, p.check); err != nil {
			return err
		}
	}
	return await(ctx, "the gateway", time.Minute, func(ctx context.Context) error { return answers(ctx, current.Ports.gateway()) })
}

// settled tells whether a running cluster lacks nothing.
func (c cache) settled(ctx context.Context, current record, own []artifact) bool {
	if len(c.missing(testAssets, nodeArtifacts, addOnArtifacts, toolArtifacts, own)) > 0 || !exists(c.kubeconfig()) {
		return false
	}
	text, err := wantedManifests(ctx)
	if err != nil {
		return false
	}
	if last, err := os.ReadFile(c.state("applied")); err != nil || string(last) != digest(text) {
		return false
	}
	mark, err := c.imagesMark(own)
	if err != nil {
		return false
	}
	if last, err := os.ReadFile(c.state("pushed")); err != nil || string(last) != mark {
		return false
	}
	api, err := newAPIClient(c.state("pki"), current.Ports.server())
	if err != nil {
		return false
	}
	for _, p := range parts(api, current.Started) {
		if p.check(ctx) != nil {
			return false
		}
	}
	return ping(ctx, current.Ports.registry()) == nil && answers(ctx, current.Ports.gateway()) == nil
}
