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
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

var _ = Describe("Rotation", func() {
	It("gives the other user a new password, rolls the pods, then makes the old one useless", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		server := serve(ctx, ns)
		simulate(ns)
		users := withDatabase(ns, v1alpha1.EnginePostgreSQL)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(condition(ctx, users, v1alpha1.ConditionCredentialsRotated)).To(BeNil())
		before := get(ctx, &corev1.Secret{}, ns, "users-db")
		template := get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Template

		rotate(ctx, users, "first")
		eventuallyHas(ctx, users, v1alpha1.ConditionCredentialsRotated, metav1.ConditionTrue, v1alpha1.ReasonRotated)
		after := get(ctx, &corev1.Secret{}, ns, "users-db")
		Expect(string(before.Data["username"])).To(Equal("users_a"))
		Expect(string(after.Data["username"])).To(Equal("users_b"))
		Expect(after.Data["password"]).NotTo(Equal(before.Data["password"]))
		Expect(string(after.Data["uri"])).To(ContainSubstring("users_b:" + string(after.Data["password"])))
		Expect(get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Template.Annotations).NotTo(Equal(template.Annotations))
		Expect(server.accepts(before)).To(BeFalse(), "the old password still works")
		Expect(server.accepts(after)).To(BeTrue())
		eventuallyGone(ctx, ns, "Secret/users-db-next", "Job/")
		eventuallyReady(ctx, users)

		By("the same value again, which asks for nothing")
		settled(ns)
		sent := requestsFor.in(ns)
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Annotations["example.com/other"] = "x" })
		Consistently(func() []string { return requestsFor.in(ns) }, "500ms").Should(Equal(sent))

		By("another value, which gives the first user its turn")
		rotate(ctx, users, "second")
		Eventually(func() string { return string(get(ctx, &corev1.Secret{}, ns, "users-db").Data["username"]) }).Should(Equal("users_a"))
		eventuallyHas(ctx, users, v1alpha1.ConditionCredentialsRotated, metav1.ConditionTrue, v1alpha1.ReasonRotated)
		Expect(server.broken()).To(BeEmpty())
	}, SpecTimeout(suiteTimeout))

	It("is ended by whoever finds it broken off before the old password was made useless", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		var retires atomic.Bool
		runJobs(ns, func(job *batchv1.Job) jobOutcome {
			if strings.Contains(job.Name, "-retire-") && !retires.Load() {
				return jobRuns
			}
			return jobSucceeds
		})
		simulate(ns)
		users := withDatabase(ns, v1alpha1.EnginePostgreSQL)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		rotate(ctx, users, "1")
		Eventually(func() bool { return slices.ContainsFunc(jobsIn(ctx, ns), isRetiring) }).Should(BeTrue())
		published := get(ctx, &corev1.Secret{}, ns, "users-db")
		Expect(published.Annotations).To(HaveKey(inputs.AnnotationRetiring))

		By("the service being deleted and made again")
		Expect(k8s.Delete(ctx, users)).To(Succeed())
		settled(ns)
		for _, job := range jobsIn(ctx, ns) {
			Expect(k8s.Delete(ctx, &job, client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
		}
		collectGarbage(ctx, ns, users)
		eventuallyGone(ctx, ns, "Secret/users-db-next", "Job/", "Deployment/")
		again := withDatabase(ns, v1alpha1.EnginePostgreSQL)
		again.Annotations = map[string]string{v1alpha1.AnnotationRotateCredentials: "1"}
		Expect(k8s.Create(ctx, again)).To(Succeed())
		eventuallyHas(ctx, again, v1alpha1.ConditionCredentialsRotated, metav1.ConditionFalse, v1alpha1.ReasonRotating)
		Eventually(func() bool { return slices.ContainsFunc(jobsIn(ctx, ns), isRetiring) }).Should(BeTrue())
		retires.Store(true)
		eventuallyHas(ctx, again, v1alpha1.ConditionCredentialsRotated, metav1.ConditionTrue, v1alpha1.ReasonRotated)
		Expect(get(ctx, &corev1.Secret{}, ns, "users-db").Data).To(Equal(published.Data))
		Expect(get(ctx, &corev1.Secret{}, ns, "users-db").Annotations).NotTo(HaveKey(inputs.AnnotationRetiring))
	}, SpecTimeout(suiteTimeout))

	It("does not rotate a database that is made with the annotation", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := withDatabase(ns, v1alpha1.EngineMariaDB)
		users.Annotations = map[string]string{v1alpha1.AnnotationRotateCredentials: "x"}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		settled(ns)
		Expect(string(get(ctx, &corev1.Secret{}, ns, "users-db").Data["username"])).To(Equal("users_a"))
		Expect(condition(ctx, users, v1alpha1.ConditionCredentialsRotated).Reason).To(Equal(v1alpha1.ReasonRotated))
	}, SpecTimeout(suiteTimeout))

	It("waits until a foreign Secret with the next one's name is gone", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: names.NextSecret("users"), Namespace: ns}}
		Expect(k8s.Create(ctx, foreign)).To(Succeed())
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Annotations = map[string]string{v1alpha1.AnnotationRotateCredentials: "1"}
		})
		eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)
		settled(ns)
		Expect(k8s.Delete(ctx, foreign)).To(Succeed())
		eventuallyHas(ctx, users, v1alpha1.ConditionCredentialsRotated, metav1.ConditionTrue, v1alpha1.ReasonRotated)
	}, SpecTimeout(suiteTimeout))

	It("tells that it can't rotate an External database", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EngineValkey, Provider: v1alpha1.ProviderExternal,
			External: &v1alpha1.ExternalDatabase{SecretName: "elsewhere"}}
		users.Annotations = map[string]string{v1alpha1.AnnotationRotateCredentials: "x"}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionCredentialsRotated, metav1.ConditionFalse, v1alpha1.ReasonNotSupported)).
			To(ContainSubstring(`change the password where the database runs and write it to the Secret`))
	}, SpecTimeout(suiteTimeout))

	DescribeTable("that is interrupted at any of its writes is finished, and no password that is in use ever fails", func(ctx SpecContext, of v1alpha1.Database) {
		// More writes than a rotation makes: the last ones are not reached.
		by := interruptedNamespaces(ctx, 12)
		servers := map[string]*fakeServer{}
		var all []*v1alpha1.Microservice
		for ns := range by {
			servers[ns] = serve(ctx, ns)
			users := bare(ns, "users")
			users.Spec.Database = &of
			Expect(k8s.Create(ctx, users)).To(Succeed())
			all = append(all, users)
		}
		simulate(slices.Collect(maps.Keys(by))...)
		for _, users := range all {
			eventuallyReady(ctx, users)
		}
		for ns := range by {
			settled(ns)
		}
		before := map[string]*corev1.Secret{}
		for ns := range by {
			before[ns] = get(ctx, &corev1.Secret{}, ns, "users-db")
		}

		inForce := interrupt(by)
		for _, users := range all {
			rotate(ctx, users, "x")
		}
		Eventually(func(g Gomega) {
			for _, users := range all {
				c := condition(ctx, users, v1alpha1.ConditionCredentialsRotated)
				g.Expect(inForce.happened(users.Namespace) || c != nil && c.Status == metav1.ConditionTrue).To(BeTrue(), "%+v", by[users.Namespace])
			}
		}, "40s").Should(Succeed())
		reached := map[int]bool{}
		for ns, one := range by {
			if inForce.happened(ns) {
				reached[one.at] = true
			}
			Expect(servers[ns].broken()).To(BeEmpty(), "%+v", one)
		}
		Expect(len(reached)).To(BeNumerically(">=", 8), "the steps of a rotation that were interrupted: %v", reached)

		inForce.lift()
		restartManager()
		for _, users := range all {
			ns, one := users.Namespace, fmt.Sprintf("%+v", by[users.Namespace])
			eventuallyHas(ctx, users, v1alpha1.ConditionCredentialsRotated, metav1.ConditionTrue, v1alpha1.ReasonRotated)
			eventuallyReady(ctx, users)
			after := get(ctx, &corev1.Secret{}, ns, "users-db")
			Expect(after.Data["password"]).NotTo(Equal(before[ns].Data["password"]), one)
			Expect(servers[ns].accepts(after)).To(BeTrue(), one)
			Expect(servers[ns].accepts(before[ns])).To(BeFalse(), one)
			eventuallyGone(ctx, ns, "Secret/users-db-next", "Job/")
			Expect(servers[ns].broken()).To(BeEmpty(), one)
		}
	},
		// They take their turns with two users, or with two passwords of one.
		Entry("by turns of two users", v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}, SpecTimeout(2*suiteTimeout)),
		Entry("by turns of two passwords", v1alpha1.Database{Engine: v1alpha1.EngineValkey}, SpecTimeout(2*suiteTimeout)),
		Entry("of a Cluster", v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Provider: v1alpha1.ProviderCloudNativePG}, SpecTimeout(2*suiteTimeout)),
	)
})

