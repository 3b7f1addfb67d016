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

// maxResident is what the manager may hold with the sample topology.
const maxResident = 64 << 20

var _ = Describe("The manager", func() {
	It("runs where the Pod Security Standard restricted is enforced", func(ctx SpecContext) {
		ns := &corev1.Namespace{}
		Expect(k8s.Get(ctx, client.ObjectKey{Name: operatorNamespace}, ns)).To(Succeed())
		Expect(ns.Labels).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "restricted"))
		Expect(operatorPod(ctx).Status.ContainerStatuses).To(HaveEach(HaveField("Ready", true)))

		loose := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "loose"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "loose", Image: images["users"]}}},
		}
		Expect(k8s.Create(ctx, loose, client.DryRunAll)).To(MatchError(ContainSubstring("violates PodSecurity")))
	}, SpecTimeout(specTimeout))

	It("shows its metrics to their readers alone, and is small", func(ctx SpecContext) {
		eventuallyShopReady(ctx)
		By("one that has done nothing but look after the samples")
		scaleOperator(ctx, 0)
		scaleOperator(ctx, 1)
		budget := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "users"}}
		Expect(k8s.Delete(ctx, budget)).To(Succeed())
		Eventually(ctx, func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(budget), budget) }).Should(Succeed())
		stranger, reader := tokenOf(ctx, "e2e-stranger"), tokenOf(ctx, "e2e-reader")
		letReadMetrics(ctx, "e2e-reader")
		metrics := forwardMetrics(ctx)

		Expect(metrics.get(ctx, "").code).To(Equal(http.StatusUnauthorized))
		Expect(metrics.get(ctx, stranger).code).To(Equal(http.StatusForbidden))
		read := metrics.get(ctx, reader)
		Expect(read.code).To(Equal(http.StatusOK), read.body)

		resident := sampleOf(read.body, "process_resident_memory_bytes")
		AddReportEntry("resident memory of the manager", fmt.Sprintf("%.1f MiB (of which the Go heap in use %.1f MiB)",
			resident/(1<<20), sampleOf(read.body, "go_memstats_heap_inuse_bytes")/(1<<20)))
		Expect(resident).To(BeNumerically("<", maxResident))
	}, SpecTimeout(specTimeout))
})

// tokenOf makes a ServiceAccount and a token of it.
func tokenOf(ctx context.Context, name string) string {
	GinkgoHelper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	Expect(k8s.Create(ctx, account)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { Expect(k8s.Delete(ctx, account)).To(Succeed()) })
	request := &authenticationv1.TokenRequest{}
	Expect(k8s.SubResource("token").Create(ctx, account, request)).To(Succeed())
	return request.Status.Token
}

func letReadMetrics(ctx context.Context, account string) {
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

// metricsReader reads the metrics of the operator's pod.
type metricsReader struct {
	url string
	// http keeps its connection: kubectl port-forward ends when one is reset.
	http *http.Client
}

// forwardMetrics makes the metrics of the operator's pod reachable until the
// spec ends.
func forwardMetrics(ctx context.Context) metricsReader {
	GinkgoHelper()
	ctx, cancel := context.WithCancel(ctx)
	command := exec.CommandContext(ctx, "kubectl", "-n", operatorNamespace, "port-forward", "--address=127.0.0.1", "pod/"+operatorPod(ctx).Name, ":8443")
	command.Stderr = GinkgoWriter
	out, err := command.StdoutPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(command.Start()).To(Succeed())
	DeferCleanup(func() {
		cancel()
		// It ends by being killed.
		_ = command.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	Expect(err).NotTo(HaveOccurred())
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
	Expect(address).NotTo(BeEmpty(), line)
	// The certificate is made at start and known to nobody.
	return metricsReader{"https://" + address + "/metrics", &http.Client{Timeout: requestTimeout, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}}
}

type metricsAnswer struct {
	code int
	body string
}

func (r metricsReader) get(ctx context.Context, token string) metricsAnswer {
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
	return metricsAnswer{response.StatusCode, string(body)}
}

// sampleOf is the value of a metric without labels.
func sampleOf(metrics, name string) float64 {
	GinkgoHelper()
	for line := range strings.Lines(metrics) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			value, err := strconv.ParseFloat(text, 64)
			Expect(err).NotTo(HaveOccurred())
			return value
		}
	}
	Fail("there is no metric " + name)
	return 0
}
