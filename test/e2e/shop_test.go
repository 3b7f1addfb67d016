//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/test/shop"
)

// services lists the members of the sample topology.
var services = []string{"users", "orders", "payments"}

func sampleTopology() *v1alpha1.Topology {
	GinkgoHelper()
	topology := readSample("topology", &v1alpha1.Topology{})
	topology.Spec.Gateway.Hostnames = []v1alpha1.Hostname{hostname}
	if class := gatewayClass(topology.Spec.Gateway.ClassName); class != topology.Spec.Gateway.ClassName {
		// The pods of another class run in another namespace.
		topology.Spec.Gateway.ClassName, topology.Spec.Gateway.DataPlane = class, nil
	}
	return topology
}

// gatewayClass returns GATEWAY_CLASS, or the default when it is unset.
func gatewayClass(defaultClass string) string {
	return cmp.Or(os.Getenv("GATEWAY_CLASS"), defaultClass)
}

func sampleService(name string) *v1alpha1.Microservice {
	GinkgoHelper()
	ms := readSample(name, &v1alpha1.Microservice{})
	ms.Spec.Image = images[name]
	return ms
}

// standalone describes the users service without a Topology, database or route.
func standalone(ns, name string) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{Spec: v1alpha1.MicroserviceSpec{Image: images["users"]}}
	ms.Namespace, ms.Name = ns, name
	return ms
}

// readSample reads an object of config/samples into the suite's namespace.
func readSample[T client.Object](name string, into T) T {
	GinkgoHelper()
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", name+".yaml"))
	Expect(err).NotTo(HaveOccurred())
	Expect(yaml.UnmarshalStrict(text, into)).To(Succeed(), "sample %s", name)
	into.SetNamespace(namespace)
	return into
}

// eventuallyShopReady waits until the Topology and all members are Ready.
func eventuallyShopReady(ctx context.Context) {
	GinkgoHelper()
	for _, name := range services {
		eventuallyReady(ctx, shopMember(name))
	}
	topology := &v1alpha1.Topology{}
	topology.Namespace, topology.Name = namespace, "shop"
	eventuallyReady(ctx, topology)
	Expect(shopClient.WaitUntilReachable(ctx)).To(Succeed())
	// Endpoints are updated shortly after a pod becomes ready.
	user := createUser(ctx)
	Eventually(ctx, func() error {
		_, err := shopClient.CreateOrder(ctx, newOrder(user))
		return err
	}).WithTimeout(20*time.Second).Should(Succeed(), "orders does not reach users")
}

// newShopClient returns a client of the shop that uses the gateway.
func newShopClient(disableKeepAlives bool) *shop.Client {
	return &shop.Client{BaseURL: gatewayURL, Host: hostname, HTTP: newHTTPClient(disableKeepAlives)}
}

// newHTTPClient returns a client that reuses connections or opens one per request.
func newHTTPClient(disableKeepAlives bool) *http.Client {
	return &http.Client{
		Timeout:   requestTimeout,
		Transport: &http.Transport{DisableKeepAlives: disableKeepAlives, MaxIdleConnsPerHost: loadWorkers},
	}
}

var emails atomic.Int64

// newUser returns a user with a unique email address.
func newUser() shop.User {
	return shop.User{Name: "Ada", Email: fmt.Sprintf("ada-%d@example.com", emails.Add(1))}
}

func newOrder(user shop.User) shop.Order {
	return shop.Order{UserID: user.ID, Currency: "EUR", Items: []shop.Item{{SKU: "coral", Quantity: 2, UnitPriceCents: 1250}}}
}

func createUser(ctx context.Context) shop.User {
	GinkgoHelper()
	user, err := shopClient.CreateUser(ctx, newUser())
	Expect(err).NotTo(HaveOccurred())
	return user
}

func createOrder(ctx context.Context, user shop.User) shop.Order {
	GinkgoHelper()
	order, err := shopClient.CreateOrder(ctx, newOrder(user))
	Expect(err).NotTo(HaveOccurred())
	return order
}
