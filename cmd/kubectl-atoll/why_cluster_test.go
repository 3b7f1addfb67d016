// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/controller"
	"github.com/atoll-dev/atoll/internal/plugin/diagnosis"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// clusterTimeout is more than Atoll ever takes.
const clusterTimeout = 20 * time.Second

// TestWhyInACluster stages, with a real API server and the operator's own code,
// the faults that test/e2e can't on a cluster of one node that others use: there a
// node would have to be cordoned or lost, Atoll stopped, and the Gateway API not
// be installed.
func TestWhyInACluster(t *testing.T) {
	s := startStage(t)
	for _, ms := range []*v1alpha1.Microservice{
		{ObjectMeta: metav1.ObjectMeta{Name: "drained"}, Spec: v1alpha1.MicroserviceSpec{Image: "x:1"}},
		{ObjectMeta: metav1.ObjectMeta{Name: "lost"}, Spec: v1alpha1.MicroserviceSpec{Image: "x:1"}},
		{ObjectMeta: metav1.ObjectMeta{Name: "routed"}, Spec: v1alpha1.MicroserviceSpec{Image: "x:1", Routes: []v1alpha1.Route{
			{Path: "/", ParentRefs: []v1alpha1.GatewayReference{{Name: "public"}}}}}},
	} {
		s.create(ms)
	}

	s.expect(staging{fault: "NotSeen", service: "drained", says: []string{"Atoll has not observed this Microservice: the cluster has no Deployment of Atoll"}})
	atoll := s.deployment("atoll", map[string]string{v1alpha1.LabelName: "atoll", "control-plane": "controller-manager"})
	s.create(atoll)
	s.expect(staging{fault: "NotSeen", service: "drained", says: []string{"Deployment default/atoll, which runs Atoll, has no ready pod"}})
	s.startOperator()
	atoll.Status = appsv1.DeploymentStatus{Replicas: 1, ReadyReplicas: 1}
	s.status(atoll)

	s.expect(staging{fault: "CRDNotInstalled", service: "routed", says: []string{"may not list HTTPRoute"}})

	// A budget lets none of two pods go while one is not ready.
	s.create(s.node("cordoned", true))
	s.become(s.node("cordoned", true), corev1.ConditionTrue)
	s.run("drained", "cordoned", corev1.ConditionTrue)
	s.expect(staging{fault: "DrainBlocked", service: "drained", says: []string{"Node cordoned is cordoned", `PodDisruptionBudget "drained" allows no eviction`, "1 of 2 pods are ready"}})

	s.create(s.node("silent", false))
	s.become(s.node("silent", false), corev1.ConditionUnknown)
	s.run("lost", "silent", corev1.ConditionFalse)
	s.expect(staging{fault: "NodeNotReady", service: "lost", says: []string{"Node silent", "stopped posting node status"}})
}

// staging is a fault, and what why must report of it.
type staging struct {
	fault, service string
	says           []string
}

// stage is an API server.
type stage struct {
	t           *testing.T
	environment *envtest.Environment
	config      *rest.Config
	client      client.WithWatch
}

// startStage starts an API server with Atoll's CRDs, and with those of other folders.
func startStage(t *testing.T, moreCRDs ...string) *stage {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	environment := &envtest.Environment{
		CRDDirectoryPaths:     append(moreCRDs, filepath.Join("..", "..", "config", "crd", "bases")),
		ErrorIfCRDPathMissing: true,
	}
	api, err := environment.Start()
	if err != nil {
		t.Fatalf("envtest needs etcd and kube-apiserver: run it with make test, which sets KUBEBUILDER_ASSETS: %v", err)
	}
	t.Cleanup(func() { _ = environment.Stop() })
	api.QPS, api.Burst = 1000, 2000
	c, err := client.NewWithWatch(api, client.Options{Scheme: offline.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	return &stage{t, environment, api, c}
}

// startOperator runs the controllers as cmd/main.go does.
func (s *stage) startOperator() {
	s.t.Helper()
	mgr, err := ctrl.NewManager(s.config, ctrl.Options{
		Scheme: offline.Scheme, Cache: controller.CacheOptions(), Client: controller.ClientOptions(),
		Metrics: metricsserver.Options{BindAddress: "0"}, Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	s.must(err)
	foreign, err := controller.NewForeignCache(mgr)
	s.must(err)
	s.must(controller.Setup(mgr, foreign, controller.Settings{Workers: 1, RcloneImage: "rclone:1"}))
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = mgr.Start(ctx)
	}()
	s.t.Cleanup(func() {
		cancel()
		<-ended
	})
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) create(o client.Object) {
	s.t.Helper()
	if _, isNode := o.(*corev1.Node); !isNode {
		o.SetNamespace("default")
	}
	s.must(s.client.Create(s.t.Context(), o))
}

func (s *stage) status(o client.Object) {
	s.t.Helper()
	s.must(s.client.Status().Update(s.t.Context(), o))
}

// eventually reads an object that Atoll makes.
func (s *stage) eventually(name string, o client.Object) {
	s.t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(s.t.Context(), 50*time.Millisecond, clusterTimeout, true, func(ctx context.Context) (bool, error) {
		last = s.client.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, o)
		return last == nil, nil
	})
	if err != nil {
		s.t.Fatal(errors.Join(last, err))
	}
}

func (s *stage) deployment(name string, labels map[string]string) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: "x:1"}}}},
	}}
}

