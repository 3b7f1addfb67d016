// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/names"
)

// UndeclaredCall is an address in a service's configuration that is another service,
// but not a declared dependency.
type UndeclaredCall struct {
	Caller *v1alpha1.Microservice
	Callee *v1alpha1.Microservice
	// Where is the place in the caller's spec that names the callee, such as
	// env USERS_URL.
	Where string
	// Port is the named port. Zero means none.
	Port int32
}

// UndeclaredCalls returns the services whose address is in the command, args or env of
// a service, but that are not among its dependencies. It returns each callee once, at
// its first place. A name alone is not an address: it needs a scheme, a port, or the
// suffix .svc.
func UndeclaredCalls(ms *v1alpha1.Microservice, services []*v1alpha1.Microservice) []UndeclaredCall {
	others := make(map[serviceKey]*v1alpha1.Microservice, len(services))
	for _, other := range services {
		others[serviceKey{other.Namespace, other.Name}] = other
	}
	reported := map[serviceKey]bool{{ms.Namespace, ms.Name}: true}
	for i := range ms.Spec.Dependencies {
		reported[serviceKey{NamespaceOf(ms, &ms.Spec.Dependencies[i]), ms.Spec.Dependencies[i].Name}] = true
	}
	var found []UndeclaredCall
	for _, given := range serviceValues(ms) {
		for _, at := range parseAddresses(given.value) {
			to := at.serviceFrom(ms.Namespace)
			if others[to] == nil {
				to.name = names.OfHeadless(to.name)
			}
			if callee := others[to]; callee != nil && !reported[to] {
				reported[to] = true
				found = append(found, UndeclaredCall{Caller: ms, Callee: callee, Where: given.where, Port: at.port})
			}
		}
	}
	return found
}

// configuredValue is a value of a container's command, args or env, and its place in
// the spec.
type configuredValue struct {
	where, value string
	// container is the name of the container, and path the field in it.
	container, path string
}

func serviceValues(ms *v1alpha1.Microservice) []configuredValue {
	all := containerValues("", &corev1.Container{Name: ms.Name, Command: ms.Spec.Command, Args: ms.Spec.Args, Env: ms.Spec.Env})
	if ms.Spec.PodTemplate == nil {
		return all
	}
	// Invalid overlays are reported when the pod template is built.
	overlay := corev1.PodTemplateSpec{}
	if json.Unmarshal(ms.Spec.PodTemplate.Raw, &overlay) != nil {
		return all
	}
	for _, container := range slices.Concat(overlay.Spec.InitContainers, overlay.Spec.Containers) {
		all = append(all, containerValues(fmt.Sprintf("container %q, ", container.Name), &container)...)
	}
	return all
}

func containerValues(prefix string, c *corev1.Container) []configuredValue {
	var all []configuredValue
	for _, variable := range c.Env {
		all = append(all, configuredValue{prefix + "env " + variable.Name, variable.Value, c.Name, fmt.Sprintf("env[%s]", variable.Name)})
	}
	addTexts := func(field string, texts []string) {
		for i, value := range texts {
			path := fmt.Sprintf("%s[%d]", field, i)
			all = append(all, configuredValue{prefix + path, value, c.Name, path})
		}
	}
	addTexts("command", c.Command)
	addTexts("args", c.Args)
	return all
}

// hostPattern matches a possible host with its context: an optional scheme and user
// before it, an optional port after it, or a slash, which makes it part of a path.
var hostPattern = regexp.MustCompile(`(?:([a-zA-Z][a-zA-Z0-9+.-]*)://(?:[^/@\s]*@)?|(/))?\b([a-z0-9][-a-z0-9.]*)(:[0-9]{1,5})?`)

// storageSchemes are the schemes whose authority is not a host.
var storageSchemes = map[string]bool{"s3": true, "gs": true, "file": true}

// address is a host, and the Service that it denotes if it is in the cluster. The host
// is empty if the text may be something else, such as a file name and a line number.
type address struct {
	serviceKey
	host, scheme string
	// port is the named port. Zero means none.
	port int32
	// portUnknown says that the text has a port that only the cluster or a shell knows.
	portUnknown bool
}

// serviceFrom returns the Service that a pod of a namespace reaches at the address.
func (a *address) serviceFrom(namespace string) serviceKey {
	if a.namespace == "" {
		return serviceKey{namespace, a.name}
	}
	return a.serviceKey
}

// parseAddresses returns the addresses in a text. An address without a namespace is in
// the namespace of the pod, or not a Service.
func parseAddresses(text string) []address {
	var found []address
	// A gRPC name may have an empty authority before the host.
	text = strings.ReplaceAll(text, "dns:///", "dns://")
	for _, at := range hostPattern.FindAllStringSubmatchIndex(text, -1) {
		part := func(i int) string {
			if at[2*i] < 0 {
				return ""
			}
			return text[at[2*i]:at[2*i+1]]
		}
		scheme, name, port := strings.ToLower(part(1)), strings.TrimSuffix(part(3), "."), part(4)
		before, after := text[:at[6]], text[at[1]:]
		// A number that continues, as in 1.4.0 or 12:30, is a version or a time.
		if port != "" && after != "" && strings.ContainsRune(".-_:", rune(after[0])) || part(2) != "" || storageSchemes[scheme] || templated(before, part(3), port, after) {
			continue
		}
		a := address{scheme: scheme, portUnknown: port == "" && strings.HasPrefix(after, ":")}
		if n, err := strconv.ParseUint(strings.TrimPrefix(port, ":"), 10, 16); err == nil {
			a.port = int32(n)
		}
		labels := strings.Split(name, ".")
		switch {
		case len(labels) >= 3 && labels[2] == "svc":
			a.serviceKey, a.host = serviceKey{labels[1], labels[0]}, name
		case scheme == "" && port == "":
			continue
		case len(labels) == 1:
			a.name = labels[0]
		case len(labels) == 2 && name == part(3):
			// An absolute name, as in https://example.com./, is no Service.
			a.serviceKey = serviceKey{labels[1], labels[0]}
		}
		if scheme != "" || len(labels) > 2 {
			a.host = name
		}
		found = append(found, a)
	}
	return found
}

// templated reports whether a name is only a part of a host: the rest is a variable or a
// template that something replaces later.
func templated(before, name, port, after string) bool {
	switch {
	case strings.HasSuffix(name, "-"):
		return true
	case strings.HasSuffix(name, ".") && strings.Count(name, ".") == 1:
		// No host has such an absolute name.
		return true
	case port == "" && after != "" && strings.ContainsRune("${%", rune(after[0])):
		return true
	}
	return before != "" && strings.ContainsRune(".-)}%", rune(before[len(before)-1]))
}
