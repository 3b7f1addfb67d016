package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// product is an image of this repository's own code.
type product struct {
	name   string
	module string // relative to the root of the repository
	pkg    string // unset: cmd/<name> if there is such a folder, else the module itself
	path   string // of the binary in the image
	test   bool   // for tests alone: built when it is named
}

var products = []product{
	{name: "atoll", module: ".", pkg: "./cmd", path: "/manager"},
	{name: "users", module: "services", pkg: "./users", path: "/users"},
	{name: "orders", module: "services", pkg: "./orders", path: "/orders"},
	{name: "payments", module: "services", pkg: "./payments", path: "/payments"},
	{name: "notes", module: "test/notes", path: "/notes", test: true},
}

// runImages builds and pushes the products that are named, and without names
// all but those for tests. Only name=reference lines go to
// standard output.
func runImages(ctx context.Context, names []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	registry := os.Getenv("IMAGE_REGISTRY")
	// What env printed may be out of date: the cluster's record is not.
	if registry == "" || os.Getenv("KUBECONFIG") == c.kubeconfig() {
		current, err := c.readRecord()
		if err != nil {
			return err
		}
		if !running(current) {
			return errors.New("no cluster is running: run up first, or set IMAGE_REGISTRY")
		}
		registry = current.Ports.registry()
	}
	wanted := slices.DeleteFunc(slices.Clone(products), func(p product) bool {
		return len(names) == 0 && p.test || len(names) > 0 && !slices.Contains(names, p.name)
	})
	steps := &progress{out: os.Stderr, total: len(wanted)}
	for _, p := range wanted {
		var ref string
		err := steps.step("building and pushing the image of "+p.name, func() (err error) {
			ref, err = c.publish(ctx, p, filepath.Join("..", ".."), registry)
			return err
		})
		if err != nil {
			return err
		}
		fmt.Printf("%s=%s\n", p.name, ref)
	}
	return nil
}

// publish builds a product and pushes it under a tag made from its content.
func (c cache) publish(ctx context.Context, p product, repository, registry string) (ref string, err error) {
	module := filepath.Join(repository, p.module)
	if !exists(filepath.Join(module, "go.mod")) {
		return "", fmt.Errorf("%s has no go.mod", filepath.Clean(module))
	}
	pkg := p.pkg
	if pkg == "" {
		pkg = "."
		if exists(filepath.Join(module, "cmd", p.name)) {
			pkg = "./cmd/" + p.name
		}
	}

	binary := c.path("products", p.name)
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return "", err
	}
	if err := goBuild(ctx, "linux", module, pkg, binary, ""); err != nil {
		return "", err
	}
	image, err := staticImage(binary, p.path, nonRoot+":"+nonRoot)
	if err != nil {
		return "", err
	}
	tag, err := contentTag(image)
	if err != nil {
		return "", err
	}
	ref = registry + "/" + p.name + ":" + tag
	return ref, push(ctx, ref, image)
}

func openFile(path string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return os.Open(path) }
}
