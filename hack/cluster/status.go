package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// running tells whether the node that a record names runs.
func running(r record) bool { return r.Supervisor.alive() && r.Node.alive() }

// describe says where the cluster is reached.
func (c cache) describe(out io.Writer, r record) {
	fmt.Fprintf(out, "  kubeconfig  %s\n", c.kubeconfig())
	fmt.Fprintf(out, "  API server  %s\n", r.Ports.server())
	fmt.Fprintf(out, "  gateway     %s and https://127.0.0.1:%d\n", r.Ports.gateway(), r.Ports.HTTPS)
	fmt.Fprintf(out, "  registry    %s\n", r.Ports.registry())
}

// runStatus prints what runs, and fails unless all is well.
func runStatus(ctx context.Context, _ []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	if !running(current) {
		return errors.New("no cluster is running")
	}
	c.describe(os.Stdout, current)
	api, err := newAPIClient(c.state("pki"), current.Ports.server())
	if err != nil {
		return err
	}
	amiss := 0
	for _, p := range parts(api, current.Started) {
		state := "ready"
		if err := p.check(ctx); err != nil {
			state, amiss = err.Error(), amiss+1
		}
		fmt.Printf("%-28s %s\n", p.what, state)
	}
	if amiss > 0 {
		return fmt.Errorf("%d of the cluster's parts are not ready", amiss)
	}
	return nil
}

// runEnv prints what a shell needs to use the cluster.
func runEnv(context.Context, []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	if given, err := c.givenCluster(); err != nil {
		return err
	} else if given {
		fmt.Printf("export KUBECONFIG=%s\nexport IMAGE_REGISTRY=%s\n", quote(os.Getenv("KUBECONFIG")), quote(os.Getenv("IMAGE_REGISTRY")))
		if url := os.Getenv("GATEWAY_URL"); url != "" {
			fmt.Printf("export GATEWAY_URL=%s\n", quote(url))
		}
		if exists(filepath.Join(c.assets(), "kubectl")) {
			fmt.Printf("export PATH=\"$PATH\":%s\n", quote(c.assets())) // The caller's own kubectl comes first.
		}
		return nil
	}
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	if !running(current) {
		return errors.New("no cluster is running: run up first")
	}
	fmt.Printf("export KUBECONFIG=%s\n", quote(c.kubeconfig()))
	fmt.Printf("export GATEWAY_URL=%s\n", quote(current.Ports.gateway()))
	fmt.Printf("export IMAGE_REGISTRY=%s\n", quote(current.Ports.registry()))
	fmt.Printf("export PATH=%s:\"$PATH\"\n", quote(c.assets()))
	return nil
}

// runLogs prints a component's log.
func runLogs(_ context.Context, args []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	names := []string{"supervisor"}
	paths := map[string]string{"supervisor": c.cluster("supervisor.log")}
	for _, comp := range components() {
		names = append(names, comp.name)
		paths[comp.name] = c.state("log", comp.name+".log")
	}
	if len(args) != 1 || paths[args[0]] == "" {
		return fmt.Errorf("logs wants one of: %s", strings.Join(names, ", "))
	}
	file, err := os.Open(paths[args[0]])
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(os.Stdout, file)
	return err
}
