// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// deployment holds the settings of a deployment to a cluster.
type deployment struct {
	// root is the root folder of the repository.
	root string
	// images maps a name (atoll, users, orders, payments) to an image reference.
	images map[string]string
	// gatewayURL is the base URL of the gateway.
	gatewayURL string
	// gatewayClass replaces the sample's class. Empty keeps it.
	gatewayClass string
}

func newDeployment() (*deployment, error) {
	d := &deployment{images: map[string]string{}, gatewayURL: os.Getenv("GATEWAY_URL"), gatewayClass: os.Getenv("GATEWAY_CLASS")}
	if os.Getenv("KUBECONFIG") == "" {
		return nil, errors.New("KUBECONFIG is not set; run make demo or make deploy, which set it for the local cluster")
	}
	for _, pair := range strings.Fields(os.Getenv("IMAGES")) {
		name, reference, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("invalid IMAGES: %q is not name=reference", pair)
		}
		d.images[name] = reference
	}
	var err error
	d.root, err = os.Getwd()
	return d, err
}

// installOperator installs Atoll from config/default and waits for its rollout.
func (d *deployment) installOperator(ctx context.Context) error {
	printHeading("Installing the operator")
	patch, err := publicPortPatch(d.gatewayURL)
	if err != nil {
		return err
	}
	if err := d.applyWithImages(ctx, "default", patch, "ghcr.io/atoll-dev/atoll", "atoll"); err != nil {
		return err
	}
	if err := kubectl(ctx, "-n", "atoll-system", "rollout", "status", "deployment/atoll-controller-manager", "--timeout=120s"); err != nil {
		return fmt.Errorf("%w\nto see why, run: kubectl -n atoll-system describe pods; kubectl -n atoll-system logs deployment/atoll-controller-manager", err)
	}
	return nil
}

// publicPortPatch returns a patch with which the operator shows the port of the gateway's URL. It is
// empty for the port of HTTP, and for HTTPS, which the sample does not use.
func publicPortPatch(gatewayURL string) (string, error) {
	gateway, err := url.Parse(gatewayURL)
	if err != nil {
		return "", fmt.Errorf("reading GATEWAY_URL: %w", err)
	}
	if gateway.Scheme != "http" || gateway.Port() == "" || gateway.Port() == "80" {
		return "", nil
	}
	argument := "--public-ports=80=" + gateway.Port()
	return fmt.Sprintf(`patches:
- target: {kind: Deployment, name: atoll-controller-manager}
  patch: '[{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": %q}]'
`, argument), nil
}

// applySamples applies the sample topology and waits until it is Ready.
func (d *deployment) applySamples(ctx context.Context) error {
	printHeading("Applying the sample topology (config/samples)")
	patch := ""
	if d.gatewayClass != "" {
		patch = fmt.Sprintf("patches:\n- target: {kind: Topology}\n  patch: %s\n", gatewayClassPatch(d.gatewayClass))
	}
	images := []string{}
	for _, name := range []string{"users", "orders", "payments"} {
		images = append(images, "ghcr.io/atoll-dev/"+name, name)
	}
	if err := d.applyWithImages(ctx, "samples", patch, images...); err != nil {
		return err
	}
	err := kubectl(ctx, "-n", "shop", "wait", "--for=condition=Ready", "--timeout=150s", "topo/shop", "ms/users", "ms/orders", "ms/payments")
	if err != nil {
		// The printed columns show the failing conditions.
		_ = kubectl(ctx, "-n", "shop", "get", "topo,ms,pods", "-o", "wide")
		return fmt.Errorf("%w\nto see why a service is not ready, run: kubectl atoll why <service> -n shop", err)
	}
	return nil
}

// gatewayClassPatch returns a JSON patch, quoted for YAML. kustomize reads a patch that begins
// with [ as JSON. The pods of another class run in another namespace than the sample's.
func gatewayClassPatch(class string) string {
	return fmt.Sprintf(`'[{"op": "replace", "path": "/spec/gateway/className", "value": %q}, {"op": "remove", "path": "/spec/gateway/dataPlane"}]'`, class)
}

// applyWithImages applies a folder of config with the images of this build. Each pair is
// an image's name in the manifests and its name in d.images.
func (d *deployment) applyWithImages(ctx context.Context, folder, patches string, pairs ...string) (err error) {
	// kustomize accepts only relative paths of resources, so the temporary overlay must
	// be next to its base.
	overlay, err := os.MkdirTemp(filepath.Join(d.root, "config"), ".demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(overlay)) }()
	text := "resources: [../" + folder + "]\n" + patches + "images:\n"
	for i := 0; i < len(pairs); i += 2 {
		reference, ok := d.images[pairs[i+1]]
		if !ok {
			return fmt.Errorf("IMAGES has no image for %q", pairs[i+1])
		}
		colon := strings.LastIndex(reference, ":")
		if colon < strings.LastIndex(reference, "/") {
			return fmt.Errorf("invalid IMAGES: %q has no tag", reference)
		}
		text += fmt.Sprintf("- {name: %s, newName: %q, newTag: %q}\n", pairs[i], reference[:colon], reference[colon+1:])
	}
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		return err
	}
	return apply(ctx, overlay)
}

// apply applies a kustomization and prints how many objects it has.
func apply(ctx context.Context, folder string) error {
	command := exec.CommandContext(ctx, "kubectl", "apply", "--server-side", "--force-conflicts", "-o", "name", "-k", folder)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return fmt.Errorf("kubectl apply --server-side -k: %w", err)
	}
	fmt.Println(describeApplied(string(out)))
	return nil
}

// describeApplied returns a line that counts the objects in the output of kubectl apply -o name.
func describeApplied(names string) string {
	var kinds []string
	count := map[string]int{}
	for _, name := range strings.Fields(names) {
		resource, _, _ := strings.Cut(name, "/")
		kind, _, _ := strings.Cut(resource, ".")
		if count[kind] == 0 {
			kinds = append(kinds, kind)
		}
		count[kind]++
	}
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", count[kind], kind)
	}
	return fmt.Sprintf("applied %d objects: %s", len(strings.Fields(names)), strings.Join(kinds, ", "))
}

func kubectl(ctx context.Context, args ...string) error {
	command := exec.CommandContext(ctx, "kubectl", args...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

func printHeading(text string) { fmt.Printf("\n== %s\n", text) }
