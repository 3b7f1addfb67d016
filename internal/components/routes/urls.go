// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// maxURLs is the maximum length of status.urls; the API server refuses a longer one.
const maxURLs = 64

// URLs returns the URLs of a Microservice's routes, up to the maximum of the status. It
// leaves out those whose requests another Microservice gets.
func URLs(in *inputs.Inputs) []string {
	var urls []string
	for i := range in.Microservice.Spec.Routes {
		route := &in.Microservice.Spec.Routes[i]
		path := pathOf(route)
		if path == "/" {
			path = ""
		}
		refs, open, _ := Attachment(in, i)
		for _, ref := range refs {
			key := RefKey(&ref, in.Microservice.Namespace)
			won := slices.DeleteFunc(slices.Clone(open), func(hostname v1alpha1.Hostname) bool { return lost(in, i, key, hostname) })
			if len(won) == 0 && (len(open) > 0 || lost(in, i, key, "")) {
				continue
			}
			for _, base := range GatewayURLs(in.Gateways[key], in.PublicPorts, ref.SectionName, won) {
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

// GatewayURLs returns the URLs of a Gateway: those of the hostnames, or, without any, those of the
// addresses in its status. A host name has the public port. There are none for a Gateway that does
// not exist.
func GatewayURLs(gateway *gatewayv1.Gateway, ports inputs.PublicPorts, section string, hostnames []v1alpha1.Hostname) []string {
	if gateway == nil {
		return nil
	}
	hosts := make([]string, 0, len(hostnames))
	for _, name := range hostnames {
		// A wildcard is no address.
		if !strings.HasPrefix(string(name), "*") {
			hosts = append(hosts, string(name))
		}
	}
	if len(hostnames) == 0 {
		ports = nil
		for i := range gateway.Status.Addresses {
			hosts = append(hosts, gateway.Status.Addresses[i].Value)
		}
	}
	scheme, port := schemeAndPort(gateway, ports, section)
	urls := make([]string, len(hosts))
	for i, host := range hosts {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		urls[i] = scheme + "://" + host + port
	}
	return urls
}

// schemeAndPort returns the scheme and the public port of a Gateway's listener. HTTPS comes
// before HTTP. The port is empty where it is the default of the scheme.
func schemeAndPort(gateway *gatewayv1.Gateway, ports inputs.PublicPorts, section string) (scheme, port string) {
	scheme = "http"
	for i := range gateway.Spec.Listeners {
		l := &gateway.Spec.Listeners[i]
		if section != "" && section != string(l.Name) || scheme == "https" && l.Protocol != gatewayv1.HTTPSProtocolType {
			continue
		}
		usual := int32(80)
		if l.Protocol == gatewayv1.HTTPSProtocolType {
			scheme, usual = "https", 443
		}
		port = ""
		if public := ports.Of(l.Port); public != usual {
			port = ":" + strconv.Itoa(int(public))
		}
	}
	return scheme, port
}
