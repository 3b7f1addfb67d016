package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// installAddOns pushes the images and applies the add-ons in parallel.
func (c cache) installAddOns(ctx context.Context, own []artifact) error {
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	pushed := make(chan error, 1)
	go func() {
		err := waitUntil(ctx, "the registry", 30*time.Second, func(ctx context.Context) error { return checkRegistry(ctx, current.Ports.registry()) })
		if err == nil {
			err = c.pushSystemImages(ctx, current.Ports.registry(), own)
		}
		pushed <- err
	}()
	err = c.applyManifests(ctx)
	return errors.Join(err, <-pushed)
}

// applyManifests applies the manifests unless the last applied ones are unchanged.
func (c cache) applyManifests(ctx context.Context) error {
	text, err := desiredManifests(ctx)
	if err != nil {
		return err
	}
	path := c.state("applied")
	if last, err := os.ReadFile(path); err == nil && string(last) == hexDigest(text) {
		return nil
	}
	// The first attempt may fail for a kind whose definition it has just applied.
	var out []byte
	for range 20 {
		kubectl := exec.CommandContext(ctx, filepath.Join(c.assets(), "kubectl"), "--kubeconfig="+c.kubeconfig(),
			"apply", "--server-side", "--force-conflicts", "--field-manager=atoll-cluster", "-f", "-")
		kubectl.Stdin = strings.NewReader(text)
		if out, err = kubectl.CombinedOutput(); err == nil {
			return writeFile(path, []byte(hexDigest(text)), 0o644)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval):
		}
	}
	return fmt.Errorf("kubectl apply: %w: %s", err, out)
}

// desiredManifests returns the manifests of all add-ons. It reads the definitions of
// the Gateway API from its Go module.
func desiredManifests(ctx context.Context) (string, error) {
	crds, err := gatewayAPI(ctx)
	if err != nil {
		return "", err
	}
	return renderManifests(crds)
}

// runGateway prints the definitions of the Gateway API, or the manifests of Traefik with its public
// image, for a cluster that another tool started.
func runGateway(ctx context.Context, args []string) error {
	switch strings.Join(args, " ") {
	case "definitions":
		dir, err := gatewayAPI(ctx)
		if err != nil {
			return err
		}
		definitions, err := joinYAMLFiles(os.DirFS(dir), ".")
		if err != nil {
			return fmt.Errorf("reading the Gateway API definitions: %w", err)
		}
		fmt.Println(definitions)
		return nil
	case "traefik":
		traefik, err := manifestFiles.ReadFile("manifests/traefik.yaml")
		if err != nil {
			return err
		}
		fmt.Println(fillIn(string(traefik), "docker.io/library/traefik:"+traefikVersion))
		return nil
	}
	return errors.New("usage: gateway definitions | gateway traefik")
}

// gatewayAPI returns the folder with the definitions of the Gateway API.
func gatewayAPI(ctx context.Context) (string, error) {
	dir, err := moduleFolder(ctx, artifact{module: "build/gateway-api"}, "sigs.k8s.io/gateway-api")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "config", "crd", "standard"), nil
}
