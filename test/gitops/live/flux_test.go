//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// fluxNamespace is the namespace of the objects of Flux in the samples.
const fluxNamespace = "flux-system"

// flux is Flux's source-controller and kustomize-controller.
type flux struct{}

// repositoryURL is a server, because source-controller reads no folders.
func (f *flux) repositoryURL(folder string) string { return serveGit(folder) }

func (f *flux) start(ctx context.Context, r *repository) {
	GinkgoHelper()
	readPairs("GITOPS", paths, "flux-kustomize-controller", "flux-source-controller")
	for _, name := range []string{"flux-source-controller-source", "flux-kustomize-controller-source"} {
		mustKubectl(ctx, "apply", "--server-side", "--filename="+filepath.Join(paths[name], "config", "crd", "bases"))
	}
	mustKubectl(ctx, "create", "namespace", fluxNamespace)
	storage := freeAddress()
	env := []string{"RUNTIME_NAMESPACE=" + fluxNamespace, "HOME=" + GinkgoT().TempDir(), "TMPDIR=" + GinkgoT().TempDir()}
	startProcess("flux-source-controller", env, paths["flux-source-controller"], "--metrics-addr="+freeAddress(), "--health-addr="+freeAddress(),
		"--storage-path="+GinkgoT().TempDir(), "--storage-addr="+storage, "--storage-adv-addr="+storage)
	startProcess("flux-kustomize-controller", env, paths["flux-kustomize-controller"], "--metrics-addr="+freeAddress(), "--health-addr="+freeAddress(),
		// Flux checks the objects in dependsOn again after this time.
		"--requeue-dependency=2s",
		// docs/gitops.md recommends it.
		"--feature-gates=CancelHealthCheckOnNewRevision=true")
	mustKubectl(ctx, "apply", "--kustomize="+filepath.Join(r.folder, samples, "flux"))
}

func (f *flux) refresh(ctx context.Context) {
	GinkgoHelper()
	f.request(ctx, "gitrepository/shop")
}

func (f *flux) reconcile(ctx context.Context) {
	GinkgoHelper()
	requested := f.request(ctx, "kustomization/shop-production")
	Eventually(ctx, func() (string, error) {
		o, err := f.kustomization(ctx, "shop-production")
		handled, _, _ := unstructured.NestedString(o.Object, "status", "lastHandledReconcileAt")
		return handled, err
	}).Should(Equal(requested))
	Eventually(ctx, func() (string, error) {
		o, err := f.kustomization(ctx, "shop-production")
		status, _, _ := conditionOf(o, "Ready")
		return status, err
	}).ShouldNot(Equal("Unknown"))
}

// request makes Flux reconcile an object now, and returns the name of the request.
func (f *flux) request(ctx context.Context, object string) string {
	GinkgoHelper()
	requested := time.Now().Format(time.RFC3339Nano)
	mustKubectl(ctx, "annotate", "--namespace="+fluxNamespace, "--overwrite", object, "reconcile.fluxcd.io/requestedAt="+requested)
	return requested
}

func (f *flux) kustomization(ctx context.Context, name string) (*unstructured.Unstructured, error) {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(schema.GroupVersionKind{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Kind: "Kustomization"})
	return o, k8s.Get(ctx, client.ObjectKey{Namespace: fluxNamespace, Name: name}, o)
}

func (f *flux) state(ctx context.Context, release string) (state, error) {
	o, err := f.kustomization(ctx, release)
	if err != nil {
		return state{}, err
	}
	attempted, _, _ := unstructured.NestedString(o.Object, "status", "lastAttemptedRevision")
	_, commit, _ := strings.Cut(attempted, "sha1:")
	status, reason, message := conditionOf(o, "Ready")
	s := state{progressing, commit, reason + ": " + message}
	switch {
	case status == "True":
		s.health = healthy
	// The others say that it waits for a dependency or the repository, or that a new commit ended the
	// health check.
	case status == "False" && !slices.Contains([]string{"DependencyNotReady", "ArtifactFailed", "HealthCheckCanceled"}, reason):
		s.health = degraded
	}
	return s, nil
}