// withDatabase is a Microservice named users with a database.
func withDatabase(ns string, engine v1alpha1.DatabaseEngine) *v1alpha1.Microservice {
	users := bare(ns, "users")
	users.Spec.Database = &v1alpha1.Database{Engine: engine}
	return users
}

func isRetiring(job batchv1.Job) bool { return strings.Contains(job.Name, "-retire-") }

func rotate(ctx context.Context, ms *v1alpha1.Microservice, value string) {
	GinkgoHelper()
	change(ctx, ms, func(ms *v1alpha1.Microservice) {
		if ms.Annotations == nil {
			ms.Annotations = map[string]string{}
		}
		ms.Annotations[v1alpha1.AnnotationRotateCredentials] = value
	})
}

// eventuallyGone waits until no object's kind and name begins with one of the
// prefixes.
func eventuallyGone(ctx context.Context, ns string, prefixes ...string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		for _, name := range kinds(everythingIn(ctx, ns)) {
			for _, prefix := range prefixes {
				g.Expect(strings.HasPrefix(name, prefix)).To(BeFalse(), name)
			}
		}
	}).Should(Succeed())
}

// fakeServer plays the database of Microservice users as far as its users go,
// and watches that what the binding Secret and the pods log in with always
// works.
type fakeServer struct {
	ns     string
	mu     sync.Mutex
	users  map[string]map[string]bool
	faults []string
	ran    map[string]bool
	// published is the binding Secret as last read, and versions tell of what was
	// read then.
	published *corev1.Secret
	versions  [2]string
	// running is what the pods were last started with.
	running *corev1.Secret
	hash    string
}

