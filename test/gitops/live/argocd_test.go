//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// argoNamespace is the namespace of Argo CD in the samples.
const argoNamespace = "argocd"

// redis is the cache of Argo CD, and a project for the operator's Application, which Argo CD's API
// server would create.
const redis = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: redis, namespace: argocd}
spec:
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
      - name: redis
        image: valkey/valkey:8.1
        args: [valkey-server, --save, "", --appendonly, "no", --dir, /tmp]
        readinessProbe: {tcpSocket: {port: 6379}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: redis, namespace: argocd}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ["*"]
  destinations: [{server: "*", namespace: "*"}]
  clusterResourceWhitelist: [{group: "*", kind: "*"}]
`

// suspended is a health that Flux does not have.
const suspended health = "Suspended"

// argoCD is Argo CD's application-controller and repo-server.
// These scenarios have not run with a real Argo CD yet. make test-gitops TOOLS=argocd runs them.
type argoCD struct{}

// repositoryURL is a folder, because the controllers run in the network namespace of the cluster.
func (a *argoCD) repositoryURL(folder string) string { return "file://" + folder }

func (a *argoCD) start(ctx context.Context, r *repository) {
	GinkgoHelper()
	readPairs("GITOPS", paths, "argocd", "kustomize")
	Expect(paths).To(HaveKey("network-namespace"), "Argo CD opens ports on all addresses, so it needs the network namespace of the local cluster")
	mustKubectl(ctx, "create", "namespace", argoNamespace)
	mustKubectl(ctx, "apply", "--server-side", "--kustomize="+filepath.Join(paths["argocd-source"], "manifests", "crds"))
	mustKubectl(ctx, "apply", "--namespace="+argoNamespace, "--kustomize="+filepath.Join(paths["argocd-source"], "manifests", "base", "config"))
	mustKubectl(ctx, "patch", "--namespace="+argoNamespace, "secret", "argocd-secret", `--patch={"stringData":{"server.secretkey":"only-for-this-test"}}`)
	apply := exec.CommandContext(ctx, "kubectl", "apply", "--filename=-")
	apply.Stdin = strings.NewReader(redis)
	_, err := run(apply)
	Expect(err).NotTo(HaveOccurred())
	mustKubectl(ctx, "rollout", "status", "--namespace="+argoNamespace, "deployment/redis", "--timeout=2m")
	cache := mustKubectl(ctx, "get", "--namespace="+argoNamespace, "service", "redis", "--output=jsonpath={.spec.clusterIP}") + ":6379"

	bin := a.programs()
	data := GinkgoT().TempDir()
	env := []string{"KUBECONFIG=" + a.kubeconfig(), "PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + data, "TMPDIR=" + data, "ARGOCD_FAKE_IN_CLUSTER=true",
		"ARGOCD_GPG_ENABLED=false", "ARGOCD_TLS_DATA_PATH=" + data, "ARGOCD_SSH_DATA_PATH=" + data, "HOSTNAME=argocd-application-controller-0"}
	server := freeAddress()
	_, port, err := net.SplitHostPort(server)
	Expect(err).NotTo(HaveOccurred())
	a.startController("argocd-repo-server", bin, env, "--redis="+cache, "--address=127.0.0.1", "--port="+port, "--metrics-address=127.0.0.1",
		"--disable-tls", "--client-ca-path=")
	a.startController("argocd-application-controller", bin, env, "--redis="+cache, "--repo-server="+server, "--repo-server-plaintext")

	// These are the commands of docs/gitops.md.
	mustKubectl(ctx, "--namespace="+argoNamespace, "patch", "configmap", "argocd-cm", "--patch-file="+filepath.Join(root, "config", "argocd", "argocd-cm.yaml"))
	a.localizeChart(r)
	mustKubectl(ctx, "apply", "--kustomize="+filepath.Join(r.folder, samples, "argocd"))
}

// startController starts a program of Argo CD in the network namespace of the cluster.
func (a *argoCD) startController(name, bin string, env []string, args ...string) {
	GinkgoHelper()
	nsenter, err := exec.LookPath("nsenter")
	Expect(err).NotTo(HaveOccurred())
	startProcess(name, env, nsenter, append([]string{"--net=" + paths["network-namespace"], "--", filepath.Join(bin, name)}, args...)...)
}

// programs returns a folder with the programs of Argo CD, which has one binary for all, and with those
// that it runs.
func (a *argoCD) programs() string {
	GinkgoHelper()
	bin := GinkgoT().TempDir()
	for _, name := range []string{"argocd-application-controller", "argocd-repo-server"} {
		Expect(os.Symlink(paths["argocd"], filepath.Join(bin, name))).To(Succeed())
	}
	Expect(os.Symlink(paths["kustomize"], filepath.Join(bin, "kustomize"))).To(Succeed())
	for _, name := range []string{"git-verify-wrapper.sh", "gpg-wrapper.sh", "git-ask-pass.sh"} {
		text, err := os.ReadFile(filepath.Join(paths["argocd-source"], "hack", name))
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(filepath.Join(bin, name), text, 0o755)).To(Succeed())
	}
	return bin
}

// kubeconfig writes the credentials of the suite, with the address of the API server in the network
// namespace of the cluster.
func (a *argoCD) kubeconfig() string {
	GinkgoHelper()
	loaded, err := clientcmd.LoadFromFile(os.Getenv("KUBECONFIG"))
	Expect(err).NotTo(HaveOccurred())
	current := loaded.Contexts[loaded.CurrentContext]
	current.Namespace = argoNamespace
	loaded.Clusters[current.Cluster].Server = paths["server-in-namespace"]
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(clientcmd.WriteToFile(*loaded, path)).To(Succeed())
	return path
}

// localizeChart replaces the operator's chart with its manifest, because Helm is not part of the test.
func (a *argoCD) localizeChart(r *repository) {
	GinkgoHelper()
	r.write(samples+"/flux/operator/kustomization.yaml", "resources: [release.yaml]\n")
	const file = samples + "/argocd/atoll.yaml"
	text := r.read(file)
	begin, end := strings.Index(text, "    repoURL: ghcr.io/"), strings.Index(text, "  destination:")
	Expect([]int{begin, end}).NotTo(ContainElement(-1))
	r.write(file, text[:begin]+"    repoURL: "+r.url+"\n    targetRevision: main\n    path: "+samples+"/flux/operator\n"+text[end:])
	r.commit("the operator without Helm")
	r.first = r.head()
}

func (a *argoCD) refresh(ctx context.Context) {
	GinkgoHelper()
	a.reconcile(ctx)
}

func (a *argoCD) reconcile(ctx context.Context) {
	GinkgoHelper()
	const annotation = "argocd.argoproj.io/refresh"
	mustKubectl(ctx, "annotate", "--namespace="+argoNamespace, "--overwrite", "application", productionRelease, annotation+"=hard")
	Eventually(ctx, func() (map[string]string, error) {
		o, err := a.application(ctx, productionRelease)
		return o.GetAnnotations(), err
	}).ShouldNot(HaveKey(annotation))
}

func (a *argoCD) application(ctx context.Context, name string) (*unstructured.Unstructured, error) {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Application"})
	return o, k8s.Get(ctx, client.ObjectKey{Namespace: argoNamespace, Name: name}, o)
}

func (a *argoCD) state(ctx context.Context, release string) (state, error) {
	o, err := a.application(ctx, release)
	if err != nil {
		return state{}, err
	}
	field := func(path ...string) string {
		value, _, _ := unstructured.NestedString(o.Object, append([]string{"status"}, path...)...)
		return value
	}
	reported, phase := health(field("health", "status")), field("operationState", "phase")
	s := state{progressing, field("sync", "revision"), field("sync", "status") + " " + string(reported) + " " + phase + ": " + field("operationState", "message")}
	results, _, _ := unstructured.NestedSlice(o.Object, "status", "operationState", "syncResult", "resources")
	for _, item := range results {
		result, _ := item.(map[string]any)
		if message, _ := result["message"].(string); result["status"] == "SyncFailed" {
			s.message += "; " + message
		}
	}
	switch {
	case field("sync", "status") == "Synced" && phase == "Succeeded":
		s.health = reported
	case reported == degraded || slices.Contains([]string{"Failed", "Error"}, phase):
		s.health = degraded
	}
	return s, nil
}

func (a *argoCD) suspendedHealth() health { return suspended }

func (a *argoCD) keepsAnnotations() bool { return true }

func (a *argoCD) delete(ctx context.Context, release string) {
	GinkgoHelper()
	if mustKubectl(ctx, "get", "--namespace="+argoNamespace, "--ignore-not-found", "application", release) == "" {
		return
	}
	// Argo CD's own client sets this finalizer too. Without it, the objects would stay.
	mustKubectl(ctx, "patch", "--namespace="+argoNamespace, "application", release, "--type=merge", `--patch={"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io"]}}`)
	mustKubectl(ctx, "delete", "--namespace="+argoNamespace, "application", release, "--wait", "--timeout=3m")
}

func (a *argoCD) uninstall(ctx context.Context) {
	GinkgoHelper()
	mustKubectl(ctx, "delete", "--ignore-not-found", "namespace", argoNamespace, "--timeout=3m")
	mustKubectl(ctx, "delete", "--ignore-not-found", "--kustomize="+filepath.Join(paths["argocd-source"], "manifests", "crds"))
}

var _ = Describe("Argo CD", Label("argocd"), Ordered, ContinueOnFailure, func() {
	r := describeScenarios(&argoCD{})

	It("applies a wave only when the one before is healthy", func(ctx SpecContext) {
		By("comparing when the Topology was created with when the services were")
		topology, users := &v1alpha1.Topology{}, member("users")
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: productionNamespace, Name: "shop"}, topology)).To(Succeed())
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(users), users)).To(Succeed())
		ready := meta.FindStatusCondition(topology.Status.Conditions, v1alpha1.ConditionReady)
		Expect(ready).NotTo(BeNil())
		Expect(users.CreationTimestamp.Time).NotTo(BeTemporally("<", ready.LastTransitionTime.Time))

		By("adding a wave after a broken release")
		r.restoreSamples(ctx)
		r.release(ctx, "a later wave, and an image that does not exist", func() {
			r.breakOrders()
			r.repository.write(base+"/later.yaml", laterWave)
			r.repository.replace(base+"/kustomization.yaml", "- payments.yaml\n", "- payments.yaml\n- later.yaml\n")
		})
		Eventually(ctx, r.reasonOf("orders", v1alpha1.ConditionStalled)).ShouldNot(BeEmpty())
		later := client.ObjectKey{Namespace: productionNamespace, Name: "later"}
		Consistently(ctx, func() error { return k8s.Get(ctx, later, &corev1.ConfigMap{}) }).WithTimeout(10 * time.Second).ShouldNot(Succeed())
		r.release(ctx, "the image again", func() { r.repository.replace(production+"/kustomization.yaml", `"missing"`, `"`+tagOf("orders")+`"`) })
		r.eventuallyIs(ctx, productionRelease, healthy)
		Expect(k8s.Get(ctx, later, &corev1.ConfigMap{})).To(Succeed())
		r.restoreSamples(ctx)
	}, SpecTimeout(specTimeout))

	It("offers the actions, and keeps what an action changes", func(ctx SpecContext) {
		r.restoreSamples(ctx)
		object := filepath.Join(GinkgoT().TempDir(), "payments.yaml")
		Expect(os.WriteFile(object, []byte(mustKubectl(ctx, "get", "--namespace=shop", "ms", "payments", "--output=yaml")), 0o600)).To(Succeed())
		override := func(args ...string) string {
			GinkgoHelper()
			args = append([]string{"admin", "settings", "resource-overrides"}, args...)
			out, err := run(exec.CommandContext(ctx, paths["argocd"], append(args, "--argocd-cm-path="+filepath.Join(root, "config", "argocd", "argocd-cm.yaml"))...))
			Expect(err).NotTo(HaveOccurred())
			return out
		}
		Expect(override("health", object)).To(ContainSubstring("STATUS: Healthy"))
		Expect(override("list-actions", object)).To(And(MatchRegexp(`(?m)^suspend +false$`), MatchRegexp(`(?m)^resume +true$`), MatchRegexp(`(?m)^rotate-credentials +false$`)))
		Expect(override("run-action", object, "suspend")).To(ContainSubstring("suspend: true"))

		// Argo CD's API server, which is not part of the test, patches the object with what the action changed.
		mustKubectl(ctx, "patch", "--namespace=shop", "ms", "payments", "--type=merge", `--patch={"spec":{"suspend":true}}`)
		r.eventuallyIs(ctx, productionRelease, suspended)
		r.tool.reconcile(ctx)
		r.eventuallyIs(ctx, productionRelease, suspended)
		mustKubectl(ctx, "patch", "--namespace=shop", "ms", "payments", "--type=merge", `--patch={"spec":{"suspend":null}}`)
		r.eventuallyIs(ctx, productionRelease, healthy)
	}, SpecTimeout(specTimeout))
})

// tagOf returns the tag of a service's image.
func tagOf(name string) string {
	_, tag := splitReference(images[name])
	return tag
}

// laterWave is applied after the services.
const laterWave = `
apiVersion: v1
kind: ConfigMap
metadata: {name: later, namespace: shop, annotations: {argocd.argoproj.io/sync-wave: "1"}}
`
