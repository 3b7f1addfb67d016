// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package condition

import (
	"errors"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RefusalClass is the reason for which the API server, or admission, refuses an
// object.
type RefusalClass string

// Classes of refusals. A refusal of no known class has none.
const (
	QuotaExceeded         RefusalClass = "QuotaExceeded"
	QuotaNeedsResources   RefusalClass = "QuotaNeedsResources"
	PodSecurity           RefusalClass = "PodSecurity"
	LimitRange            RefusalClass = "LimitRange"
	ServiceAccountMissing RefusalClass = "ServiceAccountMissing"
	// PermissionMissing is a refusal by RBAC, or by another authorizer.
	PermissionMissing RefusalClass = "PermissionMissing"
	// AdmissionPolicy is a refusal by a ValidatingAdmissionPolicy, and AdmissionWebhook one by
	// a webhook.
	AdmissionPolicy  RefusalClass = "AdmissionPolicy"
	AdmissionWebhook RefusalClass = "AdmissionWebhook"
)

// policyAdvice is the remedy for the refusal of a policy. It never is a wider permission of
// Atoll: the policy refuses what the object has.
const policyAdvice = "change what it names in the spec; or ask the owner of the policy"

// refusals are the texts by which the classes are found, and what to do. The first
// one that fits counts.
var refusals = []struct {
	class        RefusalClass
	text, advice string
}{
	{AdmissionPolicy, "ValidatingAdmissionPolicy '", policyAdvice},
	{AdmissionWebhook, "admission webhook \"", policyAdvice},
	{QuotaExceeded, "exceeded quota", "raise the namespace's ResourceQuota, or request less"},
	{QuotaNeedsResources, "failed quota", "set these in resources, or in the Topology's defaults.resources"},
	{PodSecurity, "violates PodSecurity", "correct podTemplate, or the namespace's label pod-security.kubernetes.io/enforce"},
	{LimitRange, "usage per ", "correct resources, or the namespace's LimitRange"},
	{ServiceAccountMissing, "error looking up service account", "create it, or correct serviceAccount.name"},
}

// permissionAdvice is the remedy for a request of Atoll's that the authorizer refuses.
const permissionAdvice = "grant Atoll that permission (config/rbac)"

// invalidAdvice is the remedy for an object that the API server's validation refuses.
const invalidAdvice = "correct the field of the spec that sets it"

// unauthorized is what the API server says for the authorizer, such as RBAC
// (k8s.io/apiserver/pkg/endpoints/handlers/responsewriters): the user, the verb and the
// resource. The second text is that of an admission plugin that asks the authorizer. Text of
// others, such as a policy's message, never begins so.
var unauthorized = regexp.MustCompile(`^(?:\S+(?: "[^"]*")? is forbidden: )?(?:User "([^"]+)" cannot \S+ (?:resource|path) "|cannot set blockOwnerDeletion )`)

// Refusal is why the API server refuses an object.
type Refusal struct {
	Class RefusalClass
	// Text is the API server's text, without the names of pods and claims, which change
	// with every try.
	Text string
	// Advice says what to do, beginning with a verb in lower case; empty where that is
	// not known.
	Advice string
	// Quota is set where a ResourceQuota is exceeded and the text says by what.
	Quota *ExceededQuota
}

// ExceededQuota is what the API server says of a ResourceQuota.
type ExceededQuota struct {
	Name string
	// Requests are what one pod requests of the resources that are exceeded.
	Requests []QuotaRequest
}

// QuotaRequest is a request for a limited resource, and the limit of all of them.
type QuotaRequest struct{ Resource, Requested, Limit string }

// OfQuota reports whether a ResourceQuota refuses the object.
func (r Refusal) OfQuota() bool { return r.Class == QuotaExceeded || r.Class == QuotaNeedsResources }

var (
	// createdBy is how controllers and the API server begin the text about a pod or a
	// claim.
	createdBy = regexp.MustCompile(`^(?:Error creating: |create (?:Pod|Claim) \S+ in StatefulSet \S+ failed error: |create Claim .*? failed error: )?(?:(?:pods|Pod|persistentvolumeclaims) "[^"]*" is (?:forbidden|invalid): )?`)
	quotaText = regexp.MustCompile(`exceeded quota: ([^,]+), requested: ([^\s,]+(?:,[^\s,]+)*), used: \S+, limited: ([^\s,]+(?:,[^\s,]+)*)`)
)

// ClassifyRefusal reads what the API server, or a controller in its place, says of
// an object that it refuses.
func ClassifyRefusal(said string) Refusal {
	r := Refusal{Text: createdBy.ReplaceAllString(said, "")}
	for _, known := range refusals {
		if strings.Contains(r.Text, known.text) {
			r.Class, r.Advice = known.class, known.advice
			break
		}
	}
	if found := unauthorized.FindStringSubmatch(r.Text); r.Class == "" && found != nil {
		r.Class, r.Advice = PermissionMissing, permissionAdvice
		// A pod is created by a controller of Kubernetes.
		if strings.HasPrefix(found[1], "system:serviceaccount:kube-system:") {
			r.Advice = "grant that permission to the user that the message names"
		}
	}
	if found := quotaText.FindStringSubmatch(r.Text); found != nil {
		r.Quota = exceededQuota(found[1], found[2], found[3])
	}
	return r
}

// RefusalOf classifies an error of the API server. The authorizer answers with the reason
// Forbidden and no cause; admission policies add one.
func RefusalOf(err error) Refusal {
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) {
		return ClassifyRefusal(err.Error())
	}
	s := status.Status()
	r := ClassifyRefusal(s.Message)
	if r.Class == "" && s.Reason == metav1.StatusReasonInvalid {
		r.Advice = invalidAdvice
	}
	if r.Class == PermissionMissing && (s.Reason != metav1.StatusReasonForbidden || s.Details != nil && len(s.Details.Causes) > 0) {
		r.Class, r.Advice = "", ""
	}
	return r
}

func exceededQuota(name, requested, limited string) *ExceededQuota {
	limits := map[string]string{}
	for _, pair := range strings.Split(limited, ",") {
		of, limit, _ := strings.Cut(pair, "=")
		limits[of] = limit
	}
	quota := &ExceededQuota{Name: name}
	for _, pair := range strings.Split(requested, ",") {
		of, amount, _ := strings.Cut(pair, "=")
		quota.Requests = append(quota.Requests, QuotaRequest{Resource: of, Requested: amount, Limit: limits[of]})
	}
	return quota
}