// serve makes a server whose Jobs are run with it.
func serve(ctx context.Context, ns string) *fakeServer {
	s := &fakeServer{ns: ns, users: map[string]map[string]bool{}, ran: map[string]bool{}}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			s.watch(ctx)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	DeferCleanup(func() {
		cancel()
		<-done
	})
	runJobs(ns, func(job *batchv1.Job) jobOutcome {
		s.run(ctx, job)
		return jobSucceeds
	})
	return s
}

// run does what a Job's script would.
func (s *fakeServer) run(ctx context.Context, job *batchv1.Job) {
	s.mu.Lock()
	// The cache may know of a Job before it knows of the Secret that was published
	// before it.
	s.versions = [2]string{"unread"}
	s.mu.Unlock()
	s.watch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ran[string(job.UID)] {
		return
	}
	var user, retired string
	secret := &corev1.Secret{}
	for _, v := range job.Spec.Template.Spec.Containers[0].Env {
		switch v.Name {
		case "ATOLL_PASSWORD":
			if k8s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: v.ValueFrom.SecretKeyRef.Name}, secret) != nil {
				return
			}
			user = string(secret.Data["username"])
		case "ATOLL_RETIRED_USER":
			retired = v.Value
		}
	}
	s.ran[string(job.UID)] = true
	password := string(secret.Data["password"])
	switch {
	case retired != "" && retired != user:
		delete(s.users, retired)
	case retired != "":
		s.users[user] = map[string]bool{password: true}
	case user == "default":
		s.users[user][password] = true
	default:
		s.users[user] = map[string]bool{password: true}
	}
}

// watch looks at what is in use. The first password is the one that the server
// was made with.
func (s *fakeServer) watch(ctx context.Context) {
	if !s.read(ctx) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.users) == 0 {
		s.users[string(s.published.Data["username"])] = map[string]bool{string(s.published.Data["password"]): true}
	}
	if !s.knows(s.published) {
		s.faults = append(s.faults, "the binding Secret's password does not work")
	}
	if s.running != nil && !s.knows(s.running) {
		s.faults = append(s.faults, "the pods' password does not work")
	}
}

// read reads what the service logs in with, if the cache has heard of a change.
// It says whether the binding Secret was ever there.
func (s *fakeServer) read(ctx context.Context) bool {
	key, bindingKey := client.ObjectKey{Namespace: s.ns, Name: "users"}, client.ObjectKey{Namespace: s.ns, Name: "users-db"}
	secret, d := &corev1.Secret{}, &appsv1.Deployment{}
	// Both are empty where there is none.
	_, _ = watched.Get(ctx, key, d), watched.Get(ctx, bindingKey, secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	if versions := [2]string{d.ResourceVersion, secret.ResourceVersion}; versions != s.versions {
		s.versions = versions
		// In this order: pods are never older than the Secret that is read after them.
		started := k8s.Get(ctx, key, d) == nil
		if k8s.Get(ctx, bindingKey, secret) == nil {
			s.published = secret
			if hash := d.Spec.Template.Annotations["atoll.dev/references-hash"]; started && hash != s.hash {
				s.running, s.hash = secret, hash
			}
		}
	}
	return s.published != nil
}

func (s *fakeServer) knows(secret *corev1.Secret) bool {
	return s.users[string(secret.Data["username"])][string(secret.Data["password"])]
}

func (s *fakeServer) accepts(secret *corev1.Secret) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.knows(secret)
}

func (s *fakeServer) broken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}
