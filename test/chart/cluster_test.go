//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// operatorNamespace is where the test installs Atoll.
const operatorNamespace = "atoll-system"

// cluster is the cluster of KUBECONFIG.
type cluster struct {
	gatewayURL string
	// repository and tag are those of the operator's image.
	repository, tag string
}

// newCluster returns the cluster, which must not have Atoll. When the test ends, it has
// none again.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{gatewayURL: os.Getenv("GATEWAY_URL")}
	for _, pair := range strings.Fields(os.Getenv("IMAGES")) {
		if reference, ok := strings.CutPrefix(pair, "atoll="); ok {
			colon := strings.LastIndexByte(reference, ':')
			c.repository, c.tag = reference[:colon], reference[colon+1:]
		}
	}
	if os.Getenv("KUBECONFIG") == "" || c.gatewayURL == "" || c.repository == "" {
		t.Fatal("KUBECONFIG, GATEWAY_URL and IMAGES must be set: run make test-chart")
	}
	// The test deletes the CRDs, and with them every Microservice of the cluster.
	if found := c.kubectl(t, "get", "crd", "--output=name", "--ignore-not-found", "microservices.atoll.dev", "topologies.atoll.dev"); found != "" {
		t.Fatalf("the cluster has Atoll already (%s): remove it first, for example with make down", strings.Fields(found))
	}
	for _, namespace := range []string{operatorNamespace, "shop"} {
		if c.kubectl(t, "get", "namespace", "--output=name", "--ignore-not-found", namespace) != "" {
			t.Fatalf("the cluster has the namespace %s already: delete it first", namespace)
		}
	}
	t.Cleanup(func() { c.cleanUp(t) })
	return c
}

