// Command cluster runs a single-node Kubernetes cluster on this machine for
// development, demos and end-to-end tests. It needs only Go modules and Debian
// packages.
//
// The cluster runs in its own Linux namespaces. README.md describes the commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// command is a subcommand of the tool.
type command struct {
	summary string
	run     func(ctx context.Context, args []string) error
	// hidden is true for commands that only the tool itself runs.
	hidden bool
}

func commands() map[string]command {
	return map[string]command{
		"assets":    {summary: "build etcd, kube-apiserver and kubectl and print their folder for KUBEBUILDER_ASSETS", run: runAssets},
		"up":        {summary: "build missing binaries and images and start the cluster", run: runUp},
		"images":    {summary: "build and push the images of the operator and the sample services and print name=reference lines", run: runImages},
		"status":    {summary: "print the state of the cluster and its addresses", run: runStatus},
		"env":       {summary: "print the shell's environment; use it as eval \"$(go run . env)\"", run: runEnv},
		"logs":      {summary: "print the log of a component (logs <component>)", run: runLogs},
		"down":      {summary: "stop the cluster and delete its state (--all also deletes the cached binaries)", run: runDown},
		"gitops":    {summary: "build the controllers of Flux and Argo CD and print name=path lines", run: runGitOps},
		"gateway":   {summary: "print the manifests of the Gateway API (gateway definitions) or of Traefik (gateway traefik), for a cluster that another tool started", run: runGateway},
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
	for _, name := range []string{"assets", "up", "images", "status", "env", "logs", "gateway", "gitops", "down"} {
		fmt.Fprintf(os.Stderr, "  %-7s %s\n", name, all[name].summary)
	}
}
