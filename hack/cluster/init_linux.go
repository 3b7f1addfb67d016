package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
)

// runInit is process 1 of the node. It sets up the node's file system, cgroups and
// network, proxies the host's ports and runs the components.
func runInit(context.Context, []string) error {
	if os.Getpid() != 1 {
		return fmt.Errorf("init must be process 1 of the node; run up, which starts it")
	}
	c, err := openCache()
	if err != nil {
		return err
	}
	cgroup := c.cgroup()
	// The supervisor has written the record before it started this process.
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	if err := buildRoot(c, current.Policies); err != nil {
		return fmt.Errorf("creating the node's file system: %w", err)
	}
	if err := createCgroups(cgroup); err != nil {
		return fmt.Errorf("creating the node's cgroups: %w", err)
	}
	if err := buildNetwork(); err != nil {
		return fmt.Errorf("creating the node's network: %w", err)
	}

	var hostPorts ports
	for i, f := range hostPorts.forwards() {
		// Descriptors 0 to 2 are stdin, stdout and stderr.
		file := os.NewFile(uintptr(3+i), f.target)
		listener, err := net.FileListener(file)
		if err != nil {
			return fmt.Errorf("opening the inherited listener for %s: %w", f.target, err)
		}
		file.Close()
		go serveProxy(listener, f.target)
	}

	log.Print("Started the node")
	return newKeeper(nodeState + "/log").run(components(current.Policies))
}

// buildNetwork configures the node's address and a route to Services. There is no
// default route, so connections to other addresses fail immediately.
func buildNetwork() error {
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		// Not every kernel has dummy interfaces; veth pairs are needed for pods anyway.
		{"link", "add", "node0", "type", "veth", "peer", "name", "node1"},
		{"link", "set", "node1", "up"},
		{"address", "add", nodeIP + "/24", "dev", "node0"},
		{"link", "set", "node0", "up"},
		// iptables rewrites Service addresses, but only for packets that have a route.
		{"route", "add", serviceCIDR, "dev", "node0"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s", args, err, out)
		}
	}
	for path, value := range map[string]string{
		"/proc/sys/net/ipv4/ip_forward": "1",
		// Replies between pods on the same bridge must pass the Service's rules too.
		"/proc/sys/net/bridge/bridge-nf-call-iptables": "1",
	} {
		if err := os.WriteFile(path, []byte(value), 0); err != nil {
			log.Printf("Setting %s failed: %v", path, err)
		}
	}
	return nil
}
