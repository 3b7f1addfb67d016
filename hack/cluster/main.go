// Command cluster runs a real, single-node Kubernetes on this machine for
// development, demos and end-to-end tests, from Go modules and Debian packages
// alone.
//
// Everything runs inside namespaces of its own: README.md says how, and what the
// tool offers.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// command is one thing that the tool can be asked to do.
type command struct {
	summary string
	run     func(ctx context.Context, args []string) error
	// hidden commands are how the tool starts itself; nobody types them.
	hidden bool
}

func commands() map[string]command {
	return map[string]command{
		"assets":    {summary: "build etcd, kube-apiserver and kubectl; print the folder for KUBEBUILDER_ASSETS", run: runAssets},
		"up":        {summary: "start the cluster, building what is missing", run: runUp},
		"images":    {summary: "build and push the operator and the sample services; print name=reference lines", run: runImages},
		"status":    {summary: "show what runs and where it listens", run: runStatus},
		"env":       {summary: "print export lines for a shell: eval \"$(go run . env)\"", run: runEnv},
		"logs":      {summary: "print the log of a component (logs <component>)", run: runLogs},
		"down":      {summary: "end the cluster and delete its state (--all: and the cache of binaries)", run: runDown},
		"supervise": {run: runSupervise, hidden: true},
		"init":      {run: runInit, hidden: true},
		"registry":  {run: runRegistry, hidden: true},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		usage()
		return errors.New("no command given")
	}
	cmd, ok := commands()[args[0]]
	if !ok {
		usage()
		return fmt.Errorf("unknown command %q", args[0])
	}
	return cmd.run(ctx, args[1:])
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: go -C hack/cluster run . <command>")
	all := commands()
	for _, name := range []string{"assets", "up", "images", "status", "env", "logs", "down"} {
		fmt.Fprintf(os.Stderr, "  %-7s %s\n", name, all[name].summary)
	}
}
