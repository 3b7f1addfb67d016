//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// relayInterval is the time between two requests to a relay, which gives 10 a second.
const relayInterval = 100 * time.Millisecond

var (
	relayHTTP = v1alpha1.Port{Name: "http", Port: 80, TargetPort: 8080}
	relayGRPC = v1alpha1.Port{Name: "grpc", Port: 81, TargetPort: 9000, Protocol: v1alpha1.ProtocolGRPC}
)

// newRelay describes a service in the Topology of createNotesTopology. For each request it
// calls the services that it is given, by gRPC.
func newRelay(ns, name string, port v1alpha1.Port, callees ...string) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{Spec: v1alpha1.MicroserviceSpec{
		TopologyRef: &v1alpha1.TopologyReference{Name: "notes"},
		Image:       images["notes"],
		Args:        []string{"relay"},
		Ports:       []v1alpha1.Port{port},
	}}
	ms.Namespace, ms.Name = ns, name
	var to []string
	for _, callee := range callees {
		ms.Spec.Dependencies = append(ms.Spec.Dependencies, v1alpha1.Dependency{Name: callee})
		to = append(to, "$("+strings.ToUpper(callee)+"_URL)")
	}
	if len(to) > 0 {
		ms.Spec.Env = []corev1.EnvVar{{Name: "RELAY_TO", Value: strings.Join(to, ",")}}
	}
	if port.Name == relayHTTP.Name {
		ms.Spec.Probes = &v1alpha1.Probes{Path: "/healthz"}
		ms.Spec.Routes = []v1alpha1.Route{{Path: "/" + name, Rewrite: "/"}}
	}
	return ms
}

// askRelay sends one request to a relay through the gateway. It returns the pods that
// answered the relay's calls, by their URL.
func askRelay(ctx context.Context, httpClient *http.Client, ms *v1alpha1.Microservice) (map[string]string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, gatewayURL+"/"+ms.Name+"/relay", http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Host = hostnameFor(ms.Namespace)
	response, err := httpClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return nil, err
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: %s", response.Status, text)
	}
	var pods map[string]string
	return pods, json.Unmarshal(text, &pods)
}

// relayLoad is a steady stream of requests to a relay. No request is retried.
type relayLoad struct {
	cancel   context.CancelFunc
	inFlight sync.WaitGroup

	mu       sync.Mutex
	requests int
	failures []string
	// answers counts the answers by pod.
	answers map[string]int
}

func startRelayLoad(ctx context.Context, ms *v1alpha1.Microservice) *relayLoad {
	limited, cancel := context.WithCancel(ctx)
	l := &relayLoad{cancel: cancel, answers: map[string]int{}}
	DeferCleanup(cancel)
	clients := [2]*http.Client{newHTTPClient(false), newHTTPClient(true)}
	runAtPace(limited, &l.inFlight, relayInterval, func(n int) {
		pods, err := askRelay(ctx, clients[n%2], ms)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.requests++
		if err != nil {
			l.failures = append(l.failures, fmt.Sprintf("%s: %s", time.Now().Format(time.TimeOnly), err))
		}
		for _, pod := range pods {
			l.answers[pod]++
		}
	})
	return l
}

// take returns what was counted since the last call.
func (l *relayLoad) take() (requests int, failures []string, answers map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	requests, failures, answers = l.requests, l.failures, l.answers
	l.requests, l.failures, l.answers = 0, nil, map[string]int{}
	return requests, failures, answers
}

// expectNoFailures expects that no request has failed since the last count.
func (l *relayLoad) expectNoFailures() {
	GinkgoHelper()
	requests, failures, _ := l.take()
	Expect(failures).To(BeEmpty(), "%d of %d requests failed", len(failures), requests)
}

// stop ends the load and waits for the requests in flight.
func (l *relayLoad) stop() {
	l.cancel()
	l.inFlight.Wait()
}

// eventuallyHasPods waits until a service is Ready and has exactly that many pods.
func eventuallyHasPods(ctx context.Context, ms *v1alpha1.Microservice, replicas int) {
	GinkgoHelper()
	eventuallyReady(ctx, ms)
	Eventually(ctx, func() ([]corev1.Pod, error) { return podsOf(ctx, ms, v1alpha1.ComponentService) }).Should(HaveLen(replicas))
}

func createAll(ctx context.Context, all ...*v1alpha1.Microservice) {
	GinkgoHelper()
	for _, ms := range all {
		Expect(k8s.Create(ctx, ms)).To(Succeed())
	}
	for _, ms := range all {
		eventuallyReady(ctx, ms)
	}
}

