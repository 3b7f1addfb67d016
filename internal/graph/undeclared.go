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
)

// Mention is a service that another one is told of and does not declare as a
// dependency.
type UndeclaredCall struct {
	Caller *v1alpha1.Microservice
	Callee *v1alpha1.Microservice
	// Where is the place of the caller's spec that names the callee, such as
	// env USERS_URL.
	Where string
	// Port is the one that is named there; 0 when none is.
	Port int32
}

// Undeclared finds the services whose address is in what a service's containers
// are started with (command, args and the values of env) although they are not
// among its dependencies. Each is found once, at its first place. A name alone
// is no address: it needs a scheme, a port, or the ending .svc.
func UndeclaredCalls(ms *v1alpha1.Microservice, services []*v1alpha1.Microservice) []UndeclaredCall {
	others := make(map[serviceKey]*v1alpha1.Microservice, len(services))
	for _, other := range services {
		others[serviceKey{other.Namespace, other.Name}] = other
	}
	told := map[serviceKey]bool{{ms.Namespace, ms.Name}: true}
	for i := range ms.Spec.Dependencies {
		told[serviceKey{NamespaceOf(ms, &ms.Spec.Dependencies[i]), ms.Spec.Dependencies[i].Name}] = true
	}
	var found []UndeclaredCall
	for _, given := range serviceValues(ms) {
		for _, at := range parseAddresses(given.value) {
			to := at.serviceFrom(ms.Namespace)
			if callee := others[to]; callee != nil && !told[to] {
				told[to] = true
				found = append(found, UndeclaredCall{Caller: ms, Callee: callee, Where: given.where, Port: at.port})
			}
		}
	}
	return found
}

// given is a value that a container is started with, and its place in the spec.
type configuredValue struct{ where, value string }

func serviceValues(ms *v1alpha1.Microservice) []configuredValue {
	all := containerValues("", ms.Spec.Command, ms.Spec.Args, ms.Spec.Env)
	if ms.Spec.PodTemplate == nil {
		return all
	}
	// What is no pod template is told of where it is put over the one that is built.
	overlay := corev1.PodTemplateSpec{}
	if json.Unmarshal(ms.Spec.PodTemplate.Raw, &overlay) != nil {
		return all
	}
	for _, container := range slices.Concat(overlay.Spec.InitContainers, overlay.Spec.Containers) {
		all = append(all, containerValues(fmt.Sprintf("container %q, ", container.Name), container.Command, container.Args, container.Env)...)
	}
	return all
}

func containerValues(prefix string, command, args []string, env []corev1.EnvVar) []configuredValue {
	var all []configuredValue
	for _, variable := range env {
		all = append(all, configuredValue{prefix + "env " + variable.Name, variable.Value})
	}
	for i, value := range command {
		all = append(all, configuredValue{fmt.Sprintf("%scommand[%d]", prefix, i), value})
	}
	for i, value := range args {
		all = append(all, configuredValue{fmt.Sprintf("%sargs[%d]", prefix, i), value})
	}
	return all
}

// host is what may be a host, with what tells whether it is one: a scheme (with a
// user or not) before it, a port behind it, and not the rest of a path.
var hostPattern = regexp.MustCompile(`(?:([a-zA-Z][a-zA-Z0-9+.-]*)://(?:[^/@\s]*@)?|(/))?\b([a-z0-9][-a-z0-9.]*)(:[0-9]{1,5})?`)

// storage are schemes whose host is none.
var storageSchemes = map[string]bool{"s3": true, "gs": true, "file": true}

// address is a host, and the Service that it would be if it is one of the cluster.
// The host is empty where it may be something else altogether, such as a file and
// a line.
type address struct {
	serviceKey
	host string
	// port is 0 where none is named.
	port int32
}

// in is the Service that a pod of a namespace reaches at the address.
func (a *address) serviceFrom(namespace string) serviceKey {
	if a.namespace == "" {
		return serviceKey{namespace, a.name}
	}
	return a.serviceKey
}

// addresses are the hosts in a text. One without a namespace is in that of the
// pod that reads it, or no Service.
func parseAddresses(text string) []address {
	var found []address
	for _, at := range hostPattern.FindAllStringSubmatchIndex(text, -1) {
		part := func(i int) string {
			if at[2*i] < 0 {
				return ""
			}
			return text[at[2*i]:at[2*i+1]]
		}
		scheme, name, port := strings.ToLower(part(1)), strings.TrimSuffix(part(3), "."), part(4)
		// What goes on behind the number is a version, or a time.
		if port != "" && at[1] < len(text) && strings.ContainsRune(".-_:", rune(text[at[1]])) || part(2) != "" || storageSchemes[scheme] {
			continue
		}
		a := address{}
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
		case len(labels) == 2:
			a.serviceKey = serviceKey{labels[1], labels[0]}
		}
		if scheme != "" || len(labels) > 2 {
			a.host = name
		}
		found = append(found, a)
	}
	return found
}
