//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

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

// notesService is a service that stores notes in its database, and the notes that
// the test wrote through the gateway.
type notesService struct {
	// spec is the Microservice as the test creates it.
	spec *v1alpha1.Microservice
	// clients are one with keep-alive and one that opens a connection per request.
	clients [2]*http.Client

	mu sync.Mutex
	// written holds the notes that the service acknowledged.
	written map[string]string
}

// summary is the service's summary of all its notes.
type summary struct {
	Count  int    `json:"count"`
	Digest string `json:"digest"`
}

// newNotes describes a service in the Topology of createNotesTopology.
func newNotes(ns, name string, engine v1alpha1.DatabaseEngine) *notesService {
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
	return &notesService{
		spec: ms, written: map[string]string{},
		clients: [2]*http.Client{newHTTPClient(false), newHTTPClient(true)},
	}
}

// onePerEngine describes one service for each engine and names it after the engine.
func onePerEngine(ns, suffix string) []*notesService {
	all := make([]*notesService, len(engines))
	for i, engine := range engines {
		all[i] = newNotes(ns, strings.ToLower(string(engine))+suffix, engine)
	}
	return all
}

// createNotesTopology creates a namespace with a Topology that has a gateway.
func createNotesTopology(ctx context.Context, ns string) {
	GinkgoHelper()
	Expect(images).To(HaveKey("notes"), "IMAGES lacks notes; run make test-e2e")
	createNamespace(ctx, ns)
	topology := &v1alpha1.Topology{Spec: v1alpha1.TopologySpec{Gateway: &v1alpha1.TopologyGateway{
		ClassName: gatewayClass("traefik"), Hostnames: []v1alpha1.Hostname{v1alpha1.Hostname(hostnameFor(ns))},
	}}}
	topology.Namespace, topology.Name = ns, "notes"
	Expect(k8s.Create(ctx, topology)).To(Succeed())
}

func hostnameFor(ns string) string { return ns + ".localhost" }

// forEachParallel calls f for all services in parallel and fails when one call fails.
func forEachParallel[T any](all []T, f func(n T)) {
	GinkgoHelper()
	var running sync.WaitGroup
	var succeeded atomic.Int32
	for _, n := range all {
		running.Go(func() {
			defer GinkgoRecover()
			f(n)
			succeeded.Add(1)
		})
	}
	running.Wait()
	Expect(succeeded.Load()).To(BeEquivalentTo(len(all)))
}

func (n *notesService) name() string { return n.spec.Name }

// key returns an empty Microservice with the service's namespace and name.
func (n *notesService) key() *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{}
	ms.Namespace, ms.Name = n.spec.Namespace, n.spec.Name
	return ms
}

// withKey sets an object's name, and its namespace to the service's.
func withKey[T client.Object](n *notesService, name string, o T) T {
	o.SetNamespace(n.spec.Namespace)
	o.SetName(name)
	return o
}

// start creates the Microservice and waits until it responds through the gateway.
func (n *notesService) start(ctx context.Context) {
	GinkgoHelper()
	Expect(k8s.Create(ctx, n.spec.DeepCopy())).To(Succeed())
	n.eventuallyServes(ctx)
}

// eventuallyServes waits until the service is Ready and responds through the
// gateway, which learns about new pods with a delay.
func (n *notesService) eventuallyServes(ctx context.Context) {
	GinkgoHelper()
	eventuallyReady(ctx, n.key())
	Eventually(ctx, n.readSummary).MustPassRepeatedly(3).Should(HaveField("Digest", Not(BeEmpty())), n.name())
}

// pods lists the pods of one component of the service.
func (n *notesService) pods(ctx context.Context, component string) ([]corev1.Pod, error) {
	return podsOf(ctx, n.key(), component)
}

// write writes count new notes.
func (n *notesService) write(ctx context.Context, count int) {
	GinkgoHelper()
	for range count {
		n.mu.Lock()
		key := fmt.Sprintf("note-%d", len(n.written))
		n.mu.Unlock()
		Expect(n.put(ctx, n.clients[0], key, "written to "+n.name()+" as "+key)).To(Succeed(), n.name())
	}
}

// put writes one note and records it once the service acknowledges it.
func (n *notesService) put(ctx context.Context, httpClient *http.Client, key, value string) error {
	if _, err := n.call(ctx, httpClient, http.MethodPut, "/notes/"+key, value); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.written[key] = value
	return nil
}

// readSummary reads the service's summary of all notes.
func (n *notesService) readSummary(ctx context.Context) (summary, error) {
	var read summary
	body, err := n.call(ctx, n.clients[0], http.MethodGet, "/notes", "")
	if err == nil {
		err = json.Unmarshal([]byte(body), &read)
	}
	return read, err
}

// databaseUser returns the user that the service logs in to its database as.
func (n *notesService) databaseUser(ctx context.Context) string {
	GinkgoHelper()
	var login struct {
		User string `json:"user"`
	}
	body, err := n.call(ctx, n.clients[0], http.MethodGet, "/whoami", "")
	Expect(err).NotTo(HaveOccurred(), n.name())
	Expect(json.Unmarshal([]byte(body), &login)).To(Succeed())
	return login.User
}

// wantSummary computes the summary of all written notes as the service does.
func (n *notesService) wantSummary() summary {
	n.mu.Lock()
	defer n.mu.Unlock()
	hash := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(n.written)) {
		fmt.Fprintf(hash, "%s=%s\n", key, n.written[key])
	}
	return summary{len(n.written), hex.EncodeToString(hash.Sum(nil))}
}

// expectKept expects the service to hold exactly the written notes.
func (n *notesService) expectKept(ctx context.Context) {
	GinkgoHelper()
	found, err := n.readSummary(ctx)
	Expect(err).NotTo(HaveOccurred(), n.name())
	Expect(found).To(Equal(n.wantSummary()), n.name())
}

// call sends a request through the gateway, without retries.
func (n *notesService) call(ctx context.Context, httpClient *http.Client, method, path, body string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, gatewayURL+"/"+n.name()+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Host = hostnameFor(n.spec.Namespace)
	response, err := httpClient.Do(request)
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

// beTrueFor matches a condition that is True with a reason.
func beTrueFor(reason string) types.GomegaMatcher {
	return And(HaveField("Status", metav1.ConditionTrue), HaveField("Reason", reason))
}
