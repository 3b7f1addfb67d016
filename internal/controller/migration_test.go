// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("Migration", func() {
	It("runs before the first pod, once for each image, and not for other changes", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		ran := migrations(ns)
		users := migrating(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseMigrated, metav1.ConditionFalse, v1alpha1.ReasonMigrating)).
			To(Equal(`The migration of image "example.com/users:1" waits for the database to accept connections`))
		Consistently(func() []string { return kinds(everythingIn(ctx, ns)) }, "500ms").ShouldNot(ContainElement(Or(HavePrefix("Deployment/"), HavePrefix("Job/"))))

		simulate(ns)
		eventuallyReady(ctx, users)
		Expect(ran.images()).To(Equal([]string{"example.com/users:1"}))
		Expect(condition(ctx, users, v1alpha1.ConditionDatabaseMigrated).Message).To(Equal(`The migration of image "example.com/users:1" is complete`))

		By("another number of pods, other resources and a new password")
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Scaling = &v1alpha1.Scaling{Replicas: new(int32(3))}
			ms.Spec.Probes = &v1alpha1.Probes{Path: "/healthz"}
		})
		rotate(ctx, users, "x")
		eventuallyHas(ctx, users, v1alpha1.ConditionCredentialsRotated, metav1.ConditionTrue, v1alpha1.ReasonRotated)
		eventuallyReady(ctx, users)
		Expect(ran.images()).To(HaveLen(1))

		By("a Job that somebody deleted, which does not run again")
		Expect(k8s.DeleteAllOf(ctx, &batchv1.Job{}, client.InNamespace(ns), client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
		settled(ns)
		Expect(ran.images()).To(HaveLen(1))

		By("a new image")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/users:2" })
		Eventually(ran.images).Should(Equal([]string{"example.com/users:1", "example.com/users:2"}))
		Eventually(func() string { return imageOf(ctx, ns) }).Should(Equal("example.com/users:2"))
		eventuallyReady(ctx, users)
		Eventually(func() []string { return kinds(everythingIn(ctx, ns)) }).Should(ContainElement(HavePrefix("Job/users-migrate-")))

		By("the image before it, whose migration runs again")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/users:1" })
		Eventually(ran.images).Should(HaveLen(3))
		eventuallyReady(ctx, users)
	}, SpecTimeout(suiteTimeout))

	It("that fails holds the rollout back, says why, and lets a corrected spec go on", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		ran := migrations(ns)
		simulate(ns)
		users := migrating(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)

		ran.fail("example.com/users:2")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/users:2" })
		eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseMigrated, metav1.ConditionFalse, v1alpha1.ReasonMigrationFailed)
		failedPod(ctx, ns, jobOf(ctx, ns, "example.com/users:2"), "adding column email\nERROR: no such table: people")
		Eventually(func() string { return conditionOf(ctx, users, v1alpha1.ConditionDatabaseMigrated).Message }).
			Should(And(HavePrefix(`The migration of image "example.com/users:2" failed, and the rollout waits`), ContainSubstring("Its output: adding column email\nERROR: no such table: people; to fix: correct image, env or database.migration")))
		eventuallyHas(ctx, users, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonMigrationFailed)
		eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonMigrationFailed)
		Consistently(func() string { return imageOf(ctx, ns) }, "500ms").Should(Equal("example.com/users:1"))

		By("the old version, which can still be scaled")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Scaling = &v1alpha1.Scaling{Replicas: new(int32(5))} })
		Eventually(func() int32 { return *get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas }).Should(BeEquivalentTo(5))
		Expect(imageOf(ctx, ns)).To(Equal("example.com/users:1"))

		By("the Job being deleted, which runs it again")
		Expect(k8s.Delete(ctx, jobOf(ctx, ns, "example.com/users:2"), client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
		Eventually(ran.images).Should(Equal([]string{"example.com/users:1", "example.com/users:2", "example.com/users:2"}))

		By("a corrected image")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/users:3" })
		eventuallyReady(ctx, users)
		Expect(imageOf(ctx, ns)).To(Equal("example.com/users:3"))
		Expect(condition(ctx, users, v1alpha1.ConditionStalled)).To(BeNil())
		Eventually(func() []batchv1.Job { return jobsIn(ctx, ns) }).Should(HaveLen(1))
	}, SpecTimeout(suiteTimeout))

	It("that runs is not broken off by a newer one, and one that can't start gives way", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		ran := migrations(ns)
		simulate(ns)
		users := migrating(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)

		ran.hold("example.com/users:2")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/users:2" })
		Eventually(ran.images).Should(HaveLen(2))
		second := jobOf(ctx, ns, "example.com/users:2")
		pod := podOf(ctx, ns, second, corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}})
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/users:3" })
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseMigrated, metav1.ConditionFalse, v1alpha1.ReasonMigrating)).
			To(ContainSubstring("runs an earlier migration; the migration of image"))
		settled(ns)
		Expect(get(ctx, &batchv1.Job{}, ns, second.Name).UID).To(Equal(second.UID))
		Expect(ran.images()).To(HaveLen(2))

		By("its image failing to be pulled, as of a pod that takes its place")
		pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "not found"}}
		Expect(k8s.Status().Update(ctx, pod)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(ran.images()).To(Equal([]string{"example.com/users:1", "example.com/users:2", "example.com/users:3"}))
		Expect(imageOf(ctx, ns)).To(Equal("example.com/users:3"))
	}, SpecTimeout(suiteTimeout))

	It("waits out a suspension, and comes before the first pod after it", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		ran := migrations(ns)
		simulate(ns)
		users := migrating(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = new(true) })
		Eventually(func() int32 { return *get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas }).Should(BeZero())
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/users:2" })
		settled(ns)
		Expect(ran.images()).To(HaveLen(1))
		ran.hold("example.com/users:2")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = nil })
		Eventually(ran.images).Should(HaveLen(2))
		Consistently(func() string { return imageOf(ctx, ns) }, "300ms").Should(Equal("example.com/users:1"))
		ran.release()
		eventuallyReady(ctx, users)
		Expect(imageOf(ctx, ns)).To(Equal("example.com/users:2"))
	}, SpecTimeout(suiteTimeout))

	It("that the operator is interrupted at runs once all the same, and before any new pod", func(ctx SpecContext) {
		// More writes than there are: the last ones are not reached.
		by := interruptedNamespaces(ctx, 6)
		simulate(slices.Collect(maps.Keys(by))...)
		ran := map[string]*migrationRuns{}
		var all []*v1alpha1.Microservice
		for ns := range by {
			ran[ns] = migrations(ns)
			users := migrating(ns)
			Expect(k8s.Create(ctx, users)).To(Succeed())
			all = append(all, users)
		}
		for _, users := range all {
			eventuallyReady(ctx, users)
		}
		for ns := range by {
			settled(ns)
		}
		inForce := interrupt(by)
		for _, users := range all {
			change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/users:2" })
		}
		Eventually(func(g Gomega) {
			for _, users := range all {
				c := condition(ctx, users, v1alpha1.ConditionReady)
				g.Expect(inForce.happened(users.Namespace) || c.Status == metav1.ConditionTrue && c.ObservedGeneration == users.Generation).To(BeTrue(), "%+v", by[users.Namespace])
			}
		}).Should(Succeed())
		reached := map[int]bool{}
		for ns, one := range by {
			if inForce.happened(ns) {
				reached[one.at] = true
			}
			if imageOf(ctx, ns) == "example.com/users:2" {
				Expect(ran[ns].images()).To(HaveLen(2), "%+v", one)
			}
		}
		Expect(len(reached)).To(BeNumerically(">=", 3), "the steps that were interrupted: %v", reached)

		inForce.lift()
		restartManager()
		for _, users := range all {
			eventuallyReady(ctx, users)
			Expect(imageOf(ctx, users.Namespace)).To(Equal("example.com/users:2"))
			Expect(ran[users.Namespace].images()).To(Equal([]string{"example.com/users:1", "example.com/users:2"}), "%+v", by[users.Namespace])
		}
	}, SpecTimeout(suiteTimeout))
})

