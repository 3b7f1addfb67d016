//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// plugin is the path of kubectl-atoll after buildPlugin.
var plugin string

// buildPlugin builds kubectl-atoll once, with the flags of make plugin.
func buildPlugin(ctx context.Context) {
	GinkgoHelper()
	if plugin != "" {
		return
	}
	dir, err := filepath.Abs(GinkgoT().TempDir())
	Expect(err).NotTo(HaveOccurred())
	built := filepath.Join(dir, "kubectl-atoll")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", built, "../../cmd/kubectl-atoll")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s", out)
	plugin = built
	DeferCleanup(func() { plugin = "" })
}

// diagnosis is the output of kubectl atoll why -o json.
type diagnosis struct {
	State string
	Path  []string
	Root  *finding
	Also  []finding
}

type finding struct {
	Fault, Part, Object, Cause, Remedy string
	Beside                             bool
	Steps                              []struct{ Object, Says string }
	Proof                              []struct {
		Title string
		Lines []string
	}
}

// why runs kubectl atoll why. Exit code 1 means that the plugin found a fault.
func why(ctx context.Context, ns, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, plugin, append([]string{"why", name, "-n", ns}, args...)...)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exited *exec.ExitError
	if errors.As(err, &exited) && exited.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		return "", fmt.Errorf("why %s: %w: %s", name, err, &stderr)
	}
	return stdout.String(), nil
}

// diagnose runs kubectl atoll why and decodes its JSON output.
func diagnose(ctx context.Context, ns, name string) (*diagnosis, error) {
	text, err := why(ctx, ns, name, "-o", "json")
	if err != nil {
		return nil, err
	}
	d := &diagnosis{}
	return d, json.Unmarshal([]byte(text), d)
}

// All faults are staged at once, each in its own small service, and diagnosed one
// at a time.
var _ = Describe("kubectl atoll why names the cause", Ordered, ContinueOnFailure, func() {
	BeforeAll(func(ctx SpecContext) {
		buildPlugin(ctx)
		// A killed run leaves its faults behind.
		clearFaults(ctx)
		for _, ns := range []string{whyNamespace, whyOtherNamespace} {
			createNamespace(ctx, ns)
		}
		DeferCleanup(clearFaults, NodeTimeout(specTimeout))
		stageFaults(ctx)
	}, NodeTimeout(specTimeout))

	for _, staged := range stagedFaults {
		It(fmt.Sprintf("%s of %s", staged.fault, staged.service), func(ctx SpecContext) {
			ns := staged.namespace
			if ns == "" {
				ns = whyNamespace
			}
			Eventually(ctx, func(g Gomega) {
				d, err := diagnose(ctx, ns, staged.service)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(d.Root).NotTo(BeNil(), "the plugin found no fault")
				found := *d.Root
				for _, also := range d.Also {
					if staged.notRoot && also.Fault == staged.fault {
						found = also
					}
				}
				g.Expect(found.Fault).To(Equal(staged.fault), "%+v", found)
				for _, cause := range staged.wantCause {
					g.Expect(found.Cause).To(ContainSubstring(cause))
				}
				g.Expect(found.Remedy).NotTo(BeEmpty())
				g.Expect(found.Steps).NotTo(BeEmpty())
				for _, line := range staged.wantProof {
					g.Expect(fmt.Sprint(found.Proof)).To(ContainSubstring(line))
				}
				if len(staged.wantPath) > 0 {
					g.Expect(d.Path).To(Equal(staged.wantPath))
				}
			}).WithTimeout(3 * time.Minute).Should(Succeed())
		}, SpecTimeout(4*time.Minute))
	}

	It("except for a healthy service", func(ctx SpecContext) {
		Eventually(ctx, func() (string, error) { return why(ctx, whyNamespace, "well") }).Should(Equal("well  ✓ Ready, no fault found\n"))
		Expect(exec.CommandContext(ctx, plugin, "why", "well", "-n", whyNamespace).Run()).To(Succeed())
	}, SpecTimeout(time.Minute))

	It("and prints the path to it as readable text", func(ctx SpecContext) {
		text, err := why(ctx, whyNamespace, "caller")
		Expect(err).NotTo(HaveOccurred())
		Expect(text).To(HavePrefix("caller  ✓ Ready, but there are problems\ncaller -> unbased -> unbased's database\n"))
		Expect(text).To(MatchRegexp(`(?s)DependenciesReady is False.*DatabaseReady is False.*StatefulSet unbased-db: 0 of 1.*Pod unbased-db-0: .*\nCause .*\nFix .*\nLog of pod unbased-db-0`))
		for _, line := range strings.Split(text, "\n") {
			Expect(len([]rune(line))).To(BeNumerically("<=", 80), line)
		}
	}, SpecTimeout(time.Minute))

	It("within the caller's permissions, and lists the reads that they forbid", func(ctx SpecContext) {
		flags := restrictedUserFlags(ctx, whyNamespace)
		text, err := why(ctx, whyNamespace, "crashing", flags...)
		Expect(err).NotTo(HaveOccurred())
		Expect(text).To(ContainSubstring("[CrashLoop]"))
		Expect(text).To(MatchRegexp(`(?s)Skipped, because you are not allowed to read them:.*Events.*Nodes.*logs of pods`))
		// The timeout of the last spec also covers the cleanup.
	}, SpecTimeout(specTimeout))
})

