// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package podfailure

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/shell"
)

// Classes of containers that end.
const (
	OutOfMemory Class = "OutOfMemory"
	Crash       Class = "Crash"
	// ServerRefused is a database's server whose script says why it cannot start.
	ServerRefused Class = "ServerRefused"
)

// ExitClass returns the class of an exit.
func ExitClass(exit *corev1.ContainerStateTerminated) Class {
	if exit.Reason == "OOMKilled" {
		return OutOfMemory
	}
	return Crash
}

// crashing returns the failure of a container that keeps crashing. One restart is
// no failure: a service may start before its database.
func (c *Container) crashing() *Failure {
	last := c.LastExit()
	if last == nil || c.Status.Ready || c.Status.RestartCount < 2 {
		return nil
	}
	f := c.failure(Exit, ExitClass(last))
	f.ExitCode = last.ExitCode
	if _, known := refusals[last.ExitCode]; known && f.component() == v1alpha1.ComponentDatabase {
		f.Class = ServerRefused
	}
	return f
}

// refusals are the exit codes of the scripts of a database's server.
var refusals = map[int32]struct{ why, remedy string }{
	shell.ExitHeld: {"cannot start: another server still holds the data",
		"see whether a pod of the database still runs on another node (kubectl get pods -o wide), or whether the node's kubelet has stopped it"},
	shell.ExitUnlocked: {"cannot start: its data cannot be locked, or its image has no flock",
		"use a storage class whose volumes support locks, or a database.image that contains flock, such as a Debian variant"},
	shell.ExitNoUser: {"cannot start: its image does not have the user that its pod runs as",
		"set database.image to a Debian variant of the image"},
}

func (f *Failure) whyEnded() string {
	switch f.Class {
	case OutOfMemory:
		return "was killed because it used more memory than its limit"
	case ServerRefused:
		return refusals[f.ExitCode].why
	}
	maybe := ""
	if MaybeProbe(f.ExitCode) {
		maybe = "; either it ended by itself, or its startup or liveness probe failed"
	}
	return fmt.Sprintf("keeps crashing; last exit code %d%s%s", f.ExitCode, ExitMeaning(f.ExitCode), maybe)
}

func (f *Failure) exitRemedy() string {
	switch f.Class {
	case OutOfMemory:
		return fmt.Sprintf("raise %s.limits.memory", f.field("resources"))
	case ServerRefused:
		return refusals[f.ExitCode].remedy
	}
	return "see " + f.logsCommand()
}

// exitMeanings are the exit codes that mean the same for every program.
var exitMeanings = map[int32]string{
	126: "command not executable",
	127: "command not found",
	134: "SIGABRT",
	137: "SIGKILL",
	139: "SIGSEGV",
	143: "SIGTERM",
}

// ExitMeaning returns the meaning of an exit code in brackets, after a space. It is
// empty where the code means something else for every program.
func ExitMeaning(code int32) string {
	if meaning := exitMeanings[code]; meaning != "" {
		return " (" + meaning + ")"
	}
	return ""
}

// MaybeProbe reports whether a container may have this exit code because the
// kubelet stopped it after a failed probe.
func MaybeProbe(code int32) bool { return code == 0 || code == 137 || code == 143 }