// suspendedHealth is healthy, because Flux has no state of its own for it.
func (f *flux) suspendedHealth() health { return healthy }

func (f *flux) keepsAnnotations() bool { return false }

func (f *flux) delete(ctx context.Context, release string) {
	GinkgoHelper()
	mustKubectl(ctx, "delete", "--namespace="+fluxNamespace, "--ignore-not-found", "kustomization", release, "--wait", "--timeout=3m")
}

func (f *flux) uninstall(ctx context.Context) {
	GinkgoHelper()
	mustKubectl(ctx, "delete", "--ignore-not-found", "namespace", fluxNamespace, "--timeout=3m")
	for _, name := range []string{"flux-source-controller-source", "flux-kustomize-controller-source"} {
		mustKubectl(ctx, "delete", "--ignore-not-found", "--filename="+filepath.Join(paths[name], "config", "crd", "bases"))
	}
}

// conditionOf returns a condition of an object.
func conditionOf(o *unstructured.Unstructured, conditionType string) (status, reason, message string) {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, item := range conditions {
		condition, _ := item.(map[string]any)
		if condition["type"] == conditionType {
			return fmt.Sprint(condition["status"]), fmt.Sprint(condition["reason"]), fmt.Sprint(condition["message"])
		}
	}
	return "Unknown", "", ""
}

var _ = Describe("Flux", Label("flux"), Ordered, ContinueOnFailure, func() {
	f := &flux{}
	r := describeScenarios(f)

	It("applies what depends on a release only when the release is healthy", func(ctx SpecContext) {
		By("comparing when the operator was available with when the services were created")
		operator := &appsv1.Deployment{}
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: "atoll-system", Name: "atoll-controller-manager"}, operator)).To(Succeed())
		Expect(operator.Status.Conditions).NotTo(BeEmpty())
		for _, condition := range operator.Status.Conditions {
			if condition.Type == appsv1.DeploymentAvailable {
				users := member("users")
				Expect(k8s.Get(ctx, client.ObjectKeyFromObject(users), users)).To(Succeed())
				Expect(users.CreationTimestamp.Time).NotTo(BeTemporally("<", condition.LastTransitionTime.Time))
			}
		}

		By("letting staging depend on a broken release of production")
		f.delete(ctx, stagingRelease)
		r.restoreSamples(ctx)
		r.release(ctx, "an image that does not exist", r.breakOrders)
		r.eventuallyIs(ctx, productionRelease, degraded)
		staging := r.repository.read(samples + "/flux/shop-staging.yaml")
		Expect(staging).To(ContainSubstring("  dependsOn:\n"))
		apply := exec.CommandContext(ctx, "kubectl", "apply", "--filename=-")
		apply.Stdin = strings.NewReader(strings.Replace(staging, "  dependsOn:\n", "  dependsOn:\n  - name: "+productionRelease+"\n", 1))
		_, err := run(apply)
		Expect(err).NotTo(HaveOccurred())
		Eventually(ctx, func() (string, error) {
			o, err := f.kustomization(ctx, stagingRelease)
			_, reason, _ := conditionOf(o, "Ready")
			return reason, err
		}).Should(Equal("DependencyNotReady"))
		users := &v1alpha1.Microservice{}
		key := client.ObjectKey{Namespace: stagingNamespace, Name: "users"}
		Consistently(ctx, func() error { return k8s.Get(ctx, key, users) }).WithTimeout(10 * time.Second).ShouldNot(Succeed())
		r.restoreSamples(ctx)
		Eventually(ctx, func() error { return k8s.Get(ctx, key, users) }).Should(Succeed())
		f.delete(ctx, stagingRelease)
	}, SpecTimeout(specTimeout))
})
