// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// The time for which an unanswered probe does not count against a container that has
// just started.
const (
	// warmingUp is for a container that listens already.
	warmingUp = 15 * time.Second
	// opening is for a container that does not listen yet.
	opening = 30 * time.Second
	// longStart is the maximum for a container with a startup probe.
	longStart = 2 * time.Minute
)

// answer is the result of the last failed probe.
type answer struct {
	event *corev1.Event
	// kind is Readiness, Liveness or Startup.
	kind  string
	says  string
	probe *corev1.Probe
}

// probeKinds are the kinds of probes. Readiness, which decides whether the pod is
// ready, comes first.
var probeKinds = []string{"Readiness", "Startup", "Liveness"}

var probeWords = regexp.MustCompile(`(?s)^(Readiness|Liveness|Startup) probe (?:failed|errored[^:]*): ?(.*)$`)

// answered returns the last failed probe, of some kinds, of the current container, and
// nil where none failed.
func (e *Evidence) answered(c *container, kinds ...string) *answer {
	for _, kind := range kinds {
		event := e.eventOf(c, func(text string) bool { return strings.HasPrefix(text, kind+" probe ") }, "Unhealthy", "ProbeWarning")
		if event == nil {
			continue
		}
		found := probeWords.FindStringSubmatch(event.Message)
		if found == nil {
			continue
		}
		a := &answer{event: event, kind: kind, says: strings.TrimSpace(found[2])}
		switch kind {
		case "Readiness":
			a.probe = c.Spec.ReadinessProbe
		case "Liveness":
			a.probe = c.Spec.LivenessProbe
		case "Startup":
			a.probe = c.Spec.StartupProbe
		}
		return a
	}
	return nil
}

// port returns the number and the name of the port that a probe connects to. The number
// is 0 for a probe without a port.
func (a *answer) port(c *container) (number int32, of string) {
	if a.probe == nil {
		return 0, ""
	}
	var at intstr.IntOrString
	switch p := a.probe; {
	case p.HTTPGet != nil:
		at = p.HTTPGet.Port
	case p.TCPSocket != nil:
		at = p.TCPSocket.Port
	case p.GRPC != nil:
		at = intstr.FromInt32(p.GRPC.Port)
	default:
		return 0, ""
	}
	for i := range c.Spec.Ports {
		port := &c.Spec.Ports[i]
		if at.Type == intstr.String && port.Name == at.StrVal || at.Type == intstr.Int && port.ContainerPort == at.IntVal {
			return port.ContainerPort, port.Name
		}
	}
	return at.IntVal, ""
}

// asks describes the request of a probe.
func (a *answer) asks(c *container) string {
	number, _ := a.port(c)
	switch p := a.probe; {
	case p == nil:
	case p.HTTPGet != nil:
		return fmt.Sprintf("GET %s on port %d", orElse(p.HTTPGet.Path, "/"), number)
	case p.TCPSocket != nil:
		return fmt.Sprintf("a connection to port %d", number)
	case p.GRPC != nil:
		return fmt.Sprintf("the gRPC health check on port %d", number)
	case p.Exec != nil:
		return fmt.Sprintf("the command %q", cut(strings.Join(p.Exec.Command, " "), 80))
	}
	return "it"
}

var statusCode = regexp.MustCompile(`statuscode: (\d+)`)

// got describes the answer.
func (a *answer) got() string {
	if code := statusCode.FindStringSubmatch(a.says); code != nil {
		return "is answered with " + code[1]
	}
	switch {
	case a.refused():
		return "is refused: nothing listens on the port"
	case strings.Contains(a.says, "deadline exceeded"), strings.Contains(a.says, "timed out"), strings.Contains(a.says, "Client.Timeout"):
		seconds := int32(1)
		if a.probe != nil && a.probe.TimeoutSeconds > 0 {
			seconds = a.probe.TimeoutSeconds
		}
		return fmt.Sprintf("is not answered within %d s", seconds)
	case a.says == "":
		return "fails"
	case a.probe != nil && a.probe.Exec != nil:
		return "fails: " + cut(strings.Join(strings.Fields(a.says), " "), 160)
	}
	return "is answered with: " + cut(strings.Join(strings.Fields(a.says), " "), 160)
}

func (a *answer) refused() bool { return strings.Contains(a.says, "connection refused") }

// killedByProbe is how the kubelet explains a kill after a failed probe.
var killedByProbe = regexp.MustCompile("failed (liveness|startup) probe")

