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

// product is an image of this repository's code.
type product struct {
	name   string
	module string // relative to the root of the repository
	pkg    string // unset means cmd/<name> if that folder exists, else the module itself
	path   string // of the binary in the image
	test   bool   // built only when it is named, for tests
}

var products = []product{
	{name: "atoll", module: ".", pkg: "./cmd", path: "/manager"},
	{name: "users", module: "services", pkg: "./users", path: "/users"},
	{name: "orders", module: "services", pkg: "./orders", path: "/orders"},
	{name: "payments", module: "services", pkg: "./payments", path: "/payments"},
	{name: "notes", module: "test/notes", path: "/notes", test: true},
}

// runImages builds and pushes the named products, or without names all except those
// for tests. Only name=reference lines go to stdout.
func runImages(ctx context.Context, names []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	registry := os.Getenv("IMAGE_REGISTRY")
	// A variable from env may be outdated; the cluster's record is current.
	if registry == "" || os.Getenv("KUBECONFIG") == c.kubeconfig() {
		current, err := c.readRecord()
		if err != nil {
			return err
		}
		if !running(current) {
			return errors.New("no cluster is running; run up first, or set IMAGE_REGISTRY")
		}
		registry = current.Ports.registry()
	}
	wanted := slices.DeleteFunc(slices.Clone(products), func(p product) bool {
		return len(names) == 0 && p.test || len(names) > 0 && !slices.Contains(names, p.name)
	})
	var tasks []task
	for _, p := range wanted {
		tasks = append(tasks, task{"building and pushing the image of " + p.name, 0, func() error {
			ref, err := c.buildAndPush(ctx, p, filepath.Join("..", ".."), registry)
			if err == nil {
				fmt.Printf("%s=%s\n", p.name, ref)
			}
			return err
		}})
	}
	return runTasks(os.Stderr, tasks)
}

// buildAndPush builds a product and pushes it with a tag made from its content.
func (c cache) buildAndPush(ctx context.Context, p product, repository, registry string) (ref string, err error) {
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
	if err := c.goBuild(ctx, "linux", module, pkg, binary, ""); err != nil {
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
