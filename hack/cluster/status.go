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

// running reports whether the supervisor and the node of a record run.
func running(r record) bool { return r.Supervisor.alive() && r.Node.alive() }

// runningRecord returns the record of the running cluster.
func (c cache) runningRecord() (record, error) {
	current, err := c.readRecord()
	if err == nil && !running(current) {
		err = errors.New("no cluster is running; run up first")
	}
	return current, err
}

// printAddresses prints the addresses of the cluster, and what it does with NetworkPolicies.
func (c cache) printAddresses(out io.Writer, r record) {
	fmt.Fprintf(out, "  kubeconfig  %s\n", c.kubeconfig())
	fmt.Fprintf(out, "  API server  %s\n", r.Ports.server())
	fmt.Fprintf(out, "  gateway     %s and https://127.0.0.1:%d\n", r.Ports.gateway(), r.Ports.HTTPS)
	fmt.Fprintf(out, "  registry    %s\n", r.Ports.registry())
	fmt.Fprintf(out, "  policies    %s\n", policiesMode(r.Policies))
}

// runStatus prints the state of the cluster and fails unless all parts are ready.
func runStatus(ctx context.Context, _ []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	current, err := c.runningRecord()
	if err != nil {
		return err
	}
	c.printAddresses(os.Stdout, current)
	api, err := newAPIClient(c.state("pki"), current.Ports.server())
	if err != nil {
		return err
	}
	notReady := 0
	for _, r := range readinessChecks(api, current.Started) {
		state := "ready"
		if err := r.check(ctx); err != nil {
			state, notReady = err.Error(), notReady+1
		}
		fmt.Printf("%-28s %s\n", r.name, state)
	}
	if notReady > 0 {
		return fmt.Errorf("%d parts of the cluster are not ready", notReady)
	}
	return nil
}

// runEnv prints export lines for a shell that uses the cluster.
func runEnv(context.Context, []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	if external, err := c.usesExternalCluster(); err != nil {
		return err
	} else if external {
		fmt.Printf("export KUBECONFIG=%s\nexport IMAGE_REGISTRY=%s\n", shellQuote(os.Getenv("KUBECONFIG")), shellQuote(os.Getenv("IMAGE_REGISTRY")))
		if url := os.Getenv("GATEWAY_URL"); url != "" {
			fmt.Printf("export GATEWAY_URL=%s\n", shellQuote(url))
		}
		if exists(filepath.Join(c.assets(), "kubectl")) {
			fmt.Printf("export PATH=\"$PATH\":%s\n", shellQuote(c.assets())) // The caller's kubectl takes precedence.
		}
		return nil
	}
	current, err := c.runningRecord()
	if err != nil {
		return err
	}
	fmt.Printf("export KUBECONFIG=%s\n", shellQuote(c.kubeconfig()))
	fmt.Printf("export GATEWAY_URL=%s\n", shellQuote(current.Ports.gateway()))
	fmt.Printf("export IMAGE_REGISTRY=%s\n", shellQuote(current.Ports.registry()))
	fmt.Printf("export PATH=%s:\"$PATH\"\n", shellQuote(c.assets()))
	return nil
}

// runLogs prints a component's log.
func runLogs(_ context.Context, args []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	policies, err := c.enforcesPolicies()
	if err != nil {
		return err
	}
	names := []string{"supervisor"}
	paths := map[string]string{"supervisor": c.cluster("supervisor.log")}
	for _, comp := range components(policies) {
		names = append(names, comp.name)
		paths[comp.name] = c.state("log", comp.name+".log")
	}
	if len(args) != 1 || paths[args[0]] == "" {
		return fmt.Errorf("usage: logs <component>; components: %s", strings.Join(names, ", "))
	}
	file, err := os.Open(paths[args[0]])
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(os.Stdout, file)
	return err
}
