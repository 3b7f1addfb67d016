// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"net/http"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// conditionRow is a row of the table of conditions: what there is, what happens
// to it, and what is then said of the Topology shop or of a Microservice.
type conditionRow struct {
	// there exists beforehand; wanted are the Topology and the Microservices. All
	// are put into the row's namespace, but for those that have one.
	there, wanted []client.Object
	// simulated says that what Atoll makes becomes ready.
	simulated bool
	// refuse is how the API server answers Atoll's requests for paths with this
	// ending.
	refuse     string
	refuseWith int
	// then happens afterwards.
	then func(ctx context.Context, ns string)
	of   client.Object
	want []wantCondition
}

type wantCondition struct {
	condition string
	status    metav1.ConditionStatus
	reason    string
	// message is a piece of it.
	message string
}

// Rows that tests of their own show are not here again: status_test.go has those
// of a Topology that does not exist, of cycles and of missing GatewayClasses,
// membership_test.go those of namespaces that may not join, ownership_test.go and
// optional_kinds_test.go those of foreign Gateways and of missing kinds,
// routes_test.go that of routes that claim the same.
var _ = Describe("Conditions", func() {
	const (
		yes = metav1.ConditionTrue
		no  = metav1.ConditionFalse
	)
	DescribeTable("of dependencies, routes and Topologies", func(ctx SpecContext, row conditionRow) {
		ns := newNamespace(ctx)
		if row.refuse != "" {
			requestsFor.failWith(func(r *http.Request) *http.Response {
				if !strings.HasSuffix(r.URL.Path, "/namespaces/"+ns+row.refuse) {
					return nil
				}
				reason := map[int]metav1.StatusReason{http.StatusForbidden: metav1.StatusReasonForbidden, http.StatusInternalServerError: metav1.StatusReasonInternalError}[row.refuseWith]
				return answer(r, row.refuseWith, reason)
			})
		}
		if row.simulated {
			simulate(ns)
		}
		for _, o := range slices.Concat(row.there, row.wanted) {
			o = o.DeepCopyObject().(client.Object)
			if o.GetNamespace() == "" {
				o.SetNamespace(ns)
			}
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		if row.then != nil {
			row.then(ctx, ns)
		}
		of := row.of.DeepCopyObject().(client.Object)
		of.SetNamespace(ns)
		for _, want := range row.want {
			// The reason may be there before the last of those whom the message names.
			Eventually(func() string { return eventuallyHas(ctx, of, want.condition, want.status, want.reason) }).Should(ContainSubstring(want.message), want.condition)
		}
	},
		Entry("dependencies that are ready", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{bare("", "users"), calling(v1alpha1.Dependency{Name: "users"})}, simulated: true,
			of: bare("", "orders"), want: []wantCondition{
				{v1alpha1.ConditionDependenciesReady, yes, v1alpha1.ReasonReady, "All dependencies are ready"},
				{v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady, "The service is ready"},
			}}),
		Entry("a dependency that does not exist", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{calling(v1alpha1.Dependency{Name: "users"})}, simulated: true,
			of: bare("", "orders"), want: []wantCondition{
				{v1alpha1.ConditionDependenciesReady, no, v1alpha1.ReasonDependencyNotFound, "create it, or remove it from dependencies"},
				{v1alpha1.ConditionReady, no, v1alpha1.ReasonDependencyNotFound, `Microservice "users" does not exist in this namespace`},
				{v1alpha1.ConditionReconciling, yes, v1alpha1.ReasonDependencyNotFound, `Microservice "users"`},
				{v1alpha1.ConditionWorkloadReady, yes, v1alpha1.ReasonReady, ""},
			}}),
		Entry("a dependency that does not exist in another namespace", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{calling(v1alpha1.Dependency{Name: "users", Namespace: "nowhere"})},
			of:     bare("", "orders"), want: []wantCondition{
				{v1alpha1.ConditionDependenciesReady, no, v1alpha1.ReasonNotPermitted, `of namespace "nowhere" does not exist, or does not permit this caller; to fix: correct dependencies, or create it`},
			}}),
		Entry("a dependency on a Worker", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{worker(), calling(v1alpha1.Dependency{Name: "users"})},
			of:     bare("", "orders"), want: []wantCondition{
				{v1alpha1.ConditionDependenciesReady, no, v1alpha1.ReasonPortNotFound, "is a Worker and has no ports; to fix: remove it from dependencies"},
				{v1alpha1.ConditionReady, no, v1alpha1.ReasonPortNotFound, `Microservice "users"`},
				{v1alpha1.ConditionReconciling, yes, v1alpha1.ReasonPortNotFound, `Microservice "users"`},
			}}),
		Entry("a dependency that is not ready, for which the caller is not to blame", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{suspended("users"), calling(v1alpha1.Dependency{Name: "users"})}, simulated: true,
			of: bare("", "orders"), want: []wantCondition{
				{v1alpha1.ConditionDependenciesReady, no, v1alpha1.ReasonDependencyNotReady, "Dependencies are not ready: users"},
				{v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady, ""},
			}}),
		Entry("a dependency that the first rollout waits for", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{bare("", "users"), calling(v1alpha1.Dependency{Name: "users", Startup: v1alpha1.StartupWait})},
			of:     bare("", "orders"), want: []wantCondition{
				{v1alpha1.ConditionDependenciesReady, no, v1alpha1.ReasonDependencyNotReady, "Dependencies are not ready: users"},
				{v1alpha1.ConditionWorkloadReady, no, v1alpha1.ReasonDependencyNotReady, "The first rollout waits for users to be Ready"},
				{v1alpha1.ConditionReconciling, yes, v1alpha1.ReasonDependencyNotReady, "The first rollout waits"},
			}}),
		Entry("a Topology that does not exist", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{memberOf("", "orders", "shop")},
			of:     bare("", "orders"), want: []wantCondition{
				{v1alpha1.ConditionReconciling, yes, v1alpha1.ReasonTopologyNotFound, "create it, or correct topologyRef"},
			}}),

		Entry("routes that are accepted", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology(""), routed()}, simulated: true,
			of: bare("", "users"), want: []wantCondition{{v1alpha1.ConditionRoutesReady, yes, v1alpha1.ReasonReady, "Routes are accepted"}}}),
		Entry("a route of a Topology without a gateway", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{ungated(), routed()}, simulated: true,
			of: bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonNoGateway, `routes[0]: there is no Gateway to attach to; to fix: set spec.gateway of Topology "shop", or routes[].parentRefs`},
				{v1alpha1.ConditionReady, no, v1alpha1.ReasonNoGateway, "routes[0]"},
				{v1alpha1.ConditionStalled, yes, v1alpha1.ReasonNoGateway, "routes[0]"},
			}}),
		Entry("a route of a service that stands alone", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{with(bare("", "users"), func(ms *v1alpha1.Microservice) { ms.Spec.Routes = []v1alpha1.Route{{Path: "/"}} })},
			of:     bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonNoGateway, "set routes[].parentRefs, or topologyRef to a Topology with a gateway"},
			}}),
		Entry("a route to a Gateway that does not exist", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{with(bare("", "users"), func(ms *v1alpha1.Microservice) {
				ms.Spec.Routes = []v1alpha1.Route{{Path: "/", ParentRefs: []v1alpha1.GatewayReference{{Name: "public"}}}}
			})},
			of: bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonNoGateway, "which does not exist; to fix: create it, or correct routes[].parentRefs"},
			}}),
		Entry("a Gateway that nobody has answered for", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology(""), routed()},
			of:     bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonPending, `Gateway "shop" waits for the controller of GatewayClass "simulated"`},
			}}),
		Entry("a route that nobody has answered for", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology(""), routed()},
			then:   func(ctx context.Context, ns string) { gatewayAnswers(ctx, ns, yes) },
			of:     bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonPending, `HTTPRoute "users.users" waits for its Gateway to accept it`},
			}}),
		Entry("a route that the Gateway refuses", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology(""), routed()},
			then: func(ctx context.Context, ns string) {
				gatewayAnswers(ctx, ns, yes)
				routeAnswers(ctx, ns, "users.users", no, string(gatewayv1.RouteReasonNoMatchingListenerHostname))
			},
			of: bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonNotAccepted, `HTTPRoute "users.users" rejected by Gateway "shop": NoMatchingListenerHostname`},
				{v1alpha1.ConditionStalled, yes, v1alpha1.ReasonNotAccepted, `HTTPRoute "users.users"`},
			}}),
		Entry("a route whose Gateway is refused", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology(""), routed()},
			then:   func(ctx context.Context, ns string) { gatewayAnswers(ctx, ns, no) },
			of:     bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonNotAccepted, `Gateway "shop" is not programmed: Invalid`},
			}}),
		Entry("a route that asks for more than the gateway does", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology(""), with(routed(), func(ms *v1alpha1.Microservice) { ms.Spec.Routes[0].Rewrite = "/" })},
			then: func(ctx context.Context, ns string) {
				class := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "plain-" + ns}, Spec: gatewayv1.GatewayClassSpec{ControllerName: "example.com/plain"}}
				Expect(k8s.Create(ctx, class)).To(Succeed())
				class.Status.SupportedFeatures = []gatewayv1.SupportedFeature{{Name: "HTTPRoute"}}
				Expect(k8s.Status().Update(ctx, class)).To(Succeed())
				shop := topology(ns)
				change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.Gateway.ClassName = class.Name })
				Eventually(func() gatewayv1.ObjectName {
					return get(ctx, &gatewayv1.Gateway{}, ns, "shop").Spec.GatewayClassName
				}).Should(BeEquivalentTo(class.Name))
				gatewayAnswers(ctx, ns, yes)
				routeAnswers(ctx, ns, "users.users", yes, "Accepted")
			},
			of: bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonNotSupported, "routes[0].rewrite"},
				{v1alpha1.ConditionStalled, yes, v1alpha1.ReasonNotSupported, "routes[0].rewrite"},
			}}),
		Entry("a route that no GRPCRoute can be", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology(""), with(routed(), func(ms *v1alpha1.Microservice) {
				ms.Spec.Ports = []v1alpha1.Port{{Name: "grpc", Port: 9090, Protocol: v1alpha1.ProtocolGRPC}}
				ms.Spec.Routes[0] = v1alpha1.Route{Path: "/users-api"}
			})},
			of: bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonInvalidSpec, `routes[0].path: "/users-api" is neither a gRPC service nor a gRPC method`},
				{v1alpha1.ConditionStalled, yes, v1alpha1.ReasonInvalidSpec, "routes[0].path"},
			}}),
		Entry("a foreign route of its name", SpecTimeout(suiteTimeout), conditionRow{
			there:  []client.Object{&gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Name: "users.users"}}},
			wanted: []client.Object{topology(""), routed()},
			of:     bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonNotOwned, `HTTPRoute "users.users" exists and was not created by Atoll`},
				{v1alpha1.ConditionStalled, yes, v1alpha1.ReasonNotOwned, `HTTPRoute "users.users"`},
			}}),
		Entry("a route that an earlier service of the name leaves", SpecTimeout(suiteTimeout), conditionRow{
			there:  []client.Object{&gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Name: "users.users", OwnerReferences: earlier("Microservice", "users")}}},
			wanted: []client.Object{topology(""), routed()},
			of:     bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonProgressing, `HTTPRoute "users.users" still belongs to a deleted Microservice "users" and will be deleted with it`},
			}}),
		Entry("a route that the API server forbids", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology(""), routed()}, refuse: "/httproutes/users.users", refuseWith: http.StatusForbidden,
			of: bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonRefused, `HTTPRoute "users.users" is refused by the API server, and Atoll retries`},
				{v1alpha1.ConditionStalled, yes, v1alpha1.ReasonRefused, `HTTPRoute "users.users"`},
			}}),
		Entry("a route that can't be applied", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology(""), routed()}, refuse: "/httproutes/users.users", refuseWith: http.StatusInternalServerError,
			of: bare("", "users"), want: []wantCondition{
				{v1alpha1.ConditionRoutesReady, no, v1alpha1.ReasonApplyFailed, `HTTPRoute "users.users" could not be applied, and Atoll retries`},
			}}),

		Entry("a Topology that nobody has joined", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology("")}, simulated: true,
			of: topology(""), want: []wantCondition{
				{v1alpha1.ConditionGatewayReady, yes, v1alpha1.ReasonReady, "The Gateway is programmed"},
				{v1alpha1.ConditionServicesReady, yes, v1alpha1.ReasonNoServices, "set topologyRef on those that should"},
				{v1alpha1.ConditionGraphSound, yes, v1alpha1.ReasonReady, "All dependencies resolve, without a cycle"},
				{v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady, "Members can use the Topology"},
			}}),
		Entry("a Topology whose members are ready", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{ungated(), memberOf("", "users", "shop")}, simulated: true,
			of: topology(""), want: []wantCondition{
				{v1alpha1.ConditionServicesReady, yes, v1alpha1.ReasonReady, "All services are ready"},
				{v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady, ""},
			}}),
		Entry("a Topology with a member that is not ready", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{ungated(), memberOf("", "users", "shop"), with(memberOf("", "orders", "shop"), func(ms *v1alpha1.Microservice) {
				ms.Spec.Dependencies = []v1alpha1.Dependency{{Name: "absent"}}
			})}, simulated: true,
			of: topology(""), want: []wantCondition{
				{v1alpha1.ConditionServicesReady, no, v1alpha1.ReasonServicesNotReady, "Not ready: orders"},
				{v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady, "Members can use the Topology"},
			}}),
		Entry("a Topology with a member that is suspended", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{ungated(), memberOf("", "users", "shop"), with(suspended("orders"), func(ms *v1alpha1.Microservice) {
				ms.Spec.TopologyRef = &v1alpha1.TopologyReference{Name: "shop"}
			})}, simulated: true,
			of: topology(""), want: []wantCondition{
				{v1alpha1.ConditionServicesReady, yes, v1alpha1.ReasonReady, "All services are ready that are not suspended; suspended: orders"},
				{v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady, ""},
			}}),
		Entry("a Topology whose member asks for a port that is not there", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{ungated(), memberOf("", "users", "shop"), with(memberOf("", "orders", "shop"), func(ms *v1alpha1.Microservice) {
				ms.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users", Port: "grpc"}}
			})},
			of: topology(""), want: []wantCondition{
				{v1alpha1.ConditionGraphSound, no, v1alpha1.ReasonDependencyNotFound, "The service or port does not exist: orders -> users"},
			}}),
		Entry("a Topology whose member is not permitted to call", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{ungated(), memberOf("", "users", "elsewhere"), with(memberOf("", "orders", "shop"), func(ms *v1alpha1.Microservice) {
				ms.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users"}}
			})},
			of: topology(""), want: []wantCondition{
				{v1alpha1.ConditionGraphSound, no, v1alpha1.ReasonNotPermitted, "The callee does not permit the call: orders -> users"},
			}}),
		Entry("a Topology with a cycle, which does not keep it from being ready", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{ungated(), with(memberOf("", "users", "shop"), func(ms *v1alpha1.Microservice) {
				ms.Spec.Dependencies = []v1alpha1.Dependency{{Name: "orders"}}
			}), with(memberOf("", "orders", "shop"), func(ms *v1alpha1.Microservice) {
				ms.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users"}}
			})}, simulated: true,
			of: topology(""), want: []wantCondition{
				{v1alpha1.ConditionGraphSound, no, v1alpha1.ReasonCycle, "Services depend on each other in a cycle and fail together: orders -> users -> orders"},
				{v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady, ""},
			}}),
		Entry("a Topology whose Gateway is elsewhere and does not exist", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{with(ungated(), func(t *v1alpha1.Topology) {
				t.Spec.Gateway = &v1alpha1.TopologyGateway{Ref: &v1alpha1.GatewayReference{Name: "public"}}
			})},
			of: topology(""), want: []wantCondition{
				{v1alpha1.ConditionGatewayReady, no, v1alpha1.ReasonNoGateway, `Gateway "public" does not exist; to fix: create it, or correct gateway.ref`},
				{v1alpha1.ConditionReady, no, v1alpha1.ReasonNoGateway, `Gateway "public"`},
				{v1alpha1.ConditionReconciling, yes, v1alpha1.ReasonNoGateway, `Gateway "public"`},
			}}),
		Entry("a Topology whose Gateway nobody has answered for", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology("")},
			of:     topology(""), want: []wantCondition{
				{v1alpha1.ConditionGatewayReady, no, v1alpha1.ReasonPending, `Gateway "shop" waits for the controller of GatewayClass "simulated"`},
			}}),
		Entry("a Topology whose Gateway has a bad listener", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology("")},
			then: func(ctx context.Context, ns string) {
				gatewayAnswers(ctx, ns, no, gatewayv1.ListenerStatus{Name: "http", Conditions: []metav1.Condition{{
					Type: string(gatewayv1.ListenerConditionResolvedRefs), Status: no, Reason: string(gatewayv1.ListenerReasonInvalidCertificateRef), LastTransitionTime: metav1.Now()}}})
			},
			of: topology(""), want: []wantCondition{
				{v1alpha1.ConditionGatewayReady, no, v1alpha1.ReasonNotAccepted, `Gateway "shop" is not programmed: Invalid; listener "http": InvalidCertificateRef; to fix: check that the Secret of gateway.tls exists`},
				{v1alpha1.ConditionReady, no, v1alpha1.ReasonNotAccepted, `Gateway "shop"`},
			}}),
		Entry("a Topology whose Gateway is foreign", SpecTimeout(suiteTimeout), conditionRow{
			there: []client.Object{&gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Name: "shop"}, Spec: gatewayv1.GatewaySpec{
				GatewayClassName: "other", Listeners: []gatewayv1.Listener{{Name: "mine", Port: 8080, Protocol: gatewayv1.HTTPProtocolType}}}}},
			wanted: []client.Object{topology("")},
			of:     topology(""), want: []wantCondition{
				{v1alpha1.ConditionReady, no, v1alpha1.ReasonNotOwned, "delete or rename it, or rename this Topology"},
				{v1alpha1.ConditionStalled, yes, v1alpha1.ReasonNotOwned, `Gateway "shop" exists`},
			}}),
		Entry("a Topology whose Gateway an earlier one leaves", SpecTimeout(suiteTimeout), conditionRow{
			there: []client.Object{&gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Name: "shop", OwnerReferences: earlier("Topology", "shop")}, Spec: gatewayv1.GatewaySpec{
				GatewayClassName: className, Listeners: []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}}}}},
			wanted: []client.Object{topology("")},
			of:     topology(""), want: []wantCondition{
				{v1alpha1.ConditionGatewayReady, no, v1alpha1.ReasonProgressing, `Gateway "shop" still belongs to a deleted Topology "shop" and will be deleted with it`},
			}}),
		Entry("a Topology whose Gateway the API server forbids", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology("")}, refuse: "/gateways/shop", refuseWith: http.StatusForbidden,
			of: topology(""), want: []wantCondition{
				{v1alpha1.ConditionGatewayReady, no, v1alpha1.ReasonRefused, `Gateway "shop" is refused by the API server, and Atoll retries`},
				{v1alpha1.ConditionStalled, yes, v1alpha1.ReasonRefused, `Gateway "shop"`},
			}}),
		Entry("a Topology whose Gateway can't be applied", SpecTimeout(suiteTimeout), conditionRow{
			wanted: []client.Object{topology("")}, refuse: "/gateways/shop", refuseWith: http.StatusInternalServerError,
			of: topology(""), want: []wantCondition{
				{v1alpha1.ConditionGatewayReady, no, v1alpha1.ReasonApplyFailed, `Gateway "shop" could not be applied, and Atoll retries`},
				{v1alpha1.ConditionReady, no, v1alpha1.ReasonApplyFailed, `Gateway "shop"`},
			}}),
	)
})

