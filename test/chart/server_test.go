// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"encoding/json"
	"os"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	sigsyaml "sigs.k8s.io/yaml"
)

// everything turns on each optional part of the chart, with a value of each form.
const everything = `
commonLabels: {team: platform}
image: {digest: "sha256:` + digest + `", pullPolicy: Always}
imagePullSecrets: [{name: registry}]
replicas: 3
podDisruptionBudget: {maxUnavailable: 50%}
namespaces: [shop]
workers: 3
kubeAPIQPS: 50
logLevel: debug
nameServers: [10.0.0.10]
publicPorts: {"80": 8080}
rcloneImage: registry.example.com/rclone:1
cloudNativePGNamespace: databases
extraArgs: [--zap-encoder=console]
extraEnv: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}, {name: A, value: b}]
podLabels: {a: b}
podAnnotations: {a: b}
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: dedicated, operator: Exists, effect: NoSchedule}]
affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: a, labelSelector: {}}}]}}
priorityClassName: system-cluster-critical
serviceAccount: {annotations: {a: b}}
metrics: {serviceMonitor: {enabled: true, labels: {release: prometheus}, interval: 30s}, prometheusRule: {enabled: true}, dashboard: {enabled: true}, networkPolicy: {enabled: true}}
`

// nothing turns off each part of the chart that can be turned off.
const nothing = `
replicas: 1
leaderElection: {enabled: false}
podDisruptionBudget: {enabled: false}
topologySpread: []
env: {GOGC: null, GOMEMLIMIT: null}
resources: null
crds: {keep: false}
policies: {deletion-guard: false, host-access: false, microservice-rights: false, operator-scope: false, topology-rights: false}
userRoles: {create: false}
metrics: {enabled: false}
`

// TestServerAccepts sends all objects to a kube-apiserver, which creates none of them. It
// validates more than their schemas: the CEL of policies, rules of fields, unknown fields,
// and the Pod Security Standard of the manager's pods.
func TestServerAccepts(t *testing.T) {
	c := startServer(t)
	for name, values := range presets {
		t.Run(name, func(t *testing.T) {
			kinds := map[string]int{}
			for _, o := range defaultRelease(values).objects(t) {
				u := &unstructured.Unstructured{Object: o}
				kinds[u.GetKind()]++
				switch u.GetKind() {
				case "ServiceMonitor":
					decodeStrictly(t, o, &monitoringv1.ServiceMonitor{})
					continue
				case "PrometheusRule":
					decodeStrictly(t, o, &monitoringv1.PrometheusRule{})
					continue
				}
				if err := c.Create(t.Context(), u.DeepCopy(), client.DryRunAll); err != nil {
					t.Errorf("%s %s: %v", u.GetKind(), u.GetName(), err)
				}
				if u.GetKind() == "Deployment" {
					expectRestricted(t, c, u)
				}
			}
			if kinds["CustomResourceDefinition"] != 2 || kinds["Deployment"] != 1 || (name == "everything") != (kinds["ServiceMonitor"] == 1) {
				t.Errorf("the chart has these kinds: %v", kinds)
			}
		})
	}
}

// startServer starts a kube-apiserver with the namespaces of the releases.
func startServer(t *testing.T) client.Client {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal(`KUBEBUILDER_ASSETS is not set: export KUBEBUILDER_ASSETS="$(go -C hack/cluster run . assets)"`)
	}
	server := &envtest.Environment{}
	config, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return newClient(t, config)
}

// newClient returns a client of a server with the namespaces of the releases. The server
// refuses unknown fields.
func newClient(t *testing.T, config *rest.Config) client.Client {
	t.Helper()
	c, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"atoll-system", "shop"} {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}
		if err := c.Create(t.Context(), ns); err != nil {
			t.Fatal(err)
		}
	}
	return client.WithFieldValidation(c, metav1.FieldValidationStrict)
}

// expectRestricted sends a pod of the Deployment to a namespace that demands the Pod
// Security Standard "restricted".
func expectRestricted(t *testing.T, c client.Client, deployment *unstructured.Unstructured) {
	t.Helper()
	template, _, err := unstructured.NestedMap(deployment.Object, "spec", "template")
	if err != nil {
		t.Fatal(err)
	}
	pod := &unstructured.Unstructured{Object: template}
	pod.SetAPIVersion("v1")
	pod.SetKind("Pod")
	pod.SetNamespace(deployment.GetNamespace())
	pod.SetName("manager")
	// envtest has neither a controller of ServiceAccounts nor the priority classes.
	unstructured.RemoveNestedField(pod.Object, "spec", "serviceAccountName")
	unstructured.RemoveNestedField(pod.Object, "spec", "priorityClassName")
	if err := c.Create(t.Context(), pod, client.DryRunAll); err != nil {
		t.Errorf("a pod of the Deployment: %v", err)
	}
}

// decodeStrictly decodes an object of a kind that the server does not have.
func decodeStrictly(t *testing.T, o object, into any) {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := sigsyaml.UnmarshalStrict(text, into); err != nil {
		t.Errorf("%s: %v", o["kind"], err)
	}
}
