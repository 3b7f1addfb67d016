//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

const (
	// whyNamespace holds most faults.
	whyNamespace = "e2e-why"
	// whyOtherNamespace has another Topology, a quota and no Pod Security enforcement.
	whyOtherNamespace = "e2e-why-far"
)

// stagedFault is a fault of a service and the expected diagnosis.
type stagedFault struct {
	fault, service, namespace string
	// wantCause lists substrings of the cause, wantProof of its evidence.
	wantCause, wantProof []string
	wantPath             []string
	// notRoot is true when the fault is expected besides the root cause.
	notRoot bool
}

// stagedFaults lists the faults that stageFaults creates.
var stagedFaults = []stagedFault{
	{fault: "ImagePull", service: "unpulled", wantCause: []string{`does-not-exist" of container "unpulled"`, "the registry does not have it"}},
	{fault: "CrashLoop", service: "crashing", wantCause: []string{"exit code 3", "panic: no rates for EUR"}, wantProof: []string{"reading rates"}},
	{fault: "OutOfMemory", service: "hungry", wantCause: []string{`Container "hungry"`, "40Mi"}},
	{fault: "Unschedulable", service: "greedy", wantCause: []string{"900 cpu"}},
	{fault: "Quota", service: "refused", namespace: whyOtherNamespace, wantCause: []string{`"tight"`, "10m requests.cpu", "of 5m"}},
	{fault: "ReferenceMissing", service: "secretless", wantCause: []string{`Secret "provider"`, "does not exist"}},
	{fault: "ReferenceMissing", service: "keyless", wantCause: []string{`Secret "half" has no key "key"`}},
	{fault: "FailingProbe", service: "unhealthy", wantCause: []string{"GET /nope on port 8080", "404"}},
	{fault: "ClaimPending", service: "unstored", wantCause: []string{`"data-unstored-db-0"`, `"no-such-class"`, "no such class"}},
	{fault: "RouteNotAccepted", service: "misrouted", wantCause: []string{"NoMatchingListenerHostname", "elsewhere.example.com"}},
	{fault: "NoGateway", service: "gateless", wantCause: []string{"no Gateway to attach to"}},
	{fault: "NoGatewayClass", service: "classless", wantCause: []string{`GatewayClass "no-such-class"`, "does not exist"}},
	{fault: "GatewayNotReady", service: "uncertified", wantCause: []string{`Gateway "tls"`, "InvalidCertificateRef"}},
	{fault: "RouteNotSupported", service: "timed", wantCause: []string{"routes[0].timeout", "HTTPRouteRequestTimeout"}},
	{fault: "RouteConflict", service: "usurper", wantCause: []string{"/timed", `Microservice "timed"`}},
	{fault: "HostAlreadyClaimed", service: "squatting", wantCause: []string{"e2e-why-far.localhost", `Topology "` + whyOtherNamespace + `/hosting"`}},
	{fault: "NotPermitted", service: "stranger", wantCause: []string{`"keeper"`, "does not permit"}},
	{fault: "CycleWait", service: "ring-a", wantCause: []string{"ring-a -> ring-b -> ring-a", "at fault is ring-b", "cannot be pulled"}, wantPath: []string{"ring-a", "ring-b"}},
	{fault: "NotOwned", service: "foreign", wantCause: []string{`Deployment "foreign"`, "not created by Atoll"}},
	{fault: "NoMetrics", service: "scaled", wantCause: []string{`HorizontalPodAutoscaler "scaled"`, "their source does not answer"}},
	{fault: "PolicyCut", service: "cut", wantCause: []string{`NetworkPolicy "deny-out"`, "port 8080 of target"}},
	{fault: "UndeclaredCall", service: "told", wantCause: []string{"CATALOG_URL", "names well"}},
	{fault: "DatabaseDown", service: "held", wantCause: []string{"pod held-db-0 is being deleted", "example.com/hold"}},
	{fault: "DatabaseDown", service: "holding", wantCause: []string{"pod held-db-0"}, wantPath: []string{"holding", "held", "held's database"}},
	{fault: "CrashLoop", service: "unbased", wantCause: []string{"The database's container", "no_such_library"}},
	{fault: "CrashLoop", service: "caller", wantCause: []string{"The database's container", "no_such_library"}, wantPath: []string{"caller", "unbased", "unbased's database"}},
	{fault: "DatabaseDown", service: "needy", wantCause: []string{"pod held-db-0"}, wantPath: []string{"needy", "held", "held's database"}},
	{fault: "ImagePull", service: "waiting", wantCause: []string{`container "unpulled"`}, wantPath: []string{"waiting", "unpulled"}},
	{fault: "DependencyDown", service: "unpulled", wantCause: []string{`"held"`, "not ready"}, notRoot: true},
	{fault: "SelectorClash", service: "clashed", wantCause: []string{"Pod clasher", `Service "clashed"`}},
	{fault: "WrongPort", service: "deaf", wantCause: []string{"port 9999", "names port 8080"}},

	{fault: "InitContainer", service: "unprepared", wantCause: []string{`"prepare"`, "no such bucket: seeds"}},
	{fault: "CommandNotFound", service: "commandless", wantCause: []string{`"/no/such/program"`}},
	{fault: "ImagePlatform", service: "garbled", wantCause: []string{"exec format error"}},
	{fault: "RunsAsRoot", service: "rooted", namespace: whyOtherNamespace, wantCause: []string{"root"}},
	{fault: "ContainerConfig", service: "unmade", wantCause: []string{"no-such.json"}},
	{fault: "LivenessKill", service: "killed", wantCause: []string{`container "killed"`, "queue stuck"}},
	{fault: "HookFailed", service: "hooked", wantCause: []string{"postStart hook"}},
	{fault: "ReadOnlyFilesystem", service: "readonly", wantCause: []string{"cannot write at /usr/cache"}},
	{fault: "PodSandbox", service: "milli", wantCause: []string{"cannot create the pod"}},
	{fault: "VolumeMount", service: "unmounted", wantCause: []string{"no.such.driver"}},
	{fault: "ClaimPending", service: "claimless", wantCause: []string{`"no-such-claim"`, "does not exist"}},
	{fault: "AdmissionRefused", service: "privileged", wantCause: []string{"PodSecurity", "runAsNonRoot"}},
	{fault: "TopologyNotFound", service: "lonely", wantCause: []string{`"no-such-topology"`}},
	{fault: "NamespaceNotAllowed", service: "uninvited", wantCause: []string{"does not allow members from namespace"}},
	{fault: "DependencyNotFound", service: "orphan", wantCause: []string{`"no-such-service"`}},
	{fault: "PortNotFound", service: "portless", wantCause: []string{`"well"`, `no port "nope"`}},
	{fault: "InvalidSpec", service: "invalid", wantCause: []string{"spec.contaners"}},
	{fault: "CredentialsLost", service: "lost", wantCause: []string{`"data-lost-db-0"`, `Secret "lost-db"`}},
	{fault: "RestoreFailed", service: "restoring", wantCause: []string{"there is no backup"}},
	{fault: "BackupFailed", service: "unbased", wantCause: []string{"last backup"}, notRoot: true},
	{fault: "TooFewConnections", service: "unbased", wantCause: []string{"= 180"}, notRoot: true},
	{fault: "ForeignAutoscaler", service: "unbased", wantCause: []string{`HorizontalPodAutoscaler "theirs"`, `scales Deployment "unbased"`}, notRoot: true},
	{fault: "Suspended", service: "asleep", wantCause: []string{"suspended"}},
	{fault: "Terminating", service: "leaving", wantCause: []string{"It was deleted", "finalizer example.com/hold"}},
	{fault: "Terminating", service: "emptying", wantCause: []string{"Deployment emptying", "foreground deletion", "Pod emptying-", "finalizer example.com/hold"}},
	// Its three tries take the longest.
	{fault: "MigrationFailed", service: "migrating", wantCause: []string{"no such column: price"}, wantProof: []string{"reading the schema"}},
}

