// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// CodeProbePort says that a probe or a hook names a port that its container does not have.
const CodeProbePort = "ProbePort"

// probePorts finds probes and hooks that name a port that their container does not have. The
// API server accepts them, and they never succeed.
func (p *podLint) probePorts() {
	for _, c := range p.containers() {
		for _, at := range handlers(c) {
			name := portName(at.ProbeHandler)
			if name == "" || slices.ContainsFunc(c.Ports, func(port corev1.ContainerPort) bool { return port.Name == name }) {
				continue
			}
			cause, remedy := fmt.Sprintf("names port %q, and the container has no named port", name), "use a number"
			if has := portNames(c); len(has) > 0 {
				cause, remedy = fmt.Sprintf("names port %q, and the container has %s", name, strings.Join(has, ", ")), "use one of these, or a number"
			}
			p.report(SeverityError, CodeProbePort, p.probeField(c, at.field), condition.Message{Cause: cause, Remedy: remedy}.String())
		}
	}
}

// probeField returns the field that sets a probe or a hook of a container.
func (p *podLint) probeField(c *corev1.Container, field string) string {
	own, ofSpec := p.ms.Spec.Probes, ""
	if own == nil {
		own = &v1alpha1.Probes{}
	}
	inOverlay := p.overlay[c.Name]
	switch {
	case slices.ContainsFunc(handlers(&inOverlay), func(h handler) bool { return h.field == field }):
	case field == "readinessProbe" && own.Readiness != nil:
		ofSpec = "probes.readiness"
	case field == "livenessProbe" && own.Liveness != nil:
		ofSpec = "probes.liveness"
	case field == "startupProbe" && own.Startup != nil:
		ofSpec = "probes.startup"
	case c.Name == p.ms.Name && p.ms.Spec.Probes == nil && !strings.Contains(field, "."):
		return topologyDefaults + " of the Topology: " + field
	}
	return p.fieldOf(c, ofSpec, field)
}

// handler is a probe or a hook of a container, and its field.
type handler struct {
	field string
	corev1.ProbeHandler
}

func handlers(c *corev1.Container) []handler {
	var all []handler
	addProbe := func(field string, probe *corev1.Probe) {
		if probe != nil {
			all = append(all, handler{field, probe.ProbeHandler})
		}
	}
	addHook := func(field string, hook *corev1.LifecycleHandler) {
		if hook != nil {
			all = append(all, handler{field, corev1.ProbeHandler{HTTPGet: hook.HTTPGet, TCPSocket: hook.TCPSocket}})
		}
	}
	addProbe("readinessProbe", c.ReadinessProbe)
	addProbe("livenessProbe", c.LivenessProbe)
	addProbe("startupProbe", c.StartupProbe)
	if c.Lifecycle != nil {
		addHook("lifecycle.postStart", c.Lifecycle.PostStart)
		addHook("lifecycle.preStop", c.Lifecycle.PreStop)
	}
	return all
}

// portName returns the name of the port that a handler connects to; empty if it has a number,
// or connects to none.
func portName(h corev1.ProbeHandler) string {
	var port intstr.IntOrString
	switch {
	case h.HTTPGet != nil:
		port = h.HTTPGet.Port
	case h.TCPSocket != nil:
		port = h.TCPSocket.Port
	}
	if port.Type == intstr.Int {
		return ""
	}
	return port.StrVal
}

func portNames(c *corev1.Container) []string {
	var named []string
	for _, port := range c.Ports {
		if port.Name != "" {
			named = append(named, fmt.Sprintf("%s (%d)", port.Name, port.ContainerPort))
		}
	}
	return named
}
