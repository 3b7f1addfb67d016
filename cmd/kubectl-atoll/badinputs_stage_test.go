// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/plugin/diagnosis"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

const (
	// answerTimeout is more than an answer takes on a machine that is busy.
	answerTimeout = time.Minute
	// answerInterval is the polling period for the status of an input.
	answerInterval = 500 * time.Millisecond
	// steadyAnswers is for how many periods the answers stay the same before -update writes
	// them.
	steadyAnswers = 10
	// confirmations is for how many more periods the answers stay those that are wanted.
	confirmations = 2
)

// badInputStage is an API server with the operator, and kubectl.
type badInputStage struct {
	*stage
	kubectl, kubeconfig, cache string
}

// startBadInputStage starts an API server with the CRDs of Atoll and of the Gateway API, and
// the operator.
func startBadInputStage(t *testing.T) *badInputStage {
	t.Helper()
	kubectl, err := kubectlIn(os.Getenv("KUBEBUILDER_ASSETS"))
	if err != nil {
		t.Fatal(err)
	}
	s := &badInputStage{stage: startStage(t, gatewayCRDs(t)), kubectl: kubectl,
		kubeconfig: filepath.Join(t.TempDir(), "kubeconfig"), cache: t.TempDir()}
	user, err := s.environment.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	s.must(err)
	kubeconfig, err := user.KubeConfig()
	s.must(err)
	s.must(os.WriteFile(s.kubeconfig, kubeconfig, 0o600))
	s.prepare(t)
	s.startOperator()
	return s
}

// kubectlIn returns the kubectl of a folder. A kubectl of another version prints other messages.
func kubectlIn(assets string) (string, error) {
	if assets == "" {
		return "", errors.New("KUBEBUILDER_ASSETS is not set: run the test with make test")
	}
	kubectl := filepath.Join(assets, "kubectl")
	if _, err := os.Stat(kubectl); err != nil {
		return "", fmt.Errorf("KUBEBUILDER_ASSETS is a folder without kubectl: %w", err)
	}
	return kubectl, nil
}

// prepare creates what the inputs find in the cluster: the Deployment of Atoll, and a Topology
// without members of other namespaces.
func (s *badInputStage) prepare(t *testing.T) {
	t.Helper()
	atoll := s.deployment("atoll", map[string]string{v1alpha1.LabelName: "atoll", "control-plane": "controller-manager"})
	s.create(atoll)
	atoll.Status = appsv1.DeploymentStatus{Replicas: 1, ReadyReplicas: 1}
	s.status(atoll)
	s.create(&v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "closed"}})
}

// gatewayCRDs returns where the Go module of the Gateway API has its CRDs.
func gatewayCRDs(t *testing.T) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(dir)), "config", "crd", "standard")
}

// apply applies an input in a namespace of its own, as a user does. It returns what kubectl
// prints.
func (s *badInputStage) apply(t *testing.T, c *badInput) string {
	t.Helper()
	if err := s.client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.name}}); err != nil {
		t.Fatal(err)
	}
	if c.before {
		if out := s.kubectlApply(t, c, "before.yaml"); strings.Contains(out, "exit code") {
			t.Fatal(out)
		}
		s.awaitObserved(t, c)
	}
	return s.kubectlApply(t, c, "input.yaml")
}

// kubectlApply runs kubectl apply in the folder of an input.
func (s *badInputStage) kubectlApply(t *testing.T, c *badInput, file string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), s.kubectl, "--kubeconfig", s.kubeconfig, "--cache-dir", s.cache, "-n", c.name, "apply", "-f", file)
	command.Dir = filepath.Dir(c.file(file))
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return fmt.Sprintf("%sexit code %d\n", out, exit.ExitCode())
	case err != nil:
		t.Fatal(err)
	}
	return string(out)
}

