//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/test/shop"
)

const (
	// namespace is where the sample topology runs.
	namespace = "e2e-shop"
	// hostname differs from the demo's, so that both can share a gateway.
	hostname = "e2e.localhost"
	// operatorNamespace is where config/default installs Atoll.
	operatorNamespace = "atoll-system"
	// operatorReplicas is the number of its managers. One of them leads.
	operatorReplicas = 2
	// specTimeout limits each spec.
	specTimeout = 10 * time.Minute
	// requestTimeout exceeds the slowest response that the shop may give.
	requestTimeout = 10 * time.Second
)

var (
	k8s client.Client
	// images maps image names to references; both come from IMAGES.
	images = map[string]string{}
	// gatewayURL is the base URL of the gateway.
	gatewayURL string
	// shopClient sends requests to the shop through the gateway.
	shopClient *shop.Client
	// namespaces holds the namespaces that the suite created and has not deleted.
	namespaces = map[string]bool{}
)

func TestEndToEnd(t *testing.T) {
	RegisterFailHandler(Fail)
	// A timeout then reports the unmet expectation, not only the end of the spec.
	EnforceDefaultTimeoutsWhenUsingContexts()
	SetDefaultEventuallyTimeout(5 * time.Minute)
	SetDefaultEventuallyPollingInterval(200 * time.Millisecond)
	RunSpecs(t, "End to end")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	logf.SetLogger(GinkgoLogr)
	gatewayURL = os.Getenv("GATEWAY_URL")
	Expect(gatewayURL).NotTo(BeEmpty(), "GATEWAY_URL is not set; run make test-e2e")
	for _, pair := range strings.Fields(os.Getenv("IMAGES")) {
		name, reference, _ := strings.Cut(pair, "=")
		images[name] = reference
	}
	Expect(images).To(And(HaveKey("users"), HaveKey("orders"), HaveKey("payments")), "IMAGES is incomplete; run make test-e2e")
	shopClient = newShopClient(false)

	scheme := runtime.NewScheme()
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	Expect(gatewayv1.Install(scheme)).To(Succeed())
	config, err := ctrl.GetConfig()
	Expect(err).NotTo(HaveOccurred())
	k8s, err = client.New(config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())

	createNamespace(ctx, namespace)
	Expect(k8s.Create(ctx, sampleTopology())).To(Succeed())
	for _, name := range services {
		Expect(k8s.Create(ctx, sampleService(name))).To(Succeed())
	}
}, NodeTimeout(specTimeout))

// createNamespace creates a namespace and deletes it when the calling node's
// spec or suite ends.
func createNamespace(ctx context.Context, name string) {
	GinkgoHelper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	// A killed run leaves its namespace behind.
	deleteNamespace(ctx, name)
	Expect(k8s.Create(ctx, ns)).To(Succeed())
	// Containers without a request would get next to no CPU while others are busy.
	limits := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "requests"}}
	limits.Spec.Limits = []corev1.LimitRangeItem{{Type: corev1.LimitTypeContainer, DefaultRequest: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("20m")}}}
	Expect(k8s.Create(ctx, limits)).To(Succeed())
	namespaces[name] = true
	DeferCleanup(func(ctx SpecContext) {
		deleteNamespace(ctx, name)
		delete(namespaces, name)
	}, NodeTimeout(specTimeout))
}

// deleteNamespace deletes the Microservices and waits for their pods first. The
// namespace controller retries a namespace that still has pods only after half
// of their grace period.
func deleteNamespace(ctx context.Context, name string) {
	GinkgoHelper()
	Expect(client.IgnoreNotFound(k8s.DeleteAllOf(ctx, &v1alpha1.Microservice{}, client.InNamespace(name)))).To(Succeed())
	Eventually(ctx, func() ([]corev1.Pod, error) {
		pods := &corev1.PodList{}
		err := k8s.List(ctx, pods, client.InNamespace(name))
		return pods.Items, err
	}).Should(BeEmpty())
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	Expect(client.IgnoreNotFound(k8s.Delete(ctx, ns))).To(Succeed())
	eventuallyGone(ctx, ns)
}

// Cleanup deletes the evidence of a failure, so it is logged before cleanup.
var _ = JustAfterEach(func(ctx SpecContext) {
	if !CurrentSpecReport().Failed() {
		return
	}
	for name := range namespaces {
		logKubectl(ctx, "-n", name, "get", "topo,ms,pods,jobs,pvc,secrets", "-o", "wide")
		logKubectl(ctx, "-n", name, "events")
	}
	logKubectl(ctx, "-n", operatorNamespace, "get", "pods", "-o", "wide")
	logKubectl(ctx, "-n", operatorNamespace, "logs", "--selector=control-plane=controller-manager", "--prefix", "--tail=200")
}, NodeTimeout(30*time.Second))

func logKubectl(ctx context.Context, args ...string) {
	out, err := exec.CommandContext(ctx, "kubectl", args...).CombinedOutput()
	GinkgoWriter.Printf("\n$ kubectl %s\n%s", strings.Join(args, " "), out)
	if err != nil {
		GinkgoWriter.Println(err)
	}
}