// with changes an object that a test makes.
func with[T client.Object](o T, f func(T)) T {
	f(o)
	return o
}

// calling is a service, orders, with a dependency.
func calling(dependency v1alpha1.Dependency) *v1alpha1.Microservice {
	return with(bare("", "orders"), func(ms *v1alpha1.Microservice) { ms.Spec.Dependencies = []v1alpha1.Dependency{dependency} })
}

func worker() *v1alpha1.Microservice {
	return with(bare("", "users"), func(ms *v1alpha1.Microservice) { ms.Spec.Type = v1alpha1.WorkloadWorker })
}

// suspended is a service that never is Ready.
func suspended(name string) *v1alpha1.Microservice {
	return with(bare("", name), func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = new(true) })
}

// routed is a member, users, with a route and no database.
func routed() *v1alpha1.Microservice {
	return with(memberOf("", "users", "shop"), func(ms *v1alpha1.Microservice) { ms.Spec.Routes = []v1alpha1.Route{{Path: "/users"}} })
}

// ungated is a Topology without a gateway.
func ungated() *v1alpha1.Topology {
	return with(topology(""), func(t *v1alpha1.Topology) { t.Spec.Gateway = nil })
}

// earlier are the owner references of what belongs to an owner of the same name
// that is no more.
func earlier(kind, name string) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind, Name: name, UID: "earlier", Controller: new(true)}}
}

