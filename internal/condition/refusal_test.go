// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package condition

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestClassifyRefusal(t *testing.T) {
	const (
		exceeded = "exceeded quota: zero, requested: pods=1, used: pods=0, limited: pods=0"
		raise    = "raise the namespace's ResourceQuota, or request less"
	)
	pods := &ExceededQuota{Name: "zero", Requests: []QuotaRequest{{Resource: "pods", Requested: "1", Limit: "0"}}}
	for name, tc := range map[string]struct {
		said string
		want Refusal
	}{
		"the name of a pod, which changes, is left out": {
			said: `pods "users-7c7cd5b4dc-q9xqn" is forbidden: ` + exceeded,
			want: Refusal{Class: QuotaExceeded, Text: exceeded, Advice: raise, Quota: pods},
		},
		"the controller's prefix is left out": {
			said: `create Pod orders-db-0 in StatefulSet orders-db failed error: pods "orders-db-0" is forbidden: ` + exceeded,
			want: Refusal{Class: QuotaExceeded, Text: exceeded, Advice: raise, Quota: pods},
		},
		"another object's name stays": {
			said: `services "users" is forbidden: exceeded quota: zero, requested: services=1, used: services=0, limited: services=0`,
			want: Refusal{Class: QuotaExceeded, Text: `services "users" is forbidden: exceeded quota: zero, requested: services=1, used: services=0, limited: services=0`, Advice: raise,
				Quota: &ExceededQuota{Name: "zero", Requests: []QuotaRequest{{Resource: "services", Requested: "1", Limit: "0"}}}},
		},
		"several resources of a quota": {
			said: "exceeded quota: tight, requested: limits.memory=1Gi,requests.cpu=500m, used: limits.memory=7Gi,requests.cpu=2, limited: limits.memory=8Gi,requests.cpu=2",
			want: Refusal{Class: QuotaExceeded, Text: "exceeded quota: tight, requested: limits.memory=1Gi,requests.cpu=500m, used: limits.memory=7Gi,requests.cpu=2, limited: limits.memory=8Gi,requests.cpu=2",
				Advice: raise, Quota: &ExceededQuota{Name: "tight", Requests: []QuotaRequest{{"limits.memory", "1Gi", "8Gi"}, {"requests.cpu", "500m", "2"}}}},
		},
		"quota that requires resources to be set": {
			said: `pods "a" is forbidden: failed quota: cpu: must specify limits.memory for: users`,
			want: Refusal{Class: QuotaNeedsResources, Text: "failed quota: cpu: must specify limits.memory for: users", Advice: "set these in resources, or in the Topology's defaults.resources"},
		},
		"LimitRange": {
			said: `pods "a" is forbidden: maximum memory usage per Container is 16Mi, but limit is 1Gi`,
			want: Refusal{Class: LimitRange, Text: "maximum memory usage per Container is 16Mi, but limit is 1Gi", Advice: "correct resources, or the namespace's LimitRange"},
		},
		"Pod Security": {
			said: `pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged`,
			want: Refusal{Class: PodSecurity, Text: `violates PodSecurity "restricted:latest": privileged`, Advice: "correct podTemplate, or the namespace's label pod-security.kubernetes.io/enforce"},
		},
		"missing ServiceAccount": {
			said: `pods "a-" is forbidden: error looking up service account shop/nope: serviceaccount "nope" not found`,
			want: Refusal{Class: ServiceAccountMissing, Text: `error looking up service account shop/nope: serviceaccount "nope" not found`, Advice: "create it, or correct serviceAccount.name"},
		},
		"missing permission of Atoll": {
			said: `services "a" is forbidden: User "atoll" cannot patch resource "services"`,
			want: Refusal{Class: PermissionMissing, Text: `services "a" is forbidden: User "atoll" cannot patch resource "services"`, Advice: "grant Atoll that permission (config/rbac)"},
		},
		"missing permission of Atoll, of a cluster": {
			said: `clusterroles.rbac.authorization.k8s.io is forbidden: User "atoll" cannot list resource "clusterroles" in API group "rbac.authorization.k8s.io" at the cluster scope`,
			want: Refusal{Class: PermissionMissing, Advice: "grant Atoll that permission (config/rbac)",
				Text: `clusterroles.rbac.authorization.k8s.io is forbidden: User "atoll" cannot list resource "clusterroles" in API group "rbac.authorization.k8s.io" at the cluster scope`},
		},
		"missing permission to set an owner": {
			said: `deployments.apps "a" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>`,
			want: Refusal{Class: PermissionMissing, Advice: "grant Atoll that permission (config/rbac)",
				Text: `deployments.apps "a" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>`},
		},
		"missing permission of a controller of Kubernetes": {
			said: `Error creating: pods is forbidden: User "system:serviceaccount:kube-system:replicaset-controller" cannot create resource "pods" in API group "" in the namespace "shop"`,
			want: Refusal{Class: PermissionMissing, Advice: "grant that permission to the user that the message names",
				Text: `pods is forbidden: User "system:serviceaccount:kube-system:replicaset-controller" cannot create resource "pods" in API group "" in the namespace "shop"`},
		},
		"admission policy that speaks like RBAC": {
			said: `deployments.apps "a" is forbidden: ValidatingAdmissionPolicy 'hosts' with binding 'hosts' denied request: User "atoll" cannot create resource "deployments" with hostNetwork`,
			want: Refusal{Class: AdmissionPolicy, Advice: "change what it names in the spec; or ask the owner of the policy",
				Text: `deployments.apps "a" is forbidden: ValidatingAdmissionPolicy 'hosts' with binding 'hosts' denied request: User "atoll" cannot create resource "deployments" with hostNetwork`},
		},
		"webhook": {
			said: `admission webhook "images.example.com" denied the request: images of this registry cannot be used`,
			want: Refusal{Class: AdmissionWebhook, Advice: "change what it names in the spec; or ask the owner of the policy",
				Text: `admission webhook "images.example.com" denied the request: images of this registry cannot be used`},
		},
		"security context that contradicts itself": {
			said: "Deployment.apps \"a\" is invalid: spec.template.spec.containers[0].securityContext: Invalid value: cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
			want: Refusal{Text: "Deployment.apps \"a\" is invalid: spec.template.spec.containers[0].securityContext: Invalid value: cannot set `allowPrivilegeEscalation` to false and `privileged` to true"},
		},
		"invalid pod":   {said: `Pod "a-1" is invalid: spec.x: Required value`, want: Refusal{Text: "spec.x: Required value"}},
		"anything else": {said: "no", want: Refusal{Text: "no"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, ClassifyRefusal(tc.said)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestInvalidObjectHasRemedy checks that an object that the API server's validation refuses is
// told from another refusal by the reason of the status.
func TestInvalidObjectHasRemedy(t *testing.T) {
	for reason, want := range map[metav1.StatusReason]string{
		metav1.StatusReasonInvalid:    "correct the field of the spec that sets it",
		metav1.StatusReasonBadRequest: "",
	} {
		err := &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Reason: reason,
			Message: `Deployment.apps "a" is invalid: spec.template.spec.restartPolicy: Unsupported value: "Never"`}}
		if got := RefusalOf(err).Advice; got != want {
			t.Errorf("with the reason %s, the advice is %q, want %q", reason, got, want)
		}
	}
}

// TestRefusalOf checks that the authorizer is distinguished from admission by the fields of the status.
func TestRefusalOf(t *testing.T) {
	denied := func(reason metav1.StatusReason, causes ...metav1.StatusCause) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Reason: reason,
			Message: `services "a" is forbidden: User "atoll" cannot patch resource "services" in API group "" in the namespace "shop"`,
			Details: &metav1.StatusDetails{Name: "a", Kind: "services", Causes: causes}}}
	}
	for name, tc := range map[string]struct {
		err  error
		want RefusalClass
	}{
		"the authorizer":                         {denied(metav1.StatusReasonForbidden), PermissionMissing},
		"a policy, which adds a cause":           {denied(metav1.StatusReasonForbidden, metav1.StatusCause{Message: "no"}), ""},
		"a policy, which has the reason Invalid": {denied(metav1.StatusReasonInvalid), ""},
		"no status":                              {errors.New(`User "atoll" cannot patch resource "services"`), PermissionMissing},
	} {
		t.Run(name, func(t *testing.T) {
			if got := RefusalOf(tc.err).Class; got != tc.want {
				t.Errorf("the class is %q, want %q", got, tc.want)
			}
		})
	}
}
