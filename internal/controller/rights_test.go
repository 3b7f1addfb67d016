// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// tenantRights are the rights to create what Atoll creates for a Microservice, beside those
// on Microservices and Topologies themselves.
var tenantRights = []string{
	"pods", "services", "serviceaccounts", "secrets", "persistentvolumeclaims", "deployments.apps", "statefulsets.apps", "jobs.batch", "cronjobs.batch",
	"horizontalpodautoscalers.autoscaling", "networkpolicies.networking.k8s.io",
	"gateways.gateway.networking.k8s.io", "httproutes.gateway.networking.k8s.io", "grpcroutes.gateway.networking.k8s.io",
	"clusters.postgresql.cnpg.io", "scheduledbackups.postgresql.cnpg.io", "objectstores.barmancloud.cnpg.io",
	"prometheusrules.monitoring.coreos.com",
}

// tenant returns a client of a user who may write Microservices and Topologies in a
// namespace, and create there each resource, such as deployments.apps.
func tenant(ctx context.Context, ns, name string, creates ...string) client.Client {
	GinkgoHelper()
	rules := []rbacv1.PolicyRule{{APIGroups: []string{"atoll.dev"}, Resources: []string{"*"}, Verbs: []string{"*"}}}
	for _, right := range creates {
		resource, group, _ := strings.Cut(right, ".")
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: []string{"create"}})
	}
	meta := metav1.ObjectMeta{Name: name, Namespace: ns}
	Expect(k8s.Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: rules})).To(Succeed())
	Expect(k8s.Create(ctx, &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: ns + "-" + name}}})).To(Succeed())
	c := clientAs(ns+"-"+name, "system:authenticated")
	// The API server needs a moment to know of the role.
	Eventually(func() error { return c.List(ctx, &v1alpha1.MicroserviceList{}, client.InNamespace(ns)) }).Should(Succeed())
	return c
}

// without returns the tenant's rights without some.
func without(rights ...string) []string {
	var left []string
	for _, right := range tenantRights {
		if !strings.Contains(" "+strings.Join(rights, " ")+" ", " "+right+" ") {
			left = append(left, right)
		}
	}
	return left
}

// withSpec returns a Microservice, or a Topology, with a spec.
func withSpec[T client.Object](o T, ns, name, spec string) T {
	GinkgoHelper()
	Expect(yaml.Unmarshal([]byte(`{spec: `+spec+`}`), o)).To(Succeed())
	o.SetNamespace(ns)
	o.SetName(name)
	return o
}

// trySpec tries to give an object the spec of another one, as a user, and changes nothing.
func trySpec[T client.Object](ctx context.Context, as client.Client, o, of T) error {
	GinkgoHelper()
	var err error
	Eventually(func() bool {
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
		switch o := client.Object(o).(type) {
		case *v1alpha1.Microservice:
			o.Spec = *client.Object(of).(*v1alpha1.Microservice).Spec.DeepCopy()
		case *v1alpha1.Topology:
			o.Spec = *client.Object(of).(*v1alpha1.Topology).Spec.DeepCopy()
		}
		err = as.Update(ctx, o, client.DryRunAll)
		return apierrors.IsConflict(err)
	}).Should(BeFalse())
	return err
}

