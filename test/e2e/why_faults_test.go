//go:build e2e

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

package e2e_test

import (
	"context"
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Namespaces that faults are staged in: most in the first; the other has another
// Topology, a quota, and no Pod Security.
const (
	whyNamespace = "e2e-why"
	whyFar       = "e2e-why-far"
)

// staged is a fault, and what is to be said of it.
type staged struct {
	fault, service, namespace string
	// says are parts of the cause, and proof is in what shows it.
	says, proof []string
	path        []string
	// also says that it is found beside the root.
	also bool
}

// stagedFaults is what stageFaults stages.
var stagedFaults = []staged{
	{fault: "ImagePull", service: "unpulled", says: []string{`does-not-exist" of container "unpulled"`, "the registry does not have it"}},
	{fault: "CrashLoop", service: "crashing", says: []string{"exit code 3", "panic: no rates for EUR"}, proof: []string{"reading rates"}},
	{fault: "OutOfMemory", service: "hungry", says: []string{`Container "hungry"`, "40Mi"}},
	{fault: "Unschedulable", service: "greedy", says: []string{"900 cpu"}},
	{fault: "Quota", service: "refused", namespace: whyFar, says: []string{`"tight"`, "10m requests.cpu", "of 5m"}},
	{fault: "ReferenceMissing", service: "secretless", says: []string{`Secret "provider"`, "does not exist"}},
	{fault: "ReferenceMissing", service: "keyless", says: []string{`Secret "half" has no key "key"`}},
	{fault: "FailingProbe", service: "unhealthy", says: []string{"GET /nope on port 8080", "404"}},
	{fault: "ClaimPending", service: "unstored", says: []string{`"data-unstored-db-0"`, `"no-such-class"`, "no such class"}},
	{fault: "RouteNotAccepted", service: "misrouted", says: []string{"NoMatchingListenerHostname", "elsewhere.example.com"}},
	{fault: "NoGateway", service: "gateless", says: []string{"no Gateway to attach to"}},
	{fault: "NoGatewayClass", service: "classless", says: []string{`GatewayClass "no-such-class"`, "does not exist"}},
	{fault: "GatewayNotReady", service: "uncertified", says: []string{`Gateway "tls"`, "InvalidCertificateRef"}},
	{fault: "RouteNotSupported", service: "timed", says: []string{"routes[0].timeout", "HTTPRouteRequestTimeout"}},
	{fault: "RouteConflict", service: "usurper", says: []string{"/timed", `Microservice "timed"`}},
	{fault: "NotPermitted", service: "stranger", says: []string{`"keeper"`, "does not permit"}},
	{fault: "CycleWait", service: "ring-a", says: []string{"ring-a -> ring-b -> ring-a", "at fault is ring-b", "can't be pulled"}, path: []string{"ring-a", "ring-b"}},
	{fault: "MigrationFailed", service: "migrating", says: []string{"no such column: price"}, proof: []string{"reading the schema"}},
	{fault: "NotOwned", service: "foreign", says: []string{`Deployment "foreign"`, "not made by Atoll"}},
	{fault: "NoMetrics", service: "scaled", says: []string{`HorizontalPodAutoscaler "scaled"`, "metrics.k8s.io"}},
	{fault: "PolicyCut", service: "cut", says: []string{`NetworkPolicy "deny-out"`, "port 8080 of target"}},
	{fault: "UndeclaredCall", service: "told", says: []string{"CATALOG_URL", "names well"}},
	{fault: "DatabaseDown", service: "held", says: []string{"pod held-db-0 is being deleted", "example.com/hold"}},
	{fault: "DatabaseDown", service: "holding", says: []string{"pod held-db-0"}, path: []string{"holding", "held", "held's database"}},
	{fault: "CrashLoop", service: "unbased", says: []string{"The database's container", "no_such_library"}},
	{fault: "CrashLoop", service: "caller", says: []string{"The database's container", "no_such_library"}, path: []string{"caller", "unbased", "unbased's database"}},
	{fault: "DatabaseDown", service: "needy", says: []string{"pod held-db-0"}, path: []string{"needy", "held", "held's database"}},
	{fault: "ImagePull", service: "waiting", says: []string{`container "unpulled"`}, path: []string{"waiting", "unpulled"}},
	{fault: "DependencyDown", service: "unpulled", says: []string{`"held"`, "not ready"}, also: true},
	{fault: "SelectorClash", service: "clashed", says: []string{"Pod clasher", `Service "clashed"`}},
	{fault: "WrongPort", service: "deaf", says: []string{"port 9999", "tells of port 8080"}},

	{fault: "InitContainer", service: "unprepared", says: []string{`"prepare"`, "no such bucket: seeds"}},
	{fault: "CommandNotFound", service: "commandless", says: []string{`"/no/such/program"`}},
	{fault: "ImagePlatform", service: "garbled", says: []string{"exec format error"}},
	{fault: "RunsAsRoot", service: "rooted", namespace: whyFar, says: []string{"root"}},
	{fault: "ContainerConfig", service: "unmade", says: []string{"no-such.json"}},
	{fault: "LivenessKill", service: "killed", says: []string{`container "killed"`, "queue stuck"}},
	{fault: "HookFailed", service: "hooked", says: []string{"postStart hook"}},
	{fault: "ReadOnlyFilesystem", service: "readonly", says: []string{"can't write at /usr/cache"}},
	{fault: "PodSandbox", service: "milli", says: []string{"can't make the pod"}},
	{fault: "VolumeMount", service: "unmounted", says: []string{"no.such.driver"}},
	{fault: "ClaimPending", service: "claimless", says: []string{`"no-such-claim"`, "does not exist"}},
	{fault: "AdmissionRefused", service: "privileged", says: []string{"PodSecurity", "hostNetwork"}},
	{fault: "TopologyNotFound", service: "lonely", says: []string{`"no-such-topology"`}},
	{fault: "NamespaceNotAllowed", service: "uninvited", says: []string{"lets no members of namespace"}},
	{fault: "DependencyNotFound", service: "orphan", says: []string{`"no-such-service"`}},
	{fault: "PortNotFound", service: "portless", says: []string{`"well"`, `no port "nope"`}},
	{fault: "InvalidSpec", service: "invalid", says: []string{"spec.contaners"}},
	{fault: "CredentialsLost", service: "lost", says: []string{`"data-lost-db-0"`, `Secret "lost-db"`}},
	{fault: "RestoreFailed", service: "restoring", says: []string{"there is no backup"}},
	{fault: "BackupFailed", service: "unbased", says: []string{"last backup"}, also: true},
	{fault: "TooFewConnections", service: "unbased", says: []string{"= 180"}, also: true},
	{fault: "Suspended", service: "asleep", says: []string{"suspended"}},
	{fault: "Terminating", service: "leaving", says: []string{"It was deleted", "finalizer example.com/hold"}},
	{fault: "Terminating", service: "emptying", says: []string{"Deployment emptying", "in the foreground", "Pod emptying-", "finalizer example.com/hold"}},
}

// stageFaults makes every service that something is wrong with.
func stageFaults(ctx context.Context) {
	GinkgoHelper()
	Expect(images).To(HaveKey("notes"), "IMAGES lacks notes: run it with make test-e2e")
	class := os.Getenv("GATEWAY_CLASS")
	if class == "" {
		class = "traefik"
	}
	text, err := os.ReadFile("testdata/faults.yaml")
	Expect(err).NotTo(HaveOccurred())
	users := images["users"]
	all := strings.NewReplacer("$(users)", users, "$(notes)", images["notes"], "$(missing)", users[:strings.LastIndex(users, ":")]+":does-not-exist",
		"$(class)", class, "$(far)", whyFar).Replace(string(text))
	for _, document := range strings.Split(all, "\n---\n") {
		o := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(document), o)).To(Succeed(), document)
		if o.GetNamespace() == "" {
			o.SetNamespace(whyNamespace)
		}
		Expect(k8s.Create(ctx, o)).To(Succeed(), document)
	}

	// What Pod Security would refuse is let through where the kubelet is to.
	open := &corev1.Namespace{}
	open.Name = whyFar
	change(ctx, open, func(ns *corev1.Namespace) { delete(ns.Labels, "pod-security.kubernetes.io/enforce") })
	hold(ctx, heldPod.DeepCopy())
	Expect(k8s.Delete(ctx, leaving.DeepCopy())).To(Succeed())
	empty(ctx, emptying.DeepCopy())
	backUpNow(ctx, "unbased")
}

// backUpNow begins a backup as a user would who wants one now.
func backUpNow(ctx context.Context, service string) {
	GinkgoHelper()
	Eventually(ctx, func() error {
		_, err := kubectl(ctx, "-n", whyNamespace, "create", "job", "--from=cronjob/"+service+"-backup", service+"-backup-now")
		return err
	}).Should(Succeed())
}
