// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	sigsyaml "sigs.k8s.io/yaml"
)

// valueChange is a change of one value, and what it does to the rendered objects.
type valueChange struct {
	// base has the values that the value needs to have an effect.
	base string
	// value is the changed value.
	value string
	// want appears in the output with the change only.
	want string
	// gone appears in the output without the change only.
	gone string
}

// valueChanges has a change of every value.
var valueChanges = map[string]valueChange{
	"affinity":                      {value: "{podAffinity: {}}", want: "podAffinity: {}"},
	"cloudNativePGNamespace":        {value: "databases", want: "--cloudnative-pg-namespace=databases"},
	"commonLabels":                  {value: "{team: platform}", want: "team: platform"},
	"crds.install":                  {value: "false", gone: "kind: CustomResourceDefinition"},
	"crds.keep":                     {value: "false", gone: "helm.sh/resource-policy"},
	"env.GOGC":                      {value: "'99'", want: `value: "99"`, gone: `value: "50"`},
	"env.GOMEMLIMIT":                {value: "1GiB", want: `value: "1GiB"`, gone: "200MiB"},
	"extraArgs":                     {value: "[--zap-encoder=console]", want: `- "--zap-encoder=console"`},
	"extraEnv":                      {value: "[{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]", want: "fieldPath: spec.nodeName"},
	"fullnameOverride":              {value: "other", want: "name: other-controller-manager", gone: "name: atoll-controller-manager"},
	"image.digest":                  {value: "'sha256:" + digest + "'", want: "ghcr.io/atoll-dev/atoll@sha256:" + digest, gone: "ghcr.io/atoll-dev/atoll:v"},
	"image.pullPolicy":              {value: "Always", want: "imagePullPolicy: Always"},
	"image.repository":              {value: "registry.example.com/atoll", want: `image: "registry.example.com/atoll:v`},
	"image.tag":                     {value: "v9", want: `image: "ghcr.io/atoll-dev/atoll:v9"`},
	"imagePullSecrets":              {value: "[{name: registry}]", want: "- name: registry"},
	"kubeAPIQPS":                    {value: "50.5", want: "--kube-api-qps=50.5"},
	"leaderElection.enabled":        {base: "replicas: 1", value: "false", want: "type: Recreate", gone: "--leader-elect"},
	"logLevel":                      {value: "debug", want: "--zap-log-level=debug"},
	"metrics.enabled":               {value: "false", gone: "--metrics-bind-address"},
	"metrics.networkPolicy.enabled": {value: "true", want: "kind: NetworkPolicy"},
	"metrics.networkPolicy.namespaceSelector": {base: "metrics: {networkPolicy: {enabled: true}}", value: "{matchLabels: {team: observability}}", want: "team: observability", gone: "metrics: enabled"},
	"metrics.prometheusRule.enabled":          {value: "true", want: "alert: AtollAbsent"},
	"metrics.prometheusRule.labels":           {base: "metrics: {prometheusRule: {enabled: true}}", value: "{release: prometheus}", want: "release: prometheus"},
	"metrics.dashboard.enabled":               {value: "true", want: "atoll.json: |"},
	"metrics.dashboard.labels":                {base: "metrics: {dashboard: {enabled: true}}", value: "{grafana_dashboard: 'true'}", want: `grafana_dashboard: "true"`},
	"metrics.serviceMonitor.enabled":          {value: "true", want: "kind: ServiceMonitor"},
	"metrics.serviceMonitor.interval":         {base: "metrics: {serviceMonitor: {enabled: true}}", value: "45s", want: "interval: 45s"},
	"metrics.serviceMonitor.labels":           {base: "metrics: {serviceMonitor: {enabled: true}}", value: "{release: prometheus}", want: "release: prometheus"},
	"nameOverride":                            {value: "services", want: "name: atoll-services-controller-manager"},
	"nameServers":                             {value: "[10.0.0.10, 'fd00::a']", want: `"--name-servers=10.0.0.10,fd00::a"`},
	"namespaces":                              {value: "[shop, mall]", want: `"--namespaces=shop,mall"`},
	"nodeSelector":                            {value: "{kubernetes.io/os: linux}", want: "kubernetes.io/os: linux"},
	"podAnnotations":                          {value: "{a: b}", want: "      annotations:\n        a: b\n        kubectl.kubernetes.io/"},
	"podDisruptionBudget.enabled":             {value: "false", gone: "kind: PodDisruptionBudget"},
	"podDisruptionBudget.maxUnavailable":      {value: "50%", want: "maxUnavailable: 50%", gone: "maxUnavailable: 1"},
	"podLabels":                               {value: "{a: b}", want: "        a: b\n    spec:"},
	"policies.deletion-guard":                 {value: "false", gone: "name: atoll-deletion-guard"},
	"policies.host-access":                    {value: "false", gone: "name: atoll-host-access"},
	"policies.microservice-rights":            {value: "false", gone: "name: atoll-microservice-rights"},
	"policies.operator-scope":                 {value: "false", gone: "name: atoll-operator-scope"},
	"policies.topology-rights":                {value: "false", gone: "name: atoll-topology-rights"},
	"priorityClassName":                       {value: "system-cluster-critical", want: `priorityClassName: "system-cluster-critical"`},
	"publicPorts":                             {value: "{'80': 8080, '443': 8443}", want: `"--public-ports=443=8443,80=8080"`},
	"rcloneImage":                             {value: "registry.example.com/rclone:1", want: `"--rclone-image=registry.example.com/rclone:1"`},
	"replicas":                                {value: "3", want: "replicas: 3\n  selector", gone: "replicas: 2\n  selector"},
	"resources.limits.memory":                 {value: "1Gi", want: "memory: 1Gi", gone: "memory: 256Mi"},
	"resources.requests.cpu":                  {value: "77m", want: "cpu: 77m", gone: "cpu: 10m"},
	"resources.requests.memory":               {value: "77Mi", want: "memory: 77Mi", gone: "memory: 64Mi"},
	"serviceAccount.annotations":              {value: "{a: b}", want: "  annotations:\n    a: b"},
	"tolerations":                             {value: "[{key: dedicated, operator: Exists}]", want: "key: dedicated"},
	"topologySpread":                          {value: "[example.com/rack]", want: "topologyKey: example.com/rack", gone: "topologyKey: kubernetes.io/hostname"},
	"userRoles.aggregate":                     {value: "false", gone: "rbac.authorization.k8s.io/aggregate-to-edit"},
	"userRoles.create":                        {value: "false", gone: "name: atoll-route-editor-role"},
	"workers":                                 {value: "3", want: "--workers=3"},
}