// migrating is a Microservice with a database and a migration.
func migrating(ns string) *v1alpha1.Microservice {
	users := withDatabase(ns, v1alpha1.EnginePostgreSQL)
	users.Spec.Database.Migration = &v1alpha1.DatabaseMigration{Command: []string{"/users", "migrate"}}
	return users
}

// migrationRuns plays the migrations of a namespace.
type migrationRuns struct {
	mu      sync.Mutex
	started []string
	seen    map[string]bool
	failing string
	held    string
}

func migrations(ns string) *migrationRuns {
	m := &migrationRuns{seen: map[string]bool{}}
	runJobs(ns, m.run)
	return m
}

func (m *migrationRuns) run(job *batchv1.Job) jobOutcome {
	if !strings.Contains(job.Name, "-migrate-") {
		return jobSucceeds
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	image := job.Spec.Template.Spec.Containers[0].Image
	if !m.seen[string(job.UID)] {
		m.seen[string(job.UID)] = true
		m.started = append(m.started, image)
	}
	switch image {
	case m.failing:
		return jobFails
	case m.held:
		return jobRuns
	}
	return jobSucceeds
}

// images are those whose migrations were started, in order.
func (m *migrationRuns) images() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.started)
}

func (m *migrationRuns) fail(image string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failing = image
}

func (m *migrationRuns) hold(image string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = image
}

func (m *migrationRuns) release() { m.hold("") }

func imageOf(ctx context.Context, ns string) string {
	GinkgoHelper()
	return get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Template.Spec.Containers[0].Image
}

func jobsIn(ctx context.Context, ns string) []batchv1.Job {
	GinkgoHelper()
	list := &batchv1.JobList{}
	Expect(k8s.List(ctx, list, client.InNamespace(ns))).To(Succeed())
	return list.Items
}

func jobOf(ctx context.Context, ns, image string) *batchv1.Job {
	GinkgoHelper()
	for _, job := range jobsIn(ctx, ns) {
		if job.Spec.Template.Spec.Containers[0].Image == image {
			return &job
		}
	}
	Fail(fmt.Sprintf("no Job runs %s", image))
	return nil
}

// podOf makes a Job's pod whose container is in a state.
func podOf(ctx context.Context, ns string, job *batchv1.Job, state corev1.ContainerState) *corev1.Pod {
	GinkgoHelper()
	l := maps.Clone(job.Spec.Template.Labels)
	l[batchv1.JobNameLabel] = job.Name
	name := job.Spec.Template.Spec.Containers[0].Name
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: job.Name + "-", Namespace: ns, Labels: l,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: job.Spec.Template.Spec.Containers[0].Image}}},
	}
	Expect(k8s.Create(ctx, pod)).To(Succeed())
	pod.Status.Phase = corev1.PodRunning
	if state.Terminated != nil {
		pod.Status.Phase = corev1.PodSucceeded
		if state.Terminated.ExitCode != 0 {
			pod.Status.Phase = corev1.PodFailed
		}
	}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: name, State: state}}
	Expect(k8s.Status().Update(ctx, pod)).To(Succeed())
	return pod
}

// failedPod is a Job's pod that ended with some last words.
func failedPod(ctx context.Context, ns string, job *batchv1.Job, message string) {
	GinkgoHelper()
	podOf(ctx, ns, job, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Message: message, FinishedAt: metav1.Now()}})
}
