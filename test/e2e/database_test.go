//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/test/shop"
)

var _ = Describe("The database of a service", func() {
	DescribeTable("keeps every acknowledged row when its pod is", func(ctx SpecContext, remove func(context.Context, *corev1.Pod)) {
		eventuallyShopReady(ctx)
		pod := &corev1.Pod{}
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "users-db-0"}, pod)).To(Succeed())

		// Writes continue while the pod is replaced. Every acknowledged row must survive.
		writer := startWriting(ctx)
		Eventually(ctx, writer.count).Should(BeNumerically(">=", 20))
		remove(ctx, pod)
		eventuallyReplaced(ctx, pod)
		eventuallyShopReady(ctx)
		more := writer.count() + 20
		Eventually(ctx, writer.count).Should(BeNumerically(">=", more), "users did not resume writing")

		written, failed := writer.stop()
		expectRows(ctx, written)
		AddReportEntry("rows", fmt.Sprintf("%d acknowledged and kept, %d writes failed", len(written), failed))
	},
		Entry("deleted", SpecTimeout(specTimeout), deletePod),
		Entry("force-deleted", SpecTimeout(specTimeout), forceDelete),
	)

	It("locks its data directory against a second server", func(ctx SpecContext) {
		eventuallyShopReady(ctx)
		lock := exec.CommandContext(ctx, "kubectl", "-n", namespace, "exec", "users-db-0", "--",
			"flock", "--nonblock", "--conflict-exit-code", "42", "/var/lib/postgresql/.atoll-lock", "true")
		out, err := lock.CombinedOutput()
		var exit *exec.ExitError
		Expect(errors.As(err, &exit)).To(BeTrue(), string(out))
		Expect(exit.ExitCode()).To(Equal(42), string(out))
	}, SpecTimeout(specTimeout))

	It("keeps its rows and password when the Microservice is deleted and recreated", func(ctx SpecContext) {
		eventuallyShopReady(ctx)
		written := map[string]shop.User{}
		for range 20 {
			user := createUser(ctx)
			written[user.ID] = user
		}
		secret, claim := &corev1.Secret{}, &corev1.PersistentVolumeClaim{}
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "users-db"}, secret)).To(Succeed())
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "data-users-db-0"}, claim)).To(Succeed())

		By("deleting the Microservice")
		Expect(k8s.Delete(ctx, shopMember("users"))).To(Succeed())
		eventuallyHas(ctx, shopMember("orders"), v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotFound)
		for _, o := range []client.Object{
			&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "users"}},
			&appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "users-db"}},
			&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "users-db-0"}},
		} {
			eventuallyGone(ctx, o)
		}

		By("recreating the Microservice")
		Expect(k8s.Create(ctx, sampleService("users"))).To(Succeed())
		eventuallyShopReady(ctx)
		expectRows(ctx, written)
		currentSecret, currentClaim := &corev1.Secret{}, &corev1.PersistentVolumeClaim{}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(secret), currentSecret)).To(Succeed())
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(claim), currentClaim)).To(Succeed())
		Expect(currentSecret.UID).To(Equal(secret.UID))
		Expect(currentSecret.Data["password"]).To(Equal(secret.Data["password"]))
		Expect(currentClaim.UID).To(Equal(claim.UID))
	}, SpecTimeout(specTimeout))
})

// writeInterval is the time between two writes.
const writeInterval = 50 * time.Millisecond

// writer creates users one at a time and records the acknowledged ones.
type writer struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	written map[string]shop.User
	failed  int
}

func startWriting(ctx context.Context) *writer {
	ctx, cancel := context.WithCancel(ctx)
	w := &writer{cancel: cancel, done: make(chan struct{}), written: map[string]shop.User{}}
	DeferCleanup(cancel)
	go func() {
		defer close(w.done)
		tick := time.NewTicker(writeInterval)
		defer tick.Stop()
		for range tick.C {
			if ctx.Err() != nil {
				return
			}
			user, err := shopClient.CreateUser(ctx, newUser())
			w.mu.Lock()
			if err == nil {
				w.written[user.ID] = user
			} else {
				w.failed++
			}
			w.mu.Unlock()
		}
	}()
	return w
}

func (w *writer) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.written)
}

// stop ends the writes and returns the acknowledged users and the number of failed writes.
func (w *writer) stop() (written map[string]shop.User, failed int) {
	w.cancel()
	<-w.done
	return w.written, w.failed
}

// expectRows expects every user to exist as acknowledged.
func expectRows(ctx context.Context, written map[string]shop.User) {
	GinkgoHelper()
	found := map[string]shop.User{}
	for id := range maps.Keys(written) {
		user, err := shopClient.User(ctx, id)
		Expect(err).NotTo(HaveOccurred())
		found[id] = user
	}
	Expect(found).To(Equal(written))
}