const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// defaults returns the values of values.yaml.
func defaults(t *testing.T) object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	values := object{}
	if err := sigsyaml.UnmarshalStrict(text, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// freeMaps are values with entries of the user's own.
var freeMaps = []string{"metrics.dashboard.labels"}

// leaves returns the paths of all values, and those of the maps that hold them.
func leaves(prefix string, values object) (paths, maps []string) {
	for key, value := range values {
		if nested, ok := value.(object); ok && len(nested) > 0 && !slices.Contains(freeMaps, prefix+key) {
			p, m := leaves(prefix+key+".", nested)
			paths, maps = append(paths, p...), append(append(maps, prefix+key), m...)
			continue
		}
		paths = append(paths, prefix+key)
	}
	return paths, maps
}

// nest returns the YAML in which a path has a value.
func nest(path, value string) string {
	for _, key := range slices.Backward(strings.Split(path, ".")) {
		value = "{" + key + ": " + value + "}"
	}
	return value + "\n"
}

// TestEveryValueHasAnEffect changes each value of values.yaml and checks the objects.
func TestEveryValueHasAnEffect(t *testing.T) {
	known, _ := leaves("", defaults(t))
	for _, path := range slices.Sorted(maps.Keys(valueChanges)) {
		if !slices.Contains(known, path) {
			t.Errorf("values.yaml has no value %s", path)
		}
	}
	bases := map[string]string{}
	for _, path := range known {
		change, ok := valueChanges[path]
		if !ok {
			t.Errorf("the value %s has no test: add a change of it to valueChanges", path)
			continue
		}
		t.Run(path, func(t *testing.T) {
			// Values that a file of its own sets are merged with those of base.
			r := release{name: "atoll", namespace: "atoll-system", values: change.base}
			if bases[change.base] == "" {
				bases[change.base] = r.mustRender(t)
			}
			r.args = []string{"--values", valuesFile(t, nest(path, change.value))}
			before, after := bases[change.base], r.mustRender(t)
			if change.want == "" && change.gone == "" {
				t.Error("want or gone must be set")
			}
			if change.want != "" && (!strings.Contains(after, change.want) || strings.Contains(before, change.want)) {
				t.Errorf("%q is not what the change adds", change.want)
			}
			if change.gone != "" && (strings.Contains(after, change.gone) || !strings.Contains(before, change.gone)) {
				t.Errorf("%q is not what the change removes", change.gone)
			}
		})
	}
}