// cleanUp removes what the test created.
func (c *cluster) cleanUp(t *testing.T) {
	var commands [][]string
	if t.Failed() {
		commands = append(commands, []string{"get", "pods,ms,topo", "--all-namespaces", "--output=wide"},
			[]string{"logs", "--namespace=" + operatorNamespace, "--selector=control-plane=controller-manager", "--prefix", "--tail=50"})
	}
	commands = append(commands, []string{"delete", "--ignore-not-found", "--filename=" + filepath.Join(root, "dist", "install.yaml")},
		[]string{"delete", "--ignore-not-found", "namespace", "shop"})
	for _, args := range commands {
		out, err := output(exec.Command("kubectl", args...))
		t.Log(args, out)
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := c.tryHelm(t, "uninstall", "atoll", "--ignore-not-found"); err != nil {
		t.Error(err)
	}
}

// helm runs helm in the operator's namespace, with the image of this build.
func (c *cluster) helm(t *testing.T, args ...string) {
	t.Helper()
	if out, err := c.tryHelm(t, args...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func (c *cluster) tryHelm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	args = append(args, "--namespace", operatorNamespace)
	if args[0] == "install" || args[0] == "upgrade" {
		args = append(args, "--set", "image.repository="+c.repository, "--set", "image.tag="+c.tag)
	}
	return helm(t, args...)
}

// uninstall uninstalls the release and waits until its pods are gone.
func (c *cluster) uninstall(t *testing.T) {
	t.Helper()
	c.helm(t, "uninstall", "atoll", "--wait")
	c.eventually(t, "the managers are gone", func() bool {
		return c.kubectl(t, "get", "pods", "--namespace="+operatorNamespace, "--output=name") == ""
	})
}

// kubectl runs kubectl and returns its output.
func (c *cluster) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return c.run(t, exec.Command("kubectl", args...))
}

func (c *cluster) run(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	out, err := output(command)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// output runs a command. The error has what it wrote.
func output(command *exec.Cmd) (string, error) {
	var errs bytes.Buffer
	command.Stderr = &errs
	out, err := command.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w\n%s", command, err, cmp.Or(errs.String(), string(out)))
	}
	return string(out), nil
}

// applyShop applies the sample topology and waits until it is Ready.
func (c *cluster) applyShop(t *testing.T) {
	t.Helper()
	command := exec.Command("go", "run", "./hack/demo", "samples")
	command.Dir = root
	c.run(t, command)
}

// releasedImage is the field with the image of a release.
var releasedImage = regexp.MustCompile(`image: ghcr\.io/atoll-dev/atoll:\S+`)

// applyInstallManifest installs Atoll with kubectl.
func (c *cluster) applyInstallManifest(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "dist", "install.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	ours := releasedImage.ReplaceAll(text, []byte("image: "+c.repository+":"+c.tag))
	if bytes.Equal(ours, text) {
		t.Fatalf("dist/install.yaml has no image %s", releasedImage)
	}
	command := exec.Command("kubectl", "apply", "--server-side", "--filename=-")
	command.Stdin = bytes.NewReader(ours)
	c.run(t, command)
	c.kubectl(t, "rollout", "status", "--namespace="+operatorNamespace, "deployment/atoll-controller-manager", "--timeout=120s")
}

// expectOperator deletes a child of users and waits until the operator creates it again.
func (c *cluster) expectOperator(t *testing.T) {
	t.Helper()
	c.kubectl(t, "delete", "--namespace=shop", "poddisruptionbudget", "users")
	c.eventually(t, "the operator repairs the budget of users", func() bool {
		return c.kubectl(t, "get", "--namespace=shop", "--output=name", "--ignore-not-found", "poddisruptionbudget", "users") != ""
	})
}

// expectOnlyCRDs checks that only the CRDs of the release stay, and the shop's objects.
func (c *cluster) expectOnlyCRDs(t *testing.T) {
	t.Helper()
	kinds := "deployments,services,serviceaccounts,poddisruptionbudgets,roles,rolebindings,clusterroles,clusterrolebindings," +
		"validatingadmissionpolicies,validatingadmissionpolicybindings,customresourcedefinitions"
	got := strings.Fields(c.kubectl(t, "get", kinds, "--all-namespaces", "--selector=app.kubernetes.io/instance=atoll,app.kubernetes.io/managed-by=Helm", "--output=name"))
	want := []string{"customresourcedefinition.apiextensions.k8s.io/microservices.atoll.dev", "customresourcedefinition.apiextensions.k8s.io/topologies.atoll.dev"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("after the uninstallation (-want +got):\n%s", diff)
	}
	if names := c.kubectl(t, "get", "ms", "--namespace=shop", "--output=name"); strings.Count(names, "\n") != 3 {
		t.Errorf("these Microservices stay: %s", names)
	}
}

// managerArgs returns the arguments of the manager.
func (c *cluster) managerArgs(t *testing.T) string {
	t.Helper()
	return c.kubectl(t, "get", "deployment", "atoll-controller-manager", "--namespace="+operatorNamespace, "--output=jsonpath={.spec.template.spec.containers[0].args}")
}

// shopState returns the identity of all pods of the shop, how often they restarted, and the
// generation of their workloads.
func (c *cluster) shopState(t *testing.T) string {
	t.Helper()
	return c.kubectl(t, "get", "pods", "--namespace=shop", "--field-selector=status.phase!=Succeeded", "--sort-by=.metadata.name",
		`--output=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} restarts={.status.containerStatuses[*].restartCount}{"\n"}{end}`) +
		c.kubectl(t, "get", "deployments,statefulsets,services,httproutes,gateways", "--namespace=shop",
			`--output=jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid} generation={.metadata.generation}{"\n"}{end}`)
}

func (c *cluster) expectUnchanged(t *testing.T, before string) {
	t.Helper()
	if diff := gocmp.Diff(strings.Split(before, "\n"), strings.Split(c.shopState(t), "\n")); diff != "" {
		t.Errorf("the shop changed (-before +after):\n%s", diff)
	}
}

// eventually waits until a condition holds.
func (c *cluster) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatalf("not in time: %s", what)
		case <-poll.C:
		}
	}
}
