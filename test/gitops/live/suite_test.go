//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/test/shop"
)

// specTimeout limits each spec. The first start of six databases takes minutes.
const specTimeout = 12 * time.Minute

var (
	config *rest.Config
	k8s    client.Client
	// images maps image names to references; both come from IMAGES.
	images = map[string]string{}
	// paths maps the names that hack/cluster gitops prints to paths.
	paths = map[string]string{}
	// shopClient sends requests to the shop of production through the gateway.
	shopClient *shop.Client
)

func TestGitOps(t *testing.T) {
	RegisterFailHandler(Fail)
	EnforceDefaultTimeoutsWhenUsingContexts()
	SetDefaultEventuallyTimeout(5 * time.Minute)
	SetDefaultEventuallyPollingInterval(250 * time.Millisecond)
	RunSpecs(t, "GitOps")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	logf.SetLogger(GinkgoLogr)
	readPairs("IMAGES", images, "atoll", "users", "orders", "payments")
	gatewayURL := os.Getenv("GATEWAY_URL")
	Expect(gatewayURL).NotTo(BeEmpty(), "GATEWAY_URL is not set; run make test-gitops")
	shopClient = &shop.Client{BaseURL: gatewayURL, Host: "shop.localhost", RetryFor: time.Minute}

	scheme := runtime.NewScheme()
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	var err error
	config, err = ctrl.GetConfig()
	Expect(err).NotTo(HaveOccurred())
	config.QPS = -1
	k8s, err = client.New(config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())

	// The suite deletes the CRDs, and with them every Microservice of the cluster.
	Expect(kubectl(ctx, "get", "crd", "--output=name", "--ignore-not-found", "microservices.atoll.dev", "topologies.atoll.dev")).
		To(BeEmpty(), "the cluster has Atoll already; remove it first, for example with make down")
}, NodeTimeout(specTimeout))

// readPairs reads name=value pairs from a variable.
func readPairs(variable string, into map[string]string, wanted ...string) {
	GinkgoHelper()
	for _, pair := range strings.Fields(os.Getenv(variable)) {
		name, value, _ := strings.Cut(pair, "=")
		into[name] = value
	}
	for _, name := range wanted {
		Expect(into).To(HaveKey(name), "%s is incomplete; run make test-gitops", variable)
	}
}

// kubectl runs a command and returns its stdout. The error contains its output.
func kubectl(ctx context.Context, args ...string) (string, error) {
	return run(exec.CommandContext(ctx, "kubectl", args...))
}

func mustKubectl(ctx context.Context, args ...string) string {
	GinkgoHelper()
	out, err := kubectl(ctx, args...)
	Expect(err).NotTo(HaveOccurred())
	return out
}

func run(command *exec.Cmd) (string, error) {
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s%s", filepath.Base(command.Path), strings.Join(command.Args[1:], " "), err, &stdout, &stderr)
	}
	return stdout.String(), nil
}