var _ = Describe("Rights of users", func() {
	DescribeTable("refuse a Microservice of a user who could not create", func(ctx SpecContext, right, spec string) {
		ns := newNamespace(ctx)
		refused, allowed := tenant(ctx, ns, "lacks", without(right)...), tenant(ctx, ns, "has", tenantRights...)
		ms := withSpec(&v1alpha1.Microservice{}, ns, "users", spec)
		err := refused.Create(ctx, ms.DeepCopy(), client.DryRunAll)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "got %v", err)
		Expect(err).To(MatchError(ContainSubstring("you cannot create " + right + " in this namespace")))
		Expect(allowed.Create(ctx, ms.DeepCopy(), client.DryRunAll)).To(Succeed())

		By("an update that adds it")
		plain := withSpec(&v1alpha1.Microservice{}, ns, "plain", `{image: users, type: Worker, serviceAccount: {name: own}}`)
		Expect(k8s.Create(ctx, plain)).To(Succeed())
		Expect(trySpec(ctx, refused, plain, ms)).To(MatchError(ContainSubstring("you cannot create " + right)))
		Expect(trySpec(ctx, allowed, plain, ms)).To(Succeed())
	},
		Entry("pods", "pods", `{image: users}`, SpecTimeout(suiteTimeout)),
		Entry("pods as another ServiceAccount", "pods", `{image: users, serviceAccount: {name: admin}}`, SpecTimeout(suiteTimeout)),
		Entry("Deployments", "deployments.apps", `{image: users}`, SpecTimeout(suiteTimeout)),
		Entry("Services", "services", `{image: users, ports: [{name: http, port: 80}]}`, SpecTimeout(suiteTimeout)),
		Entry("ServiceAccounts", "serviceaccounts", `{image: users, serviceAccount: {annotations: {eks.amazonaws.com/role-arn: admin}}}`, SpecTimeout(suiteTimeout)),
		Entry("autoscalers", "horizontalpodautoscalers.autoscaling", `{image: users, scaling: {autoscale: {max: 3}}}`, SpecTimeout(suiteTimeout)),
		Entry("NetworkPolicies", "networkpolicies.networking.k8s.io", `{image: users, egress: [{cidrs: [192.0.2.0/24]}]}`, SpecTimeout(suiteTimeout)),
		Entry("PrometheusRules", "prometheusrules.monitoring.coreos.com", `{image: users, slo: {availability: "99.9"}}`, SpecTimeout(suiteTimeout)),
		Entry("HTTPRoutes", "httproutes.gateway.networking.k8s.io", `{image: users, routes: [{path: /users, parentRefs: [{name: shop}]}]}`, SpecTimeout(suiteTimeout)),
		Entry("GRPCRoutes", "grpcroutes.gateway.networking.k8s.io",
			`{image: users, ports: [{name: http, port: 80}, {name: rpc, port: 81, protocol: GRPC}], routes: [{port: rpc, parentRefs: [{name: shop}]}]}`, SpecTimeout(suiteTimeout)),
		Entry("Secrets", "secrets", `{image: users, database: {engine: PostgreSQL}}`, SpecTimeout(suiteTimeout)),
		Entry("StatefulSets", "statefulsets.apps", `{image: users, database: {engine: PostgreSQL}}`, SpecTimeout(suiteTimeout)),
		Entry("claims", "persistentvolumeclaims", `{image: users, database: {engine: PostgreSQL}}`, SpecTimeout(suiteTimeout)),
		Entry("Jobs", "jobs.batch", `{image: users, database: {engine: PostgreSQL, provider: External, external: {secretName: x}, migration: {command: [migrate]}}}`, SpecTimeout(suiteTimeout)),
		Entry("CronJobs", "cronjobs.batch", `{image: users, database: {engine: PostgreSQL, backup: {schedule: "@daily", destination: {persistentVolumeClaim: {claimName: x}}}}}`, SpecTimeout(suiteTimeout)),
		Entry("Clusters", "clusters.postgresql.cnpg.io", `{image: users, database: {engine: PostgreSQL, provider: CloudNativePG}}`, SpecTimeout(suiteTimeout)),
		Entry("ScheduledBackups", "scheduledbackups.postgresql.cnpg.io",
			`{image: users, database: {engine: PostgreSQL, provider: CloudNativePG, backup: {schedule: "@daily", destination: {s3: {bucket: backups}}}}}`, SpecTimeout(suiteTimeout)),
		Entry("ObjectStores", "objectstores.barmancloud.cnpg.io",
			`{image: users, database: {engine: PostgreSQL, provider: CloudNativePG, backup: {schedule: "@daily", destination: {s3: {bucket: backups}}}}}`, SpecTimeout(suiteTimeout)),
	)

	DescribeTable("refuse a Topology of a user who could not create", func(ctx SpecContext, right, spec string) {
		ns := newNamespace(ctx)
		refused, allowed := tenant(ctx, ns, "lacks", without(right)...), tenant(ctx, ns, "has", tenantRights...)
		shop := withSpec(&v1alpha1.Topology{}, ns, "shop", spec)
		err := refused.Create(ctx, shop.DeepCopy(), client.DryRunAll)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "got %v", err)
		Expect(err).To(MatchError(ContainSubstring("you cannot create " + right + " in this namespace")))
		Expect(allowed.Create(ctx, shop.DeepCopy(), client.DryRunAll)).To(Succeed())
		plain := withSpec(&v1alpha1.Topology{}, ns, "plain", `{deletionGuard: Dependents}`)
		Expect(k8s.Create(ctx, plain)).To(Succeed())
		Expect(trySpec(ctx, refused, plain, shop)).To(MatchError(ContainSubstring("you cannot create " + right)))
		Expect(trySpec(ctx, allowed, plain, shop)).To(Succeed())
	},
		Entry("PrometheusRules", "prometheusrules.monitoring.coreos.com", `{monitoring: {namespaceSelector: {}, requests: {codeLabel: code}}}`, SpecTimeout(suiteTimeout)),
		Entry("PrometheusRules, of requests", "prometheusrules.monitoring.coreos.com", `{monitoring: {namespaceSelector: {}, record: [Requests]}}`, SpecTimeout(suiteTimeout)),
		Entry("PrometheusRules, for another Prometheus", "prometheusrules.monitoring.coreos.com", `{monitoring: {namespaceSelector: {}, labels: {release: prometheus}}}`, SpecTimeout(suiteTimeout)),
		Entry("pods", "pods", `{defaults: {podTemplate: {spec: {serviceAccountName: admin}}}}`, SpecTimeout(suiteTimeout)),
		Entry("Deployments", "deployments.apps", `{defaults: {env: [{name: A, value: b}]}}`, SpecTimeout(suiteTimeout)),
		Entry("Gateways", "gateways.gateway.networking.k8s.io", `{gateway: {className: simulated}}`, SpecTimeout(suiteTimeout)),
		Entry("NetworkPolicies", "networkpolicies.networking.k8s.io", `{isolation: None}`, SpecTimeout(suiteTimeout)),
		Entry("autoscalers", "horizontalpodautoscalers.autoscaling", `{defaults: {scaling: {autoscale: {max: 3}}}}`, SpecTimeout(suiteTimeout)),
	)

	DescribeTable("refuse an annotation that does what a field does", func(ctx SpecContext, o client.Object, annotation, spec string, rights ...string) {
		ns := newNamespace(ctx)
		o = withSpec(o.DeepCopyObject().(client.Object), ns, "users", spec)
		Expect(k8s.Create(ctx, o)).To(Succeed())
		allowed := tenant(ctx, ns, "has", tenantRights...)
		Expect(annotate(ctx, allowed, o, annotation)).To(Succeed())
		for i, right := range rights {
			refused := tenant(ctx, ns, fmt.Sprintf("lacks-%d", i), without(right)...)
			Expect(annotate(ctx, refused, o, annotation)).To(MatchError(ContainSubstring("you cannot create " + right + " in this namespace")))
			Expect(annotate(ctx, refused, o, "example.com/note")).To(Succeed())
		}
	},
		Entry("isolation", &v1alpha1.Topology{}, v1alpha1.AnnotationIsolation, `{}`, "networkpolicies.networking.k8s.io", SpecTimeout(suiteTimeout)),
		Entry("a password", &v1alpha1.Microservice{}, v1alpha1.AnnotationRotateCredentials, `{image: users, database: {engine: PostgreSQL}}`, "pods", "secrets", "jobs.batch", SpecTimeout(suiteTimeout)),
	)

	It("are those on routes only if the routes or their protocols change", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		users := withSpec(&v1alpha1.Microservice{}, ns, "users", `{image: users, ports: [{name: http, port: 80}], routes: [{path: /users, port: http}]}`)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		editor := tenant(ctx, ns, "editor", without("httproutes.gateway.networking.k8s.io", "grpcroutes.gateway.networking.k8s.io")...)
		for spec, right := range map[string]string{
			`{image: users, ports: [{name: http, port: 8080}, {name: admin, port: 81}], routes: [{path: /users, port: http}]}`: "",
			`{image: users, ports: [{name: http, port: 80, protocol: GRPC}], routes: [{path: /users, port: http}]}`:            "grpcroutes",
			`{image: users, ports: [{name: http, port: 80}], routes: [{path: /users, port: http}, {path: /more, port: http}]}`: "httproutes",
		} {
			err := trySpec(ctx, editor, users, withSpec(&v1alpha1.Microservice{}, ns, "users", spec))
			if right == "" {
				Expect(err).NotTo(HaveOccurred(), spec)
				continue
			}
			Expect(err).To(MatchError(ContainSubstring("you cannot create "+right)), spec)
		}
	}, SpecTimeout(suiteTimeout))

	It("include no Microservice and no Topology in a namespace that Atoll does not work in", func(ctx SpecContext) {
		for _, o := range []client.Object{
			withSpec(&v1alpha1.Microservice{}, "kube-system", "users", `{image: users}`), withSpec(&v1alpha1.Topology{}, "kube-system", "shop", `{}`),
		} {
			err := k8s.Create(ctx, o, client.DryRunAll)
			Expect(apierrors.IsForbidden(err)).To(BeTrue(), "got %v", err)
			Expect(err).To(MatchError(ContainSubstring("Atoll does not work in namespace kube-system: use a namespace whose name does not begin with kube-")))
		}
	}, SpecTimeout(suiteTimeout))

	It("do not refuse edits of fields that create nothing, nor the scale subresource", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		users := withSpec(&v1alpha1.Microservice{}, ns, "users", `{image: users, scaling: {replicas: 1}, database: {engine: PostgreSQL}, routes: [{path: /users}]}`)
		shop := withSpec(&v1alpha1.Topology{}, ns, "shop", `{gateway: {className: simulated}, defaults: {env: [{name: A, value: b}]}}`)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		few := tenant(ctx, ns, "few")
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(users), users)).To(Succeed())
			users.Labels, users.Spec.Suspend, users.Spec.Scaling.Replicas = map[string]string{"team": "shop"}, new(true), new(int32(2))
			users.Spec.Routes = nil
			g.Expect(few.Update(ctx, users)).To(Succeed())
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(shop), shop)).To(Succeed())
			shop.Spec.DeletionGuard = v1alpha1.DeletionGuardDependents
			g.Expect(few.Update(ctx, shop)).To(Succeed())
		}).Should(Succeed())
		scaleTo(ctx, ns, 3)
		Expect(few.Delete(ctx, users)).To(Succeed())
	}, SpecTimeout(suiteTimeout))

	It("are those of the built-in role edit, except for routes and CloudNativePG", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		// Nothing aggregates roles in envtest: these are parts of edit in a cluster.
		for _, role := range []string{"system:aggregate-to-edit", "atoll-microservice-editor-role"} {
			bindRole(ctx, ns, "editor", role)
		}
		editor := clientAs("editor", "system:authenticated")
		all := `image: users, database: {engine: PostgreSQL, migration: {command: [migrate]}, backup: {schedule: "@daily", destination: {persistentVolumeClaim: {claimName: x}}}},
			egress: [{cidrs: [192.0.2.0/24]}], scaling: {autoscale: {max: 3}}`
		Eventually(func() error {
			return editor.Create(ctx, withSpec(&v1alpha1.Microservice{}, ns, "users", "{"+all+"}"), client.DryRunAll)
		}).Should(Succeed())
		routed := withSpec(&v1alpha1.Microservice{}, ns, "users", "{"+all+", routes: [{path: /users}]}")
		Expect(editor.Create(ctx, routed.DeepCopy(), client.DryRunAll)).To(MatchError(ContainSubstring("you cannot create httproutes")))
		Expect(editor.Create(ctx, withSpec(&v1alpha1.Topology{}, ns, "shop", "{}"), client.DryRunAll)).NotTo(Succeed(), "edit includes no Topologies")

		By("the role that adds routes")
		bindRole(ctx, ns, "editor", "atoll-route-editor-role")
		Eventually(func() error { return editor.Create(ctx, routed.DeepCopy(), client.DryRunAll) }).Should(Succeed())

		By("the role that adds databases of CloudNativePG")
		clustered := withSpec(&v1alpha1.Microservice{}, ns, "users",
			`{image: users, database: {engine: PostgreSQL, provider: CloudNativePG, backup: {schedule: "@daily", destination: {s3: {bucket: backups}}}}}`)
		Expect(editor.Create(ctx, clustered.DeepCopy(), client.DryRunAll)).To(MatchError(ContainSubstring("you cannot create clusters.postgresql.cnpg.io")))
		bindRole(ctx, ns, "editor", "atoll-cloudnativepg-editor-role")
		Eventually(func() error { return editor.Create(ctx, clustered.DeepCopy(), client.DryRunAll) }).Should(Succeed())
	}, SpecTimeout(suiteTimeout))

	It("with which a team's GitOps controller applies the samples are those of admin, and of the roles for routes and Gateways", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		for _, role := range []string{"system:aggregate-to-admin", "system:aggregate-to-edit", "atoll-microservice-editor-role", "atoll-topology-editor-role",
			"atoll-route-editor-role", "atoll-gateway-editor-role"} {
			bindRole(ctx, ns, "flux", role)
		}
		flux := clientAs("flux", "system:authenticated")
		for _, name := range []string{"topology", "users", "orders", "payments"} {
			Eventually(func() error {
				sample := readSample(name)
				sample.SetNamespace(ns)
				return flux.Create(ctx, sample, client.DryRunAll)
			}).Should(Succeed(), name)
		}
	}, SpecTimeout(suiteTimeout))
})

// annotate tries to give an object an annotation, as a user, and changes nothing.
func annotate(ctx context.Context, as client.Client, o client.Object, annotation string) error {
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata": {"annotations": {%q: "audit"}}}`, annotation))
	return as.Patch(ctx, o.DeepCopyObject().(client.Object), patch, client.DryRunAll)
}

// bindRole gives a user the rights of a ClusterRole in a namespace.
func bindRole(ctx context.Context, ns, user, role string) {
	GinkgoHelper()
	Expect(k8s.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "binding-", Namespace: ns},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: user}},
	})).To(Succeed())
}
