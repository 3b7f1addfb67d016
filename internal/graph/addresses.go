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
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Cut is a connection that somebody seems to make and that Strict isolation of a
// Topology would not let through.
type BlockedConnection struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Where is the place that tells of the connection, such as env USERS_URL.
	Where string `json:"where"`
	// Do is what lets it through.
	Remedy string `json:"do"`
}

// Told is an address that containers are started with.
type ConfiguredAddress struct {
	// Where is the place that has it, such as env USERS_URL.
	Where string
	// Host is the host as it is written; empty where the text may be something else
	// altogether, and is an address only if there is a service of that name.
	Host string
	// Namespace and Name are of the Service that it is, if it is one of the cluster;
	// the name is empty where it can be none.
	Namespace, Name string
	// Port is 0 where none is named.
	Port int32
}

// ToldOf are the addresses that a service is started with: those in command, args
// and the values of env, also of the pod template over it.
func ServiceAddresses(ms *v1alpha1.Microservice) []ConfiguredAddress {
	return resolveAddresses(ms.Namespace, serviceValues(ms))
}

// ToldTo are the addresses that pods of a namespace are started with.
func PodAddresses(namespace string, pods *corev1.PodSpec) []ConfiguredAddress {
	var all []configuredValue
	containers := slices.Concat(pods.InitContainers, pods.Containers)
	for i := range containers {
		prefix := ""
		if len(containers) > 1 {
			prefix = fmt.Sprintf("container %q, ", containers[i].Name)
		}
		all = append(all, containerValues(prefix, containers[i].Command, containers[i].Args, containers[i].Env)...)
	}
	return resolveAddresses(namespace, all)
}

func resolveAddresses(namespace string, all []configuredValue) []ConfiguredAddress {
	var found []ConfiguredAddress
	for _, given := range all {
		for _, at := range parseAddresses(given.value) {
			of := at.serviceFrom(namespace)
			found = append(found, ConfiguredAddress{Where: given.where, Host: at.host, Namespace: of.namespace, Name: of.name, Port: at.port})
		}
	}
	return found
}
