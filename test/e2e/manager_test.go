//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// maxResident is the memory budget of the manager with the sample topology.
const maxResident = 64 << 20

var _ = Describe("The manager", func() {
	It("runs under the restricted Pod Security Standard", func(ctx SpecContext) {
		ns := &corev1.Namespace{}
		Expect(k8s.Get(ctx, client.ObjectKey{Name: operatorNamespace}, ns)).To(Succeed())
		Expect(ns.Labels).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "restricted"))
		Expect(operatorPod(ctx).Status.ContainerStatuses).To(HaveEach(HaveField("Ready", true)))

		unrestricted := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "unrestricted"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "unrestricted", Image: images["users"]}}},
		}
		Expect(k8s.Create(ctx, unrestricted, client.DryRunAll)).To(MatchError(ContainSubstring("violates PodSecurity")))
	}, SpecTimeout(specTimeout))

	It("serves metrics to authorized readers only and stays within its memory budget", func(ctx SpecContext) {
		eventuallyShopReady(ctx)
		By("restarting the manager, so that only the samples account for its memory")
		scaleOperator(ctx, 0)
		scaleOperator(ctx, operatorReplicas)
		budget := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "users"}}
		Expect(k8s.Delete(ctx, budget)).To(Succeed())
		Eventually(ctx, func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(budget), budget) }).Should(Succeed())
		unauthorized, reader := createToken(ctx, "e2e-stranger"), createToken(ctx, "e2e-reader")
		allowMetricsAccess(ctx, "e2e-reader")
		metrics := forwardMetrics(ctx)

		Expect(metrics.get(ctx, "").code).To(Equal(http.StatusUnauthorized))
		Expect(metrics.get(ctx, unauthorized).code).To(Equal(http.StatusForbidden))
		response := metrics.get(ctx, reader)
		Expect(response.code).To(Equal(http.StatusOK), response.body)

		resident := metricValue(response.body, "process_resident_memory_bytes")
		AddReportEntry("resident memory of the manager", fmt.Sprintf("%.1f MiB (Go heap in use: %.1f MiB)",
			resident/(1<<20), metricValue(response.body, "go_memstats_heap_inuse_bytes")/(1<<20)))
		Expect(resident).To(BeNumerically("<", maxResident))
	}, SpecTimeout(specTimeout))
})

// createToken creates a ServiceAccount and returns a token for it.
func createToken(ctx context.Context, name string) string {
	GinkgoHelper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	Expect(k8s.Create(ctx, account)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { Expect(k8s.Delete(ctx, account)).To(Succeed()) })
	request := &authenticationv1.TokenRequest{}
	Expect(k8s.SubResource("token").Create(ctx, account, request)).To(Succeed())
	return request.Status.Token
}

// allowMetricsAccess binds a ServiceAccount to the metrics reader role until the
// spec ends.
func allowMetricsAccess(ctx context.Context, account string) {
	GinkgoHelper()
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "e2e-metrics-reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "atoll-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account}},
	}
	Expect(client.IgnoreNotFound(k8s.Delete(ctx, binding.DeepCopy()))).To(Succeed())
	Expect(k8s.Create(ctx, binding)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { Expect(k8s.Delete(ctx, binding)).To(Succeed()) })
}

// metricsClient reads the metrics of the operator's leader.
type metricsClient struct {
	url string
	// http keeps its connection open, because kubectl port-forward exits when one is reset.
	http *http.Client
}

// forwardMetrics forwards a local port to the metrics of the operator's leader until
// the spec ends.
func forwardMetrics(ctx context.Context) metricsClient {
	GinkgoHelper()
	ctx, cancel := context.WithCancel(ctx)
	command := exec.CommandContext(ctx, "kubectl", "-n", operatorNamespace, "port-forward", "--address=127.0.0.1", "pod/"+operatorPod(ctx).Name, ":8443")
	command.Stderr = GinkgoWriter
	out, err := command.StdoutPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(command.Start()).To(Succeed())
	DeferCleanup(func() {
		cancel()
		// The cancel kills kubectl, so Wait always returns an error.
		_ = command.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	Expect(err).NotTo(HaveOccurred())
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
	Expect(address).NotTo(BeEmpty(), line)
	// The manager generates its certificate at startup, so no CA can verify it.
	return metricsClient{"https://" + address + "/metrics", &http.Client{Timeout: requestTimeout, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}}
}

type metricsResponse struct {
	code int
	body string
}

func (r metricsClient) get(ctx context.Context, token string) metricsResponse {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, http.NoBody)
	Expect(err).NotTo(HaveOccurred())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := r.http.Do(request)
	Expect(err).NotTo(HaveOccurred())
	body, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	Expect(response.Body.Close()).To(Succeed())
	return metricsResponse{response.StatusCode, string(body)}
}

// metricValue returns the value of a metric without labels.
func metricValue(metrics, name string) float64 {
	GinkgoHelper()
	for line := range strings.Lines(metrics) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			value, err := strconv.ParseFloat(text, 64)
			Expect(err).NotTo(HaveOccurred())
			return value
		}
	}
	Fail("no metric " + name)
	return 0
}