var _ = Describe("A gRPC service", func() {
	const ns = "grpc"

	It("has its calls balanced over its pods, also after it is scaled out under load", func(ctx SpecContext) {
		createNotesTopology(ctx, ns)
		stock, front := newRelay(ns, "stock", relayGRPC), newRelay(ns, "front", relayHTTP, "stock")
		stock.Spec.Scaling = &v1alpha1.Scaling{Replicas: ptr.To[int32](1)}
		createAll(ctx, stock, front)
		Eventually(ctx, func() error { _, err := askRelay(ctx, newHTTPClient(true), front); return err }).MustPassRepeatedly(3).Should(Succeed())

		load := startRelayLoad(ctx, front)
		setReplicas(ctx, stock, 3)
		eventuallyHasPods(ctx, stock, 3)
		eventuallyBalanced(ctx, load, 3)

		By("rolling it out")
		startRollout(ctx, stock, "grpc")
		eventuallyRolledOut(ctx, stock, "grpc", 3)
		eventuallyBalanced(ctx, load, 3)
		load.stop()
	}, SpecTimeout(specTimeout))
})

// eventuallyBalanced waits until each of the pods answers between 90 and 110 percent of its
// share of 300 calls in a row. No call may have failed before, nor fail meanwhile.
func eventuallyBalanced(ctx context.Context, load *relayLoad, pods int) {
	GinkgoHelper()
	load.expectNoFailures()
	for deadline := time.Now().Add(3 * time.Minute); ; {
		requests, failures, answers := 0, []string(nil), map[string]int{}
		Eventually(ctx, func() int {
			n, failed, by := load.take()
			requests, failures = requests+n, append(failures, failed...)
			for pod, count := range by {
				answers[pod] += count
			}
			return requests
		}, time.Minute).Should(BeNumerically(">=", 300))
		Expect(failures).To(BeEmpty())
		balanced := len(answers) == pods
		for _, count := range answers {
			share := float64(count) * float64(pods) / float64(requests)
			balanced = balanced && share >= 0.9 && share <= 1.1
		}
		AddReportEntry("calls by pod", fmt.Sprintf("%v", answers))
		if balanced {
			return
		}
		Expect(time.Now()).To(BeTemporally("<", deadline), "the calls are not balanced: %v", answers)
	}
}

// step counts the failed requests of a load while something is done.
func (l *relayLoad) step(name string, do func()) (failed int) {
	GinkgoHelper()
	l.expectNoFailures()
	do()
	requests, failures, _ := l.take()
	Expect(requests).NotTo(BeZero(), "there was no load")
	AddReportEntry(name, fmt.Sprintf("%d of %d requests failed %s", len(failures), requests, strings.Join(failures[:min(len(failures), 3)], "; ")))
	return len(failures)
}

