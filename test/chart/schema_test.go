// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// freeForm are maps with keys that the user chooses.
var freeForm = []string{"env", "resources.limits", "resources.requests"}

// TestUnknownValuesAreRefused adds an unknown key to each map of values.yaml.
func TestUnknownValuesAreRefused(t *testing.T) {
	_, objects := leaves("", defaults(t))
	for _, path := range append(objects, "") {
		if slices.Contains(freeForm, path) {
			continue
		}
		_, err := defaultRelease(nest(strings.TrimPrefix(path+".typo", "."), "1")).render(t)
		if err == nil || !strings.Contains(err.Error(), "'typo' not allowed") || !strings.Contains(err.Error(), "at '"+pointer(path)+"'") {
			t.Errorf("typo in %q: got %v", path, err)
		}
	}
}

// TestBadValuesAreRefused checks that a wrong value is refused with its path and a reason.
func TestBadValuesAreRefused(t *testing.T) {
	for values, want := range map[string]string{
		"replicas: two":                             "at '/replicas'",
		"image: {digest: latest}":                   "at '/image/digest'",
		"image: {pullPolicy: Sometimes}":            "at '/image/pullPolicy'",
		"imagePullSecrets: [registry]":              "at '/imagePullSecrets/0'",
		"namespaces: [Shop]":                        "at '/namespaces/0'",
		"namespaces: shop":                          "at '/namespaces'",
		"workers: 0":                                "at '/workers'",
		"logLevel: loud":                            "at '/logLevel'",
		"publicPorts: {http: 80}":                   "at '/publicPorts'",
		"publicPorts: {'80': 70000}":                "at '/publicPorts/80'",
		"extraArgs: [workers=3]":                    "at '/extraArgs/0'",
		"crds: {install: 'no'}":                     "at '/crds/install'",
		"metrics: {serviceMonitor: {interval: 30}}": "at '/metrics/serviceMonitor/interval'",
		"podLabels: {a: 1}":                         "at '/podLabels/a'",
		"leaderElection: {enabled: false}":          "replicas must be at most 1 without leaderElection.enabled",
		"extraEnv: [{name: GOGC, value: '1'}]":      "extraEnv sets GOGC, which env sets too",
		"metrics: {enabled: false, serviceMonitor: {enabled: true}}":          "metrics.serviceMonitor.enabled needs metrics.enabled",
		"metrics: {enabled: false, networkPolicy: {enabled: true}}":           "metrics.networkPolicy.enabled needs metrics.enabled",
		"metrics: {enabled: false, prometheusRule: {enabled: true}}":          "metrics.prometheusRule.enabled needs metrics.enabled",
		"metrics: {enabled: false, dashboard: {enabled: true}}":               "metrics.dashboard.enabled needs metrics.enabled",
		"metrics: {networkPolicy: {namespaceSelector: {matchLabel: {a: b}}}}": "at '/metrics/networkPolicy/namespaceSelector'",
		"extraArgs: [--leader-elect=false]":                                   "extraArgs sets --leader-elect: set the value leaderElection.enabled instead",
		"extraArgs: [--namespaces=shop]":                                      "extraArgs sets --namespaces: set the value namespaces instead",
	} {
		if _, err := defaultRelease(values).render(t); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", values, err, want)
		}
	}
	_, err := release{name: "a-very-long-name-of-a-release", namespace: "atoll-system"}.render(t)
	if want := `the name "a-very-long-name-of-a-release-atoll" has more than 28 characters`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestExtraArgsSetNoFlagOfTheChart gives each flag that the chart sets a second time.
func TestExtraArgsSetNoFlagOfTheChart(t *testing.T) {
	flags := map[string]bool{}
	values := strings.Replace(everything, "extraArgs: [--zap-encoder=console]\n", "", 1)
	for _, o := range defaultRelease(values).objects(t) {
		if o["kind"] != "Deployment" {
			continue
		}
		containers, _, err := unstructured.NestedSlice(o, "spec", "template", "spec", "containers")
		if err != nil {
			t.Fatal(err)
		}
		for _, arg := range containers[0].(map[string]any)["args"].([]any) {
			flag, _, _ := strings.Cut(arg.(string), "=")
			flags[flag] = true
		}
	}
	if len(flags) < 5 {
		t.Errorf("the manager has the flags %v only", flags)
	}
	for flag := range flags {
		want := "extraArgs sets " + flag
		if _, err := defaultRelease("extraArgs: ['" + flag + "=x']").render(t); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", flag, err, want)
		}
	}
}

// pointer returns the JSON pointer of a path of values.
func pointer(path string) string {
	if path == "" {
		return ""
	}
	return "/" + strings.ReplaceAll(path, ".", "/")
}
