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

// plugin is where kubectl-atoll is, once it is built.
var plugin string

// buildPlugin builds kubectl-atoll as make plugin does.
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

// answer is what kubectl atoll why -o json says.
type answer struct {
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

// why asks the plugin as a user would. Its exit code is 1 where it found something.
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

func answered(ctx context.Context, ns, name string) (*answer, error) {
	text, err := why(ctx, ns, name, "-o", "json")
	if err != nil {
		return nil, err
	}
	a := &answer{}
	return a, json.Unmarshal([]byte(text), a)
}

// All faults are staged at once, each in a small service of its own, and looked at
// one after the other.
var _ = Describe("kubectl atoll why names the cause", Ordered, ContinueOnFailure, func() {
	BeforeAll(func(ctx SpecContext) {
		buildPlugin(ctx)
		// A run that was killed leaves them.
		clearFaults(ctx)
		for _, ns := range []string{whyNamespace, whyFar} {
			makeNamespace(ctx, ns)
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
				a, err := answered(ctx, ns, staged.service)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(a.Root).NotTo(BeNil(), "nothing is wrong with it")
				found := *a.Root
				for _, also := range a.Also {
					if staged.also && also.Fault == staged.fault {
						found = also
					}
				}
				g.Expect(found.Fault).To(Equal(staged.fault), "%+v", found)
				for _, says := range staged.says {
					g.Expect(found.Cause).To(ContainSubstring(says))
				}
				g.Expect(found.Remedy).NotTo(BeEmpty())
				g.Expect(found.Steps).NotTo(BeEmpty())
				for _, line := range staged.proof {
					g.Expect(fmt.Sprint(found.Proof)).To(ContainSubstring(line))
				}
				if len(staged.path) > 0 {
					g.Expect(a.Path).To(Equal(staged.path))
				}
			}).WithTimeout(90 * time.Second).Should(Succeed())
		}, SpecTimeout(2*time.Minute))
	}

	It("nothing of a service that is well", func(ctx SpecContext) {
		Eventually(ctx, func() (string, error) { return why(ctx, whyNamespace, "well") }).Should(Equal("well  ✓ Ready, and nothing is wrong\n"))
		Expect(exec.CommandContext(ctx, plugin, "why", "well", "-n", whyNamespace).Run()).To(Succeed())
	}, SpecTimeout(time.Minute))

	It("and the way to it, for people to read", func(ctx SpecContext) {
		text, err := why(ctx, whyNamespace, "caller")
		Expect(err).NotTo(HaveOccurred())
		Expect(text).To(HavePrefix("caller  ✓ Ready, but not all is well\ncaller -> unbased -> unbased's database\n"))
		Expect(text).To(MatchRegexp(`(?s)DependenciesReady is False.*DatabaseReady is False.*StatefulSet unbased-db: 0 of 1.*Pod unbased-db-0: .*\nCause .*\nDo .*\nLog of pod unbased-db-0`))
		for _, line := range strings.Split(text, "\n") {
			Expect(len([]rune(line))).To(BeNumerically("<=", 80), line)
		}
	}, SpecTimeout(time.Minute))

	It("as far as it may read, and says what it may not", func(ctx SpecContext) {
		config := restricted(ctx, whyNamespace)
		text, err := why(ctx, whyNamespace, "crashing", config...)
		Expect(err).NotTo(HaveOccurred())
		Expect(text).To(ContainSubstring("[CrashLoop]"))
		Expect(text).To(MatchRegexp(`(?s)Could not be read, because you may not:.*Events.*Nodes.*logs of pods`))
		// The time of the last spec includes that of the cleaning up.
	}, SpecTimeout(specTimeout))
})

// restricted makes an account that may read little of a namespace, and returns the
// flags that make a request one of its.
func restricted(ctx context.Context, ns string) []string {
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

// heldPod is the pod of a database that does not go when it is deleted, as when
// its node is lost, and clasher a pod that is no service's. leaving and emptying are
// services that don't go when they are deleted.
var (
	heldPod  = corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: whyNamespace, Name: "held-db-0"}}
	clasher  = corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: whyNamespace, Name: "clasher"}}
	leaving  = v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: whyNamespace, Name: "leaving"}}
	emptying = v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: whyNamespace, Name: "emptying"}}
)

// clearFaults takes away what would not go with the services, and begins with
// these.
func clearFaults(ctx SpecContext) {
	for _, ns := range []string{whyNamespace, whyFar} {
		Expect(client.IgnoreNotFound(k8s.DeleteAllOf(ctx, &v1alpha1.Microservice{}, client.InNamespace(ns)))).To(Succeed())
	}
	Expect(setFinalizers(ctx, heldPod.DeepCopy(), `null`)).To(Succeed())
	Expect(setFinalizers(ctx, leaving.DeepCopy(), `null`)).To(Succeed())
	for _, pod := range podsOfService(ctx, &emptying) {
		Expect(setFinalizers(ctx, &pod, `null`)).To(Succeed())
	}
	Expect(client.IgnoreNotFound(k8s.Delete(ctx, clasher.DeepCopy()))).To(Succeed())
}

// hold deletes a pod and keeps it from going.
func hold(ctx context.Context, pod *corev1.Pod) {
	GinkgoHelper()
	Eventually(ctx, func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(pod), pod) }).Should(Succeed())
	Expect(setFinalizers(ctx, pod, `["example.com/hold"]`)).To(Succeed())
	Expect(k8s.Delete(ctx, pod)).To(Succeed())
}

// empty deletes a service in the foreground, and keeps its pods from going.
func empty(ctx context.Context, ms *v1alpha1.Microservice) {
	GinkgoHelper()
	var pods []corev1.Pod
	Eventually(ctx, func() []corev1.Pod { pods = podsOfService(ctx, ms); return pods }).ShouldNot(BeEmpty())
	for i := range pods {
		Expect(setFinalizers(ctx, &pods[i], `["example.com/hold"]`)).To(Succeed())
	}
	Expect(k8s.Delete(ctx, ms, client.PropagationPolicy(metav1.DeletePropagationForeground))).To(Succeed())
}

// podsOfService are the pods of all components.
func podsOfService(ctx context.Context, ms *v1alpha1.Microservice) []corev1.Pod {
	GinkgoHelper()
	pods := &corev1.PodList{}
	Expect(k8s.List(ctx, pods, client.InNamespace(ms.Namespace), client.MatchingLabels{v1alpha1.LabelMicroservice: ms.Name})).To(Succeed())
	return pods.Items
}

// setFinalizers gives an object, if it is there, other finalizers.
func setFinalizers(ctx context.Context, o client.Object, finalizers string) error {
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata": {"finalizers": `+finalizers+`}}`))
	return client.IgnoreNotFound(k8s.Patch(ctx, o, patch))
}
