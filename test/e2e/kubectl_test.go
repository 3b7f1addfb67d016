//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// kubectl runs a command and returns its stdout. The error contains its output.
func kubectl(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "kubectl", args...)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s%s", strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String(), nil
}
