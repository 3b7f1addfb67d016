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
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// notes is a service that keeps notes in its database, and what was written to
// it through the gateway.
type notes struct {
	// spec is the service as it is made.
	spec *v1alpha1.Microservice
	// over makes a request over kept connections, or over a new one.
	over [2]*http.Client

	mu sync.Mutex
	// written are the notes that the service acknowledged.
	written map[string]string
}

// summary is what the service tells of all its notes.
type summary struct {
	Count  int    `json:"count"`
	Digest string `json:"digest"`
}

// newNotes describes a service of the topology that makeNotesTopology makes.
func newNotes(ns, name string, engine v1alpha1.DatabaseEngine) *notes {
	ms := &v1alpha1.Microservice{Spec: v1alpha1.MicroserviceSpec{
		TopologyRef: &v1alpha1.TopologyReference{Name: "notes"},
		Image:       images["notes"],
		Args:        []string{"serve"},
		Ports:       []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 8080}},
		Probes: &v1alpha1.Probes{Path: "/healthz", Readiness: &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/readyz", Port: intstr.FromString("http")}},
			PeriodSeconds: 1,
		}},
		Database: &v1alpha1.Database{
			Engine:    engine,
			Storage:   &v1alpha1.DatabaseStorage{Size: "200Mi"},
			Resources: &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("20m")}},
			Migration: &v1alpha1.DatabaseMigration{Command: []string{"/notes", "migrate"}},
		},
		Routes: []v1alpha1.Route{{Path: "/" + name, Rewrite: "/"}},
	}}
	ms.Namespace, ms.Name = ns, name
	return &notes{
		spec: ms, written: map[string]string{},
		over: [2]*http.Client{newConnections(false), newConnections(true)},
	}
}

func newConnections(always bool) *http.Client {
	return &http.Client{Timeout: requestTimeout, Transport: &http.Transport{DisableKeepAlives: always, MaxIdleConnsPerHost: loadWorkers}}
}

// onePerEngine describes a service for each engine, named after it.
func onePerEngine(ns, suffix string) []*notes {
	all := make([]*notes, len(engines))
	for i, engine := range engines {
		all[i] = newNotes(ns, strings.ToLower(string(engine))+suffix, engine)
	}
	return all
}

// makeNotesTopology makes a namespace with a Topology that has a gateway.
func makeNotesTopology(ctx context.Context, ns string) {
	GinkgoHelper()
	Expect(images).To(HaveKey("notes"), "IMAGES lacks notes: run it with make test-e2e")
	makeNamespace(ctx, ns)
	topology := &v1alpha1.Topology{Spec: v1alpha1.TopologySpec{Gateway: &v1alpha1.TopologyGateway{
		ClassName: "traefik", Hostnames: []v1alpha1.Hostname{v1alpha1.Hostname(hostOf(ns))},
	}}}
	if class := os.Getenv("GATEWAY_CLASS"); class != "" {
		topology.Spec.Gateway.ClassName = class
	}
	topology.Namespace, topology.Name = ns, "notes"
	Expect(k8s.Create(ctx, topology)).To(Succeed())
}

func hostOf(ns string) string { return ns + ".localhost" }

// each does something to all services at once, and fails when it failed for one.
func each[T any](all []T, f func(n T)) {
	GinkgoHelper()
	var working sync.WaitGroup
	var succeeded atomic.Int32
	for _, n := range all {
		working.Go(func() {
			defer GinkgoRecover()
			f(n)
			succeeded.Add(1)
		})
	}
	working.Wait()
	Expect(succeeded.Load()).To(BeEquivalentTo(len(all)))
}

func (n *notes) name() string { return n.spec.Name }

// live is the service's Microservice, to be read.
func (n *notes) live() *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{}
	ms.Namespace, ms.Name = n.spec.Namespace, n.spec.Name
	return ms
}

// inNamespace is an object beside the service, to be read or deleted.
func inNamespace[T client.Object](n *notes, name string, o T) T {
	o.SetNamespace(n.spec.Namespace)
	o.SetName(name)
	return o
}

// start makes the service and waits until it answers through the gateway.
func (n *notes) start(ctx context.Context) {
	GinkgoHelper()
	Expect(k8s.Create(ctx, n.spec.DeepCopy())).To(Succeed())
	n.eventuallyServes(ctx)
}

// eventuallyServes waits until the service is Ready, and for the gateway, which
// takes a moment to learn of pods.
func (n *notes) eventuallyServes(ctx context.Context) {
	GinkgoHelper()
	eventuallyReady(ctx, n.live())
	Eventually(ctx, n.sum).MustPassRepeatedly(3).Should(HaveField("Digest", Not(BeEmpty())), n.name())
}

// pods are those of one of the service's components.
func (n *notes) pods(ctx context.Context, component string) ([]corev1.Pod, error) {
	pods := &corev1.PodList{}
	err := k8s.List(ctx, pods, client.InNamespace(n.spec.Namespace),
		client.MatchingLabels{v1alpha1.LabelMicroservice: n.name(), v1alpha1.LabelComponent: component})
	return pods.Items, err
}

// write writes so many new notes.
func (n *notes) write(ctx context.Context, count int) {
	GinkgoHelper()
	for range count {
		n.mu.Lock()
		key := fmt.Sprintf("note-%d", len(n.written))
		n.mu.Unlock()
		Expect(n.put(ctx, n.over[0], key, "written to "+n.name()+" as "+key)).To(Succeed(), n.name())
	}
}

func (n *notes) put(ctx context.Context, over *http.Client, key, value string) error {
	if _, err := n.call(ctx, over, http.MethodPut, "/notes/"+key, value); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.written[key] = value
	return nil
}

// sum is what the service tells of all notes.
func (n *notes) sum(ctx context.Context) (summary, error) {
	var s summary
	body, err := n.call(ctx, n.over[0], http.MethodGet, "/notes", "")
	if err == nil {
		err = json.Unmarshal([]byte(body), &s)
	}
	return s, err
}

// user is the one as whom the service logs in at its database.
func (n *notes) user(ctx context.Context) string {
	GinkgoHelper()
	var who struct {
		User string `json:"user"`
	}
	body, err := n.call(ctx, n.over[0], http.MethodGet, "/whoami", "")
	Expect(err).NotTo(HaveOccurred(), n.name())
	Expect(json.Unmarshal([]byte(body), &who)).To(Succeed())
	return who.User
}

// expected sums up what was written as the service does.
func (n *notes) expected() summary {
	n.mu.Lock()
	defer n.mu.Unlock()
	hash := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(n.written)) {
		fmt.Fprintf(hash, "%s=%s\n", key, n.written[key])
	}
	return summary{len(n.written), hex.EncodeToString(hash.Sum(nil))}
}

// expectKept expects every note to be there as it was written, and no other.
func (n *notes) expectKept(ctx context.Context) {
	GinkgoHelper()
	found, err := n.sum(ctx)
	Expect(err).NotTo(HaveOccurred(), n.name())
	Expect(found).To(Equal(n.expected()), n.name())
}

// call makes a request through the gateway. It is not tried again.
func (n *notes) call(ctx context.Context, over *http.Client, method, path, body string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, gatewayURL+"/"+n.name()+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Host = hostOf(n.spec.Namespace)
	response, err := over.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s: %s: %s", method, request.URL.Path, response.Status, text)
	}
	return string(text), err
}

// beTrueFor matches a condition that is True for a reason.
func beTrueFor(reason string) types.GomegaMatcher {
	return And(HaveField("Status", metav1.ConditionTrue), HaveField("Reason", reason))
}
