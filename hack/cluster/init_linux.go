package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
)

// runInit is process 1 of the node: it makes the node's world, runs the
// components in it and lets the host in.
func runInit(context.Context, []string) error {
	if os.Getpid() != 1 {
		return fmt.Errorf("init is process 1 of the node and is started by up")
	}
	c, err := openCache()
	if err != nil {
		return err
	}
	cgroup := c.cgroup()
	if err := buildRoot(c); err != nil {
		return fmt.Errorf("making the node's file system: %w", err)
	}
	if err := makeCgroups(cgroup); err != nil {
		return fmt.Errorf("making the node's cgroups: %w", err)
	}
	if err := buildNetwork(); err != nil {
		return fmt.Errorf("making the node's network: %w", err)
	}

	var doors ports
	for i, e := range doors.entrances() {
		// Descriptors 0 to 2 are the standard ones.
		file := os.NewFile(uintptr(3+i), e.target)
		listener, err := net.FileListener(file)
		if err != nil {
			return fmt.Errorf("taking over the listener for %s: %w", e.target, err)
		}
		file.Close()
		go serveProxy(listener, e.target)
	}

	log.Print("Started the node")
	return newKeeper(nodeState + "/log").run(components())
}

// buildNetwork gives the node its address and a route to Services. There is no
// route to anywhere else: what the node can't reach fails at once.
func buildNetwork() error {
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		// Pods need veth pairs anyway; not every kernel has dummy interfaces.
		{"link", "add", "node0", "type", "veth", "peer", "name", "node1"},
		{"link", "set", "node1", "up"},
		{"address", "add", nodeIP + "/24", "dev", "node0"},
		{"link", "set", "node0", "up"},
		// Service addresses are rewritten on the way out, but only once a route
		// has let them set out.
		{"route", "add", serviceCIDR, "dev", "node0"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s", args, err, out)
		}
	}
	for path, value := range map[string]string{
		"/proc/sys/net/ipv4/ip_forward": "1",
		// Answers to a pod on the same bridge have to pass the Service's rules too.
		"/proc/sys/net/bridge/bridge-nf-call-iptables": "1",
	} {
		if err := os.WriteFile(path, []byte(value), 0); err != nil {
			log.Printf("Setting %s failed: %v", path, err)
		}
	}
	return nil
}