// awaitObserved waits until the operator has observed the objects of an input.
func (s *badInputStage) awaitObserved(t *testing.T, c *badInput) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), answerInterval, answerTimeout, true, func(ctx context.Context) (bool, error) {
		all := &v1alpha1.MicroserviceList{}
		if err := s.client.List(ctx, all, client.InNamespace(c.name)); err != nil {
			return false, err
		}
		for i := range all.Items {
			if all.Items[i].Status.ObservedGeneration != all.Items[i].Generation {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// observe reads the status of an input's objects, and runs why for its services, until the
// answers are those that are wanted, and stay so. With -update, it does so until they no longer
// change.
func (s *badInputStage) observe(t *testing.T, c *badInput, answers *badInputAnswers, wanted func() bool) {
	t.Helper()
	before, steady, matches := "", 0, 0
	err := wait.PollUntilContextTimeout(t.Context(), answerInterval, answerTimeout, true, func(context.Context) (bool, error) {
		var services []string
		answers.status, services = s.conditions(t, c)
		answers.why = ""
		for _, service := range services {
			answers.why += s.whyText(t, c, service)
		}
		if answers.why == "" {
			answers.why = notCreated
		}
		if !*update {
			matches++
			if !wanted() {
				matches = 0
			}
			// Of an object that was refused, nothing changes.
			return matches > confirmations || matches > 0 && answers.status == notCreated, nil
		}
		if now := answers.String(); now != before {
			before, steady = now, 0
		}
		steady++
		return steady > steadyAnswers || answers.status == notCreated, nil
	})
	if err != nil && !wait.Interrupted(err) {
		t.Fatal(err)
	}
}

// conditions returns the conditions of an input's objects that report a fault, and the names of
// its services. A poll that times out does not end the read, so that the test shows the
// difference.
func (s *badInputStage) conditions(t *testing.T, c *badInput) (text string, services []string) {
	t.Helper()
	topologies, all := &v1alpha1.TopologyList{}, &v1alpha1.MicroserviceList{}
	for _, list := range []client.ObjectList{topologies, all} {
		if err := s.client.List(t.Context(), list, client.InNamespace(c.name)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range topologies.Items {
		text += faultyConditions("Topology", topologies.Items[i].Name, topologies.Items[i].Status.Conditions)
	}
	for i := range all.Items {
		text += faultyConditions("Microservice", all.Items[i].Name, all.Items[i].Status.Conditions)
		services = append(services, all.Items[i].Name)
	}
	if text == "" {
		text = notCreated
	}
	return text, services
}

// faultyConditions lists Ready, Stalled and the conditions that are not True.
func faultyConditions(kind, name string, conditions []metav1.Condition) string {
	if meta.FindStatusCondition(conditions, v1alpha1.ConditionReady) == nil {
		return fmt.Sprintf("%s %q: not observed\n", kind, name)
	}
	var text strings.Builder
	for i := range conditions {
		of := &conditions[i]
		if of.Type == v1alpha1.ConditionReconciling || of.Status == metav1.ConditionTrue && of.Type != v1alpha1.ConditionReady && of.Type != v1alpha1.ConditionStalled {
			continue
		}
		fmt.Fprintf(&text, "%s %q: %s=%s %s: %s\n", kind, name, of.Type, of.Status, of.Reason, of.Message)
	}
	return text.String()
}

// whyText returns what why prints of a service.
func (s *badInputStage) whyText(t *testing.T, c *badInput, service string) string {
	t.Helper()
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	command := newCommand(s.pluginOf(c, streams))
	command.SetArgs([]string{"why", service})
	if code := exitCode(command.ExecuteContext(t.Context()), streams); code > 1 {
		return errOut.String()
	}
	return out.String()
}

// pluginOf returns the plugin as it is run in the namespace of an input.
func (s *badInputStage) pluginOf(c *badInput, streams genericiooptions.IOStreams) *plugin {
	p := offlinePlugin(c, streams)
	p.connect = func() (client.WithWatch, error) { return s.client, nil }
	p.logs = func(context.Context, string, diagnosis.Log) (string, error) { return "", nil }
	return p
}

func offlinePlugin(c *badInput, streams genericiooptions.IOStreams) *plugin {
	p := &plugin{IOStreams: streams, flags: genericclioptions.NewConfigFlags(false), now: time.Now}
	p.flags.Namespace = ptr.To(c.name)
	return p
}

// lintBadInput returns what lint prints of an input. The schemas are shared, because it takes
// time to compile their rules.
func lintBadInput(t *testing.T, schemas offline.Schemas, c *badInput) string {
	t.Helper()
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	o := &lintOptions{plugin: offlinePlugin(c, streams)}
	o.Filenames = []string{c.file("input.yaml")}
	sources, err := o.readSources(o.plugin)
	if err != nil {
		return err.Error() + "\n"
	}
	for i := range sources {
		sources[i].Name = filepath.Base(sources[i].Name)
	}
	report, err := offline.Lint(t.Context(), schemas, sources)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.writeText(report); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
