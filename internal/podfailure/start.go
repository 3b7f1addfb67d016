// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package podfailure

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/atoll-dev/atoll/internal/output"
)

// Classes of containers that cannot be created or started.
const (
	RunsAsRoot           Class = "RunsAsRoot"
	UserByName           Class = "UserByName"
	RunAsUserZero        Class = "RunAsUserZero"
	CommandNotFound      Class = "CommandNotFound"
	CommandNotExecutable Class = "CommandNotExecutable"
	CommandIsDirectory   Class = "CommandIsDirectory"
	ProgramPlatform      Class = "ProgramPlatform"
	ReferenceMissing     Class = "ReferenceMissing"
	ContainerConfig      Class = "ContainerConfig"
)

// startReasons are the reasons with which a container waits that cannot be created
// or started, and startError is the reason of its exit.
var startReasons = []string{"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError", "PreStartHookError"}

const startError = "StartError"

// startClasses are found by a text of the kubelet or the runtime. The first one
// that fits counts.
var startClasses = []struct {
	class Class
	text  *regexp.Regexp
}{
	{RunsAsRoot, regexp.MustCompile(`image will run as root`)},
	{UserByName, regexp.MustCompile(`non-numeric user`)},
	{RunAsUserZero, regexp.MustCompile(`runAsUser breaks non-root policy`)},
	{ProgramPlatform, execFormat},
	{CommandNotExecutable, regexp.MustCompile(`exec: .*permission denied`)},
	{CommandIsDirectory, regexp.MustCompile(`exec: .*is a directory`)},
	{CommandNotFound, regexp.MustCompile(`executable file not found|exec: .*no such file or directory`)},
}

var (
	execFormat = regexp.MustCompile(`exec format error`)
	// commandName is how the runtime names the program that it cannot start.
	commandName = regexp.MustCompile(`exec: "([^"]+)"`)
	// refusedContainer is how the kubelet names the container that it refuses, with the
	// name of its pod.
	refusedContainer = regexp.MustCompile(` \(pod: "[^"]*", container: [^)]*\)$`)
)

// WrongFormat reports whether a text, such as a log, says that a program is not
// built for its node's platform.
func WrongFormat(text string) bool { return execFormat.MatchString(text) }

func (c *Container) startFailure(reason, text string) *Failure {
	f := c.failure(Start, ContainerConfig)
	f.Detail = output.Safe(withoutLayers(text))
	if f.Detail == "" {
		f.Detail = reason
	}
	f.Command = c.Spec.Image
	if found := commandName.FindStringSubmatch(f.Detail); found != nil {
		f.Command = found[1]
	}
	for _, known := range startClasses {
		if known.text.MatchString(f.Detail) {
			f.Class = known.class
			return f
		}
	}
	if f.Reference = MissingReference(f.Detail); f.Reference != nil {
		f.Class = ReferenceMissing
	}
	return f
}

// withoutLayers removes the names of the runtime's layers, through which an error
// passed, and the name of the pod.
func withoutLayers(text string) string {
	if _, cause, found := strings.Cut(text, "unable to start container process: "); found {
		return strings.TrimPrefix(strings.TrimSuffix(cause, ": unknown"), "error during container init: ")
	}
	return refusedContainer.ReplaceAllString(text, "")
}

func (f *Failure) whyNotStarted() string {
	switch f.Class {
	case RunsAsRoot, RunAsUserZero:
		return "would run as root, but its pod sets runAsNonRoot"
	case UserByName:
		return "names its user by name: the kubelet cannot verify that the user is not root"
	case CommandNotFound:
		return "its image does not contain it"
	case CommandNotExecutable:
		return "the container's user may not execute it"
	case CommandIsDirectory:
		return "it is a directory"
	}
	return f.Detail
}

func (f *Failure) startRemedy() string {
	switch f.Class {
	case RunsAsRoot, UserByName:
		return "give the image a numeric USER other than 0, or set podTemplate.spec.securityContext.runAsUser"
	case RunAsUserZero:
		return "set runAsUser in podTemplate to a user other than 0"
	case CommandNotFound, CommandNotExecutable, CommandIsDirectory:
		return fmt.Sprintf("correct %s (args are passed to the image's own command), or the image", f.field("command"))
	case ProgramPlatform:
		return platformRemedy
	case ReferenceMissing:
		if f.Reference.Key != "" {
			return "add the key, or correct the field of the spec that names it"
		}
		return "create it, or correct the field of the spec that names it"
	}
	return "correct what the message names: in the spec, in podTemplate, or in the image"
}

// Reference is a Secret or ConfigMap that is missing, or lacks a key.
type Reference struct {
	// Kind is Secret or ConfigMap.
	Kind string
	// Name is empty where the kubelet does not tell it.
	Name string
	// Key is empty where the whole object is missing.
	Key string
}

var (
	missingObject = regexp.MustCompile(`(secret|configmap) "([^"]+)" not found`)
	missingKey    = regexp.MustCompile(`couldn't find key (\S+) in (Secret|ConfigMap) \S+?/(\S+)`)
	missingItem   = regexp.MustCompile(`references non-existent (secret|config) key: (\S+)`)
	kinds         = map[string]string{"secret": "Secret", "configmap": "ConfigMap", "config": "ConfigMap"}
)

// MissingReference returns the Secret or ConfigMap that the kubelet misses when it
// creates a container or mounts a volume. It is nil where the text names none.
func MissingReference(text string) *Reference {
	if found := missingObject.FindStringSubmatch(text); found != nil {
		return &Reference{Kind: kinds[found[1]], Name: found[2]}
	}
	if found := missingKey.FindStringSubmatch(text); found != nil {
		return &Reference{Kind: found[2], Name: found[3], Key: found[1]}
	}
	if found := missingItem.FindStringSubmatch(text); found != nil {
		return &Reference{Kind: kinds[found[1]], Key: found[2]}
	}
	return nil
}
