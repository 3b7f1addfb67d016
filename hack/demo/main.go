// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo demonstrates Atoll: it installs the operator on a cluster, applies the
// sample topology and sends requests to it.
//
// make demo sets KUBECONFIG, GATEWAY_URL and IMAGES with hack/cluster. Users set them for
// their own cluster.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	d, err := newDeployment()
	if err != nil {
		return err
	}
	if len(args) != 1 {
		return errors.New("usage: demo operator | samples | tour | all")
	}
	begin := time.Now()
	switch args[0] {
	case "operator":
		err = d.installOperator(ctx)
	case "samples":
		err = d.applySamples(ctx)
	case "tour":
		err = runTour(ctx, d)
	case "all":
		err = d.installOperator(ctx)
		if err == nil {
			err = d.applySamples(ctx)
		}
		if err == nil {
			err = runTour(ctx, d)
		}
	default:
		return fmt.Errorf("unknown step %q; use operator, samples, tour or all", args[0])
	}
	if err == nil {
		fmt.Printf("\nDone in %s.\n", time.Since(begin).Round(time.Second))
	}
	return err
}