var _ = Describe("A topology of eleven services", Label("topology"), Ordered, func() {
	const ns = "boutique"
	var (
		load *relayLoad
		by   = map[string]*v1alpha1.Microservice{}
	)

	// The services call each other as those of Online Boutique do.
	BeforeAll(func(ctx SpecContext) {
		createNotesTopology(ctx, ns)
		for _, ms := range []*v1alpha1.Microservice{
			newRelay(ns, "frontend", relayHTTP, "ad", "recommendation", "catalog", "cart", "checkout", "shipping", "currency"),
			newRelay(ns, "ad", relayGRPC),
			newRelay(ns, "recommendation", relayGRPC, "catalog"),
			newRelay(ns, "catalog", relayGRPC),
			newRelay(ns, "cart", relayGRPC),
			newRelay(ns, "checkout", relayGRPC, "cart", "currency", "email", "payment", "catalog", "shipping"),
			newRelay(ns, "currency", relayGRPC),
			newRelay(ns, "email", relayGRPC),
			newRelay(ns, "payment", relayGRPC),
			newRelay(ns, "shipping", relayGRPC),
			newRelay(ns, "visitor", relayHTTP, "frontend"),
		} {
			by[ms.Name] = ms
		}
		by["cart"].Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EngineValkey, Storage: &v1alpha1.DatabaseStorage{Size: "100Mi"}}
		createAll(ctx, by["frontend"], by["ad"], by["recommendation"], by["catalog"], by["cart"], by["checkout"], by["currency"],
			by["email"], by["payment"], by["shipping"], by["visitor"])
		Eventually(ctx, func() error { _, err := askRelay(ctx, newHTTPClient(true), by["visitor"]); return err }).MustPassRepeatedly(5).Should(Succeed())
		// The load outlives this node.
		load = startRelayLoad(context.WithoutCancel(ctx), by["visitor"])
	}, NodeTimeout(specTimeout))

	AfterAll(func() {
		if load != nil {
			load.stop()
		}
	})

	// recovers waits until requests succeed again.
	recovers := func(ctx context.Context) {
		GinkgoHelper()
		Eventually(ctx, func() error { _, err := askRelay(ctx, newHTTPClient(true), by["visitor"]); return err }).MustPassRepeatedly(10).Should(Succeed())
	}

	It("loses no request while one of them rolls out", func(ctx SpecContext) {
		Expect(load.step("roll", func() {
			update(ctx, by["catalog"], func(ms *v1alpha1.Microservice) {
				ms.Spec.Env = append(ms.Spec.Env, corev1.EnvVar{Name: rolloutVariable, Value: "roll"})
			})
			eventuallyRolledOut(ctx, by["catalog"], "roll", 2)
		})).To(BeZero())
	}, SpecTimeout(specTimeout))

	It("loses no request while one of them is scaled", func(ctx SpecContext) {
		Expect(load.step("scale", func() {
			setReplicas(ctx, by["checkout"], 3)
			eventuallyHasPods(ctx, by["checkout"], 3)
			setReplicas(ctx, by["checkout"], 2)
			eventuallyHasPods(ctx, by["checkout"], 2)
		})).To(BeZero())
	}, SpecTimeout(specTimeout))

	It("loses no request while a default of the Topology changes", func(ctx SpecContext) {
		topology := &v1alpha1.Topology{}
		topology.Namespace, topology.Name = ns, "notes"
		Expect(load.step("default", func() {
			update(ctx, topology, func(topology *v1alpha1.Topology) {
				topology.Spec.Defaults = &v1alpha1.TopologyDefaults{Env: []corev1.EnvVar{{Name: "LOG_LEVEL", Value: "debug"}}}
			})
			for _, ms := range by {
				Eventually(ctx, func(g Gomega) {
					pods, err := podsOf(ctx, ms, v1alpha1.ComponentService)
					g.Expect(err).NotTo(HaveOccurred())
					g.Expect(pods).To(HaveLen(2))
					for i := range pods {
						g.Expect(pods[i].Spec.Containers[0].Env).To(ContainElement(HaveField("Name", "LOG_LEVEL")), ms.Name)
					}
				}).Should(Succeed())
			}
		})).To(BeZero())
	}, SpecTimeout(specTimeout))

	It("loses no request while a broken release of one of them is held", func(ctx SpecContext) {
		Expect(load.step("broken", func() {
			update(ctx, by["payment"], func(ms *v1alpha1.Microservice) { ms.Spec.Args = []string{"broken"} })
			Eventually(ctx, func() ([]corev1.Pod, error) { return podsOf(ctx, by["payment"], v1alpha1.ComponentService) }).Should(
				ContainElement(HaveField("Status.ContainerStatuses", ContainElement(HaveField("RestartCount", BeNumerically(">=", 2))))))
			update(ctx, by["payment"], func(ms *v1alpha1.Microservice) { ms.Spec.Args = []string{"relay"} })
			eventuallyReady(ctx, by["payment"])
		})).To(BeZero())
	}, SpecTimeout(specTimeout))

	It("serves again after a pod is killed, and after a service was suspended", func(ctx SpecContext) {
		load.step("kill", func() {
			pods, err := podsOf(ctx, by["currency"], v1alpha1.ComponentService)
			Expect(err).NotTo(HaveOccurred())
			forceDelete(ctx, &pods[0])
			eventuallyGone(ctx, &pods[0])
			eventuallyHasPods(ctx, by["currency"], 2)
			recovers(ctx)
		})
		Expect(load.step("suspend", func() {
			update(ctx, by["ad"], func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = ptr.To(true) })
			Eventually(ctx, func() ([]corev1.Pod, error) { return podsOf(ctx, by["ad"], v1alpha1.ComponentService) }).Should(BeEmpty())
			update(ctx, by["ad"], func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = nil })
			eventuallyReady(ctx, by["ad"])
			recovers(ctx)
		})).NotTo(BeZero(), "a request without one of its services must fail")
	}, SpecTimeout(specTimeout))
})
