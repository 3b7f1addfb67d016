// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

func TestClusterHealth(t *testing.T) {
	status := func(fields map[string]any) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) { in.DatabaseState.Cluster.Object["status"] = fields }
	}
	ready := func(value string) []any { return []any{map[string]any{"type": "Ready", "status": value}} }
	checkHealth(t, func(in *Database) *condition.Health { return ptr.To(ClusterHealth(in, in.DatabaseState.Cluster)) }, map[string]healthCase{
		"not created yet": {of: "cloudnativepg-all-fields", want: &condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true, Message: condition.ParseMessage(`Cluster "orders-db" is being updated`)}},
		"ready":           {of: "cloudnativepg-live", want: &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage("The database accepts connections")}},
		"ready, and the service has no user yet": {
			of: "cloudnativepg-first-password", want: &condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true,
				Message: condition.ParseMessage(`The database is getting a user for the service, which Secret "orders-db" will hold`)}},
		"ready, and the service's user is published": {
			of: "cloudnativepg-first-publish", want: &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage("The database accepts connections")}},
		"hibernated": {of: "cloudnativepg-suspended", want: &condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The database is hibernated; to fix: set suspend to false to wake it")}},
		"ignored by its operator": {
			of: "cloudnativepg-live", changes: []func(*inputs.Inputs){status(map[string]any{})},
			want: &condition.Health{Reason: v1alpha1.ReasonPending, Progressing: true, Message: condition.ParseMessage(`Cluster "orders-db" has no status from CloudNativePG yet; to fix: check that CloudNativePG's operator runs`)}},
		"being set up": {
			of: "cloudnativepg-live", changes: []func(*inputs.Inputs){status(map[string]any{"phase": "Setting up primary"})},
			want: &condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true, Message: condition.ParseMessage(`Cluster "orders-db" is in this phase: Setting up primary`)}},
		"no longer ready": {
			of: "cloudnativepg-live", changes: []func(*inputs.Inputs){status(map[string]any{"phase": "Failing over", "conditions": ready("False")})},
			want: &condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true, Message: condition.ParseMessage(`Cluster "orders-db" is in this phase: Failing over`)}},
		"another condition than Ready does not count": {
			of: "cloudnativepg-live",
			changes: []func(*inputs.Inputs){status(map[string]any{"phase": "Setting up primary", "conditions": []any{
				map[string]any{"type": "ContinuousArchiving", "status": "True"}}})},
			want: &condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true, Message: condition.ParseMessage(`Cluster "orders-db" is in this phase: Setting up primary`)}},
		"a server's pod that can't start": {
			of: "cloudnativepg-live",
			changes: []func(*inputs.Inputs){status(map[string]any{"phase": "Setting up primary"}), func(in *inputs.Inputs) {
				in.Pods = []corev1.Pod{inputstest.Pulling(v1alpha1.ComponentDatabase)}
			}},
			want: &condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Stalled: true,
				Message: condition.ParseMessage(`Image "orders:1" of container "orders" cannot be pulled: the registry does not have it; to fix: correct database.version or database.image, or push the image`)}},
	})
	if got := ClusterHealth(Of(&inputs.Inputs{Microservice: inputstest.Orders()}), nil); got.Ready {
		t.Errorf("a Cluster that does not exist is ready: %+v", got)
	}
}