// stageFaults creates every faulty service.
func stageFaults(ctx context.Context) {
	GinkgoHelper()
	Expect(images).To(HaveKey("notes"), "IMAGES lacks notes; run make test-e2e")
	text, err := os.ReadFile("testdata/faults.yaml")
	Expect(err).NotTo(HaveOccurred())
	users := images["users"]
	manifests := strings.NewReplacer("$(users)", users, "$(notes)", images["notes"], "$(missing)", users[:strings.LastIndex(users, ":")]+":does-not-exist",
		"$(class)", gatewayClass("traefik"), "$(otherNamespace)", whyOtherNamespace).Replace(string(text))
	for _, document := range strings.Split(manifests, "\n---\n") {
		o := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(document), o)).To(Succeed(), document)
		if o.GetNamespace() == "" {
			o.SetNamespace(whyNamespace)
		}
		if o.GetName() == "usurper" {
			// The older route wins.
			eventuallyHasRoute(ctx, "timed")
		}
		Expect(k8s.Create(ctx, o)).To(Succeed(), document)
	}

	// Without enforcement, the kubelet refuses the root container instead of Pod Security.
	unrestricted := &corev1.Namespace{}
	unrestricted.Name = whyOtherNamespace
	update(ctx, unrestricted, func(ns *corev1.Namespace) { delete(ns.Labels, "pod-security.kubernetes.io/enforce") })
	deleteHeld(ctx, heldPod.DeepCopy())
	Expect(k8s.Delete(ctx, leaving.DeepCopy())).To(Succeed())
	deleteForegroundHeld(ctx, emptying.DeepCopy())
	backUpNow(ctx, "unbased")
}

func eventuallyHasRoute(ctx context.Context, service string) {
	GinkgoHelper()
	routes := &gatewayv1.HTTPRouteList{}
	Eventually(ctx, func() ([]gatewayv1.HTTPRoute, error) {
		err := k8s.List(ctx, routes, client.InNamespace(whyNamespace), client.MatchingLabels{v1alpha1.LabelMicroservice: service})
		return routes.Items, err
	}).ShouldNot(BeEmpty())
}

// backUpNow starts a backup with the command that a user would run.
func backUpNow(ctx context.Context, service string) {
	GinkgoHelper()
	Eventually(ctx, func() error {
		_, err := kubectl(ctx, "-n", whyNamespace, "create", "job", "--from=cronjob/"+service+"-backup", service+"-backup-now")
		return err
	}).Should(Succeed())
}
