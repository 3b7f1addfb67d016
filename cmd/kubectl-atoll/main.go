// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubectl-atoll is kubectl's plugin for Atoll: it draws topologies, says
// how services are, and shows before an apply what would come of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/atoll-dev/atoll/internal/output"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	code := exitCode(newCommand(newPlugin(streams)).ExecuteContext(ctx), streams)
	stop()
	os.Exit(code)
}

// errFindings ends a command with exit code 1, without an error message: the command
// has printed differences, faults or errors in files.
var errFindings = errors.New("findings")

// exitCode prints an error and returns the exit code: 1 for findings and 2 for a
// failure, as diff does.
func exitCode(err error, streams genericiooptions.IOStreams) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFindings):
		return 1
	}
	fmt.Fprintf(streams.ErrOut, "error: %s\n", output.Printable(err.Error()))
	return 2
}