// livenessKill finds containers that the kubelet restarts after a failed liveness or
// startup probe.
func livenessKill(e *Evidence, part Part) *Finding {
	for _, c := range append(e.containers(part), e.restarted(part)...) {
		killed := e.eventOf(&c, killedByProbe.MatchString, "Killing")
		ended := e.exit(&c)
		if killed == nil || ended == nil || c.Status.RestartCount == 0 {
			continue
		}
		// A container that ended by itself has another exit code.
		if !podfailure.MaybeProbe(ended.ExitCode) {
			continue
		}
		kind := upperFirst(killedByProbe.FindStringSubmatch(killed.Message)[1])
		f := &Finding{
			Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: eventProof(killed), Beside: podfailure.Ready(c.Pod),
			Cause:  fmt.Sprintf("The kubelet restarts %s because its %s probe fails", c.called(), strings.ToLower(kind)),
			Remedy: fmt.Sprintf("Correct probes.%s, give it more time (periodSeconds × failureThreshold), or find out why the service hangs", strings.ToLower(kind)),
		}
		if a := e.answered(&c, kind); a != nil {
			f.Cause += fmt.Sprintf(": %s %s", a.asks(&c), a.got())
			f.Proof = eventProof(a.event)
		}
		f.Proof = append(f.Proof, e.proof(&c)...)
		return f
	}
	return nil
}

// overdue reports whether a running container should have answered by now.
func (e *Evidence) overdue(c *container, a *answer) bool {
	patience := warmingUp
	if a.refused() {
		patience = opening
	}
	if p := a.probe; a.kind == "Startup" && p != nil {
		// Half of the time that the startup probe allows.
		granted := time.Duration(max(p.PeriodSeconds, 1)*max(p.FailureThreshold, 1)) * time.Second
		patience = min(max(granted/2, opening), longStart)
	}
	return e.Now.Sub(c.Status.State.Running.StartedAt.Time) >= patience
}

// unanswered returns the last failed probe of a container that runs and is not ready,
// and nil where none failed.
func (e *Evidence) unanswered(c *container) *answer {
	state := c.Status.State.Running
	if c.Init || state == nil || c.Status.Ready {
		return nil
	}
	for _, kind := range probeKinds {
		a := e.answered(c, kind)
		// A failed probe of the previous run does not count.
		if a != nil && (LastSeen(a.event).IsZero() || !LastSeen(a.event).Before(state.StartedAt.Time)) {
			return a
		}
	}
	return nil
}

// wrongPort finds containers that run but do not listen on the probed port.
func wrongPort(e *Evidence, part Part) *Finding {
	for _, c := range e.containers(part) {
		a := e.unanswered(&c)
		if a == nil || !a.refused() {
			continue
		}
		number, of := a.port(&c)
		other := listening(e.lines(&c), number)
		if number == 0 || other == "" && !e.overdue(&c, a) {
			continue
		}
		cause := fmt.Sprintf("%s runs, but nothing listens on port %d, to which its %s probe connects", c.subject(), number, strings.ToLower(a.kind))
		if other != "" {
			cause += fmt.Sprintf("; its log names port %s", other)
		}
		return &Finding{
			Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: append(eventProof(a.event), e.proof(&c)...),
			Cause: cause, Remedy: e.portRemedy(part, number, of, strings.ToLower(a.kind)),
		}
	}
	return nil
}

// portRemedy names the field that sets a port.
func (e *Evidence) portRemedy(part Part, number int32, of, probe string) string {
	if part == PartService {
		ports := graph.Ports(e.Microservice)
		for i := range ports {
			if ports[i].Name == of && graph.TargetPort(&ports[i]) == number {
				return fmt.Sprintf("Set ports[%s].targetPort (now %d) to the port on which the service listens, or make the service listen on %d", of, number, number)
			}
		}
		return fmt.Sprintf("Correct the port of probes.%s, or make the service listen on %d", probe, number)
	}
	return fmt.Sprintf("Make it listen on %d", number)
}

// failingProbe finds containers that run and whose probes fail.
func failingProbe(e *Evidence, part Part) *Finding {
	for _, c := range e.containers(part) {
		a := e.unanswered(&c)
		if a == nil || !e.overdue(&c, a) {
			continue
		}
		return &Finding{
			Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: append(eventProof(a.event), e.proof(&c)...),
			Cause:  fmt.Sprintf("%s runs, but its %s probe fails: %s %s", c.subject(), strings.ToLower(a.kind), a.asks(&c), a.got()),
			Remedy: probeRemedy(part, a),
		}
	}
	return nil
}

func probeRemedy(part Part, a *answer) string {
	kind := strings.ToLower(a.kind)
	if part == PartDatabase {
		return "See its log; if it is still recovering, wait"
	}
	code := statusCode.FindStringSubmatch(a.says)
	switch {
	case code != nil && code[1] == "404":
		return fmt.Sprintf("Correct the path of probes.%s, or probes.path", kind)
	case code != nil && (code[1] == "401" || code[1] == "403"):
		return fmt.Sprintf("Set probes.%s to a path that needs no authentication", kind)
	case code != nil && code[1][0] == '5':
		return "See the log of the service for why it is not ready"
	case code != nil:
		return fmt.Sprintf("Correct probes.%s: a status from 200 to 399 counts as success", kind)
	}
	return fmt.Sprintf("See the log of the service for the reason, or correct probes.%s", kind)
}
