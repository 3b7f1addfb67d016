// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// TestOverlayReplaces asks for what the API server takes only one of: the overlay's
// replaces the template's.
func TestOverlayReplaces(t *testing.T) {
	for name, tc := range map[string]struct {
		overlay string
		of      func(*corev1.PodSpec) any
		want    string
	}{
		"a hook": {
			"containers: [{name: orders, lifecycle: {preStop: {exec: {command: [quit]}}}}]",
			func(p *corev1.PodSpec) any { return p.Containers[0].Lifecycle },
			`{"preStop":{"exec":{"command":["quit"]}}}`,
		},
		"a hook beside it": {
			"containers: [{name: orders, lifecycle: {postStart: {exec: {command: [warm]}}}}]",
			func(p *corev1.PodSpec) any { return p.Containers[0].Lifecycle },
			`{"postStart":{"exec":{"command":["warm"]}},"preStop":{"sleep":{"seconds":5}}}`,
		},
		"the seconds of the hook": {
			"containers: [{name: orders, lifecycle: {preStop: {sleep: {seconds: 20}}}}]",
			func(p *corev1.PodSpec) any { return p.Containers[0].Lifecycle },
			`{"preStop":{"sleep":{"seconds":20}}}`,
		},
		"a volume": {
			"volumes: [{name: tmp, hostPath: {path: /scratch}}]",
			func(p *corev1.PodSpec) any { return p.Volumes },
			`[{"name":"tmp","hostPath":{"path":"/scratch"}}]`,
		},
		"the size of a volume": {
			"volumes: [{name: tmp, emptyDir: {sizeLimit: 1Gi}}]",
			func(p *corev1.PodSpec) any { return p.Volumes },
			`[{"name":"tmp","emptyDir":{"sizeLimit":"1Gi"}}]`,
		},
		"the handler of a probe": {
			"containers: [{name: orders, readinessProbe: {exec: {command: [ready]}}}]",
			func(p *corev1.PodSpec) any { return p.Containers[0].ReadinessProbe },
			`{"exec":{"command":["ready"]},"periodSeconds":5}`,
		},
		"the period of a probe": {
			"containers: [{name: orders, readinessProbe: {periodSeconds: 1}}]",
			func(p *corev1.PodSpec) any { return p.Containers[0].ReadinessProbe },
			`{"tcpSocket":{"port":"http"},"periodSeconds":1}`,
		},
		"the source of a variable": {
			"containers: [{name: orders, env: [{name: OTEL_SERVICE_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}]",
			func(p *corev1.PodSpec) any { return p.Containers[0].Env[0] },
			`{"name":"OTEL_SERVICE_NAME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := json.Marshal(tc.of(&overlaid(t, tc.overlay).Spec))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("the template differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOverlayGracePeriod asks how long a pod has to end: the user's seconds do not contain
// the drain before them.
func TestOverlayGracePeriod(t *testing.T) {
	for name, tc := range map[string]struct {
		overlay string
		want    int64
	}{
		"the default":                           {"nodeName: a", 45},
		"the user's":                            {"terminationGracePeriodSeconds: 5", 10},
		"the user's, with a hook of the user's": {"terminationGracePeriodSeconds: 120, containers: [{name: orders, lifecycle: {preStop: {exec: {command: [quit]}}}}]", 120},
		"the user's, without a hook":            {"terminationGracePeriodSeconds: 120, containers: [{name: orders, lifecycle: null}]", 120},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ptr.Deref(overlaid(t, tc.overlay).Spec.TerminationGracePeriodSeconds, 0); got != tc.want {
				t.Errorf("the grace period is %d s, want %d s", got, tc.want)
			}
		})
	}
}

// overlaid returns the pod template of a service with a spec as its overlay.
func overlaid(t *testing.T, spec string) *corev1.PodTemplateSpec {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte("spec: {" + spec + "}"))
	if err != nil {
		t.Fatal(err)
	}
	ms := inputstest.Orders(func(ms *v1alpha1.Microservice) { ms.Spec.PodTemplate = &runtime.RawExtension{Raw: raw} })
	template, problem := podTemplate(database.Of(&inputs.Inputs{Microservice: ms}))
	if problem != nil {
		t.Fatal(problem.Message)
	}
	return template
}