// gatewayAnswers has the controller of the Topology's Gateway accept it, and say
// whether it is programmed.
func gatewayAnswers(ctx context.Context, ns string, programmed metav1.ConditionStatus, listeners ...gatewayv1.ListenerStatus) {
	GinkgoHelper()
	Eventually(func() error {
		gateway := get(ctx, &gatewayv1.Gateway{}, ns, "shop")
		answer := func(kind gatewayv1.GatewayConditionType, status metav1.ConditionStatus) metav1.Condition {
			reason := string(kind)
			if status == metav1.ConditionFalse {
				reason = string(gatewayv1.GatewayReasonInvalid)
			}
			return metav1.Condition{Type: string(kind), Status: status, Reason: reason, ObservedGeneration: gateway.Generation, LastTransitionTime: metav1.Now()}
		}
		gateway.Status.Conditions = []metav1.Condition{
			answer(gatewayv1.GatewayConditionAccepted, metav1.ConditionTrue), answer(gatewayv1.GatewayConditionProgrammed, programmed)}
		gateway.Status.Listeners = listeners
		return k8s.Status().Update(ctx, gateway)
	}).Should(Succeed())
}

// routeAnswers has the Gateway accept a route, or not.
func routeAnswers(ctx context.Context, ns, name string, accepted metav1.ConditionStatus, reason string) {
	GinkgoHelper()
	Eventually(func() error {
		route := get(ctx, &gatewayv1.HTTPRoute{}, ns, name)
		answer := func(kind gatewayv1.RouteConditionType, status metav1.ConditionStatus, reason string) metav1.Condition {
			return metav1.Condition{Type: string(kind), Status: status, Reason: reason, ObservedGeneration: route.Generation, LastTransitionTime: metav1.Now()}
		}
		route.Status.Parents = []gatewayv1.RouteParentStatus{{ParentRef: route.Spec.ParentRefs[0], ControllerName: "example.com/simulated", Conditions: []metav1.Condition{
			answer(gatewayv1.RouteConditionAccepted, accepted, reason), answer(gatewayv1.RouteConditionResolvedRefs, metav1.ConditionTrue, "ResolvedRefs")}}}
		return k8s.Status().Update(ctx, route)
	}).Should(Succeed())
}
