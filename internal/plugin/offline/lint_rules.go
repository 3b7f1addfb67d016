// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"slices"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Rule is what findings with the same code have in common.
type Rule struct {
	// Code identifies the rule. It never changes, because reports are compared by it.
	Code string
	// Errors and Warnings say which severities its findings may have.
	Errors, Warnings bool
	// Summary says what the rule reports, in Markdown.
	Summary string
	// Page is the page of the documents that says more, relative to docs, with its anchor.
	Page string
}

// rulesPage has the table of the rules.
const rulesPage = "kubectl-atoll.md#lint"

// reasonsPage has the table of reasons: what each means, and what to do.
const reasonsPage = "status.md#reasons"

// Rules are the rules of Lint: first those of its own, as docs/kubectl-atoll.md lists them, then
// the reasons of conditions that show without a cluster, as docs/status.md describes them.
var Rules = append(slices.Clone(ownRules), reasonRules...)

var ownRules = []Rule{
	{Code: CodeUnknownField, Errors: true, Summary: "a field that the kind does not have, and one of a similar name"},
	{Code: CodeInvalid, Errors: true, Summary: "what the API server would reject"},
	{Code: CodeUnknownKind, Errors: true, Summary: "another version than `atoll.dev/v1alpha1`, or a kind that Atoll does not have"},
	{Code: v1alpha1.ReasonPortNotFound, Errors: true, Summary: "a port that a dependency does not have; also the port of an address in `env`, `command` or `args`"},
	{Code: CodeUndeclaredCall, Warnings: true, Summary: "the address of a service that is not in `dependencies`, or of another of its ports"},
	{Code: CodeUnknownHost, Warnings: true, Summary: "the address of a Service that is not in the files, if one has nearly this address"},
	{Code: CodeUnbalanced, Warnings: true, Page: "topology.md#grpc",
		Summary: "an address, or the protocol of a port named `grpc`, with which all calls of a gRPC client go to one of several pods"},
	{Code: CodeUnsetVariable, Warnings: true, Summary: "`$(NAME)` in `env`, `command` or `args` that nothing sets, or sets before it"},
	{Code: CodeReplacedVariable, Warnings: true, Summary: "a variable that replaces one of the database or of a dependency, without being made of them"},
	{Code: CodeProbePort, Errors: true, Summary: "a probe or hook that names a port which its container does not have"},
	{Code: CodeNoImage, Errors: true, Summary: "a container of `podTemplate` without an image, because its name is not the service's"},
	{Code: CodeRestartPolicy, Errors: true, Summary: "another `restartPolicy` than Always"},
	{Code: CodeLimits, Errors: true, Summary: "a limit below the request"},
	{Code: CodeClaimShared, Warnings: true, Summary: "a claim for one pod or node that several pods, or a rollout, need"},
	{Code: CodeOpenRoutes, Warnings: true, Summary: "`gateway.dataPlane` is unset, so any pod may reach routed ports"},
	{Code: CodeHostAccess, Errors: true, Warnings: true, Page: "security.md#host-access",
		Summary: "the pods, or a Topology's defaults for them, reach the host, which an admission policy refuses; a warning if the files do not contain the namespace"},
}

var reasonRules = []Rule{
	reasonRule(v1alpha1.ReasonInvalidSpec, true, false, "Atoll can't carry out the spec or an annotation"),
	reasonRule(v1alpha1.ReasonNotOwned, true, false, "an object with the desired name exists and Atoll does not own it; Atoll does not change it, and checks it every minute"),
	reasonRule(v1alpha1.ReasonTopologyNotFound, true, true, "the Topology in `topologyRef` does not exist in this namespace"),
	reasonRule(v1alpha1.ReasonReferenceNotFound, true, false, "a Secret, ConfigMap or key that the pods use does not exist; running pods continue to run"),
	reasonRule(v1alpha1.ReasonCredentialsLost, true, false, "the volume or Cluster of a database exists and its Secret does not; Atoll creates no new password, because it would not open the data"),
	reasonRule(v1alpha1.ReasonForeignAutoscaler, false, true, "an autoscaler that Atoll did not make scales the Deployment; Atoll leaves it the number of pods"),
	reasonRule(v1alpha1.ReasonTooFewConnections, false, true, "the pods may open more connections than the database accepts"),
	reasonRule(v1alpha1.ReasonNoGateway, true, true, "a route has no Gateway to attach to"),
	reasonRule(v1alpha1.ReasonNotAccepted, true, true, "the gateway's controller rejects a Gateway or a route"),
	reasonRule(v1alpha1.ReasonRouteConflict, true, true, "the gateway sends the requests of a route to another service, whose older route has the same host, path and headers"),
	reasonRule(v1alpha1.ReasonHostAlreadyClaimed, true, true, "a host of a route, or its path on the host, belongs to a Topology or to another namespace"),
	reasonRule(v1alpha1.ReasonDependencyNotFound, false, true, "a dependency does not exist in this namespace"),
	reasonRule(v1alpha1.ReasonNotPermitted, true, false, "a dependency in another Topology does not permit the caller, or a Topology does not accept members from the namespace; in another namespace also: it does not exist"),
	reasonRule(v1alpha1.ReasonCycle, false, true, "dependencies form a cycle"),
}

func reasonRule(reason string, errors, warnings bool, summary string) Rule {
	return Rule{Code: reason, Errors: errors, Warnings: warnings, Summary: summary, Page: reasonsPage}
}

// RuleOf returns the rule of a code. A reason that is not in Rules has a rule without a summary.
func RuleOf(code string) Rule {
	if i := slices.IndexFunc(Rules, func(r Rule) bool { return r.Code == code }); i >= 0 {
		return Rules[i]
	}
	return reasonRule(code, true, true, "")
}

// Help returns the page of the documents that describes the rule, relative to docs.
func (r *Rule) Help() string {
	if r.Page == "" {
		return rulesPage
	}
	return r.Page
}
