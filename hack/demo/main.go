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

// Command demo shows Atoll at work: it installs the operator on a cluster,
// applies the sample topology and makes a tour of it.
//
// KUBECONFIG, GATEWAY_URL and IMAGES come from hack/cluster, or from the user
// for a cluster of their own: make demo sets them.
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
		err = d.operator(ctx)
	case "samples":
		err = d.samples(ctx)
	case "tour":
		err = tour(ctx, d)
	case "all":
		err = d.operator(ctx)
		if err == nil {
			err = d.samples(ctx)
		}
		if err == nil {
			err = tour(ctx, d)
		}
	default:
		return fmt.Errorf("unknown step %q: it is operator, samples, tour or all", args[0])
	}
	if err == nil {
		fmt.Printf("\nDone in %s.\n", time.Since(begin).Round(time.Second))
	}
	return err
}
