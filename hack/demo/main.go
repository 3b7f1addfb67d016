/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

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