// restrictedUserFlags creates a ServiceAccount with few read permissions in a
// namespace and returns the flags that impersonate it.
func restrictedUserFlags(ctx context.Context, ns string) []string {
	GinkgoHelper()
	const account = "reader"
	_, err := kubectl(ctx, "-n", ns, "create", "serviceaccount", account)
	Expect(err).NotTo(HaveOccurred())
	_, err = kubectl(ctx, "-n", ns, "create", "role", account, "--verb=get,list", "--resource=microservices.atoll.dev,pods,deployments.apps")
	Expect(err).NotTo(HaveOccurred())
	_, err = kubectl(ctx, "-n", ns, "create", "rolebinding", account, "--role="+account, "--serviceaccount="+ns+":"+account)
	Expect(err).NotTo(HaveOccurred())
	return []string{"--as", "system:serviceaccount:" + ns + ":" + account}
}

var (
	// heldPod is a database pod that a finalizer keeps after its deletion, as after
	// the loss of its node.
	heldPod = corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: whyNamespace, Name: "held-db-0"}}
	// clasher is a pod that belongs to no service.
	clasher = corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: whyNamespace, Name: "clasher"}}
	// leaving is a service that a finalizer keeps after its deletion.
	leaving = v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: whyNamespace, Name: "leaving"}}
	// emptying is a service whose foreground deletion waits for its pods.
	emptying = v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: whyNamespace, Name: "emptying"}}
)

// clearFaults deletes the services, and then removes the objects and finalizers
// that would outlive them.
func clearFaults(ctx SpecContext) {
	for _, ns := range []string{whyNamespace, whyOtherNamespace} {
		Expect(client.IgnoreNotFound(k8s.DeleteAllOf(ctx, &v1alpha1.Microservice{}, client.InNamespace(ns)))).To(Succeed())
	}
	Expect(setFinalizers(ctx, heldPod.DeepCopy(), `null`)).To(Succeed())
	Expect(setFinalizers(ctx, leaving.DeepCopy(), `null`)).To(Succeed())
	for _, pod := range podsOfService(ctx, &emptying) {
		Expect(setFinalizers(ctx, &pod, `null`)).To(Succeed())
	}
	Expect(client.IgnoreNotFound(k8s.Delete(ctx, clasher.DeepCopy()))).To(Succeed())
}

// deleteHeld deletes a pod that a finalizer keeps.
func deleteHeld(ctx context.Context, pod *corev1.Pod) {
	GinkgoHelper()
	Eventually(ctx, func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(pod), pod) }).Should(Succeed())
	Expect(setFinalizers(ctx, pod, `["example.com/hold"]`)).To(Succeed())
	Expect(k8s.Delete(ctx, pod)).To(Succeed())
}

// deleteForegroundHeld deletes a service in the foreground while a finalizer keeps
// its pods.
func deleteForegroundHeld(ctx context.Context, ms *v1alpha1.Microservice) {
	GinkgoHelper()
	var pods []corev1.Pod
	Eventually(ctx, func() []corev1.Pod { pods = podsOfService(ctx, ms); return pods }).ShouldNot(BeEmpty())
	for i := range pods {
		Expect(setFinalizers(ctx, &pods[i], `["example.com/hold"]`)).To(Succeed())
	}
	Expect(k8s.Delete(ctx, ms, client.PropagationPolicy(metav1.DeletePropagationForeground))).To(Succeed())
}

// podsOfService lists the pods of all components of a service.
func podsOfService(ctx context.Context, ms *v1alpha1.Microservice) []corev1.Pod {
	GinkgoHelper()
	pods := &corev1.PodList{}
	Expect(k8s.List(ctx, pods, client.InNamespace(ms.Namespace), client.MatchingLabels{v1alpha1.LabelMicroservice: ms.Name})).To(Succeed())
	return pods.Items
}

// setFinalizers replaces the finalizers of an object if it exists.
func setFinalizers(ctx context.Context, o client.Object, finalizers string) error {
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata": {"finalizers": `+finalizers+`}}`))
	return client.IgnoreNotFound(k8s.Patch(ctx, o, patch))
}