func (s *stage) node(name string, cordoned bool) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{Unschedulable: cordoned}}
}

// become is what a node's kubelet, or its silence, would have the status say.
func (s *stage) become(node *corev1.Node, ready corev1.ConditionStatus) {
	s.t.Helper()
	s.must(s.client.Get(s.t.Context(), client.ObjectKeyFromObject(node), node))
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready, Reason: "NodeStatusUnknown", Message: "Kubelet stopped posting node status."}}
	s.status(node)
}

// run does for a service what a kubelet and the controllers of Kubernetes would: a
// pod of its Deployment runs on a node, and its budget counts it.
func (s *stage) run(service, node string, ready corev1.ConditionStatus) {
	s.t.Helper()
	d := &appsv1.Deployment{}
	s.eventually(service, d)
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: service + "-1", Labels: d.Spec.Template.Labels, OwnerReferences: []metav1.OwnerReference{
		{APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name, UID: d.UID, Controller: ptr.To(true)}}}}
	set.Spec = appsv1.ReplicaSetSpec{Selector: d.Spec.Selector, Template: d.Spec.Template}
	s.create(set)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: service + "-1-a", Labels: d.Spec.Template.Labels, OwnerReferences: []metav1.OwnerReference{
		{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: set.Name, UID: set.UID, Controller: ptr.To(true)}}}, Spec: *d.Spec.Template.Spec.DeepCopy()}
	pod.Spec.NodeName = node
	s.create(pod)
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
	s.status(pod)
	budget := &policyv1.PodDisruptionBudget{}
	s.eventually(service, budget)
	budget.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: budget.Generation, CurrentHealthy: 1, DesiredHealthy: 1, ExpectedPods: 2}
	s.status(budget)
}

// expect expects a fault to be named, as the root or beside it.
func (s *stage) expect(want staging) {
	s.t.Helper()
	var report *diagnosis.Report
	err := wait.PollUntilContextTimeout(s.t.Context(), 100*time.Millisecond, clusterTimeout, true, func(context.Context) (bool, error) {
		report = s.why(want.service)
		for _, f := range append([]*diagnosis.Finding{report.Root}, report.Also...) {
			if f != nil && f.Fault == want.fault && saysAll(f.Cause, want.says) {
				return true, nil
			}
		}
		return false, nil
	})
	if err == nil {
		return
	}
	text, _ := json.MarshalIndent(report, "", "  ")
	s.t.Errorf("why %s does not name %s with %q: %s", want.service, want.fault, want.says, text)
}

func saysAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

func (s *stage) why(service string) *diagnosis.Report {
	s.t.Helper()
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	p := &plugin{IOStreams: streams, flags: genericclioptions.NewConfigFlags(false), now: time.Now}
	p.flags.Namespace = ptr.To("default")
	p.connect = func() (client.WithWatch, error) { return s.client, nil }
	p.logs = func(context.Context, string, diagnosis.Log) (string, error) { return "", nil }
	command := newCommand(p)
	command.SetArgs([]string{"why", service, "-o", "json"})
	if code := exitCode(command.ExecuteContext(s.t.Context()), streams); code > 1 {
		s.t.Fatal(errOut.String())
	}
	report := &diagnosis.Report{}
	s.must(json.Unmarshal(out.Bytes(), report))
	return report
}
