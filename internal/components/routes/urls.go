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

package routes

import (
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// maxURLs is how many status.urls may hold; the API server refuses a status
// with more.
const maxURLs = 64

// URLs are the addresses that a Microservice's routes are reachable at, or the
// first of them. Those of which another Microservice gets the requests are left out.
func URLs(in *inputs.Inputs) []string {
	var urls []string
	for i := range in.Microservice.Spec.Routes {
		route := &in.Microservice.Spec.Routes[i]
		if _, problem := ParentRefs(in, i); problem != nil {
			continue
		}
		path := pathOf(route)
		if path == "/" {
			path = ""
		}
		for _, ref := range GatewayRefs(in.Microservice, route, in.Topology) {
			key := RefKey(&ref, in.Microservice.Namespace)
			hostnames := Hostnames(route, in.Topology)
			won := slices.DeleteFunc(slices.Clone(hostnames), func(hostname v1alpha1.Hostname) bool { return lost(in, i, key, hostname) })
			if len(won) == 0 && (len(hostnames) > 0 || lost(in, i, key, "")) {
				continue
			}
			for _, base := range GatewayURLs(in.Gateways[key], ref.SectionName, won) {
				if url := base + path; !slices.Contains(urls, url) {
					urls = append(urls, url)
				}
				if len(urls) == maxURLs {
					return urls
				}
			}
		}
	}
	return urls
}

// lost reports whether another Microservice gets the requests of a route with a host at
// a Gateway.
func lost(in *inputs.Inputs, route int, gateway string, hostname v1alpha1.Hostname) bool {
	return slices.ContainsFunc(in.RouteConflicts, func(c inputs.RouteConflict) bool {
		return c.Lost && c.Route == route && c.Gateway == gateway && c.Hostname == hostname
	})
}

// GatewayURLs are the addresses that a Gateway answers at: the host names, or,
// without any, what the Gateway's controller says. It is empty for a Gateway
// that does not exist.
func GatewayURLs(gateway *gatewayv1.Gateway, section string, hostnames []v1alpha1.Hostname) []string {
	if gateway == nil {
		return nil
	}
	hosts := make([]string, 0, len(hostnames))
	for _, name := range hostnames {
		// Nobody can call a wildcard.
		if !strings.HasPrefix(string(name), "*") {
			hosts = append(hosts, string(name))
		}
	}
	if len(hostnames) == 0 {
		for i := range gateway.Status.Addresses {
			hosts = append(hosts, gateway.Status.Addresses[i].Value)
		}
	}
	scheme, port := schemeAndPort(gateway, section)
	urls := make([]string, len(hosts))
	for i, host := range hosts {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		urls[i] = scheme + "://" + host + port
	}
	return urls
}

// schemeAndPort are those of the Gateway's listener, of an HTTPS one where it
// has both. The port is empty where it is the scheme's own.
func schemeAndPort(gateway *gatewayv1.Gateway, section string) (scheme, port string) {
	scheme = "http"
	for i := range gateway.Spec.Listeners {
		l := &gateway.Spec.Listeners[i]
		if section != "" && section != string(l.Name) || scheme == "https" && l.Protocol != gatewayv1.HTTPSProtocolType {
			continue
		}
		usual := gatewayv1.PortNumber(80)
		if l.Protocol == gatewayv1.HTTPSProtocolType {
			scheme, usual = "https", 443
		}
		port = ""
		if l.Port != usual {
			port = ":" + strconv.Itoa(int(l.Port))
		}
	}
	return scheme, port
}
