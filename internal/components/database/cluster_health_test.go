/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

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
		"not there yet": {of: "cloudnativepg-all-fields", want: &condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true, Message: condition.ParseMessage(`Cluster "orders-db" is being updated`)}},
		"ready":         {of: "cloudnativepg-live", want: &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage("The database accepts connections")}},
		"ready, and the service has no user yet": {
			of: "cloudnativepg-first-password", want: &condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true,
				Message: condition.ParseMessage(`The database is being given the service's user, which Secret "orders-db" will hold`)}},
		"ready, and the service's user is published": {
			of: "cloudnativepg-first-publish", want: &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage("The database accepts connections")}},
		"hibernated": {of: "cloudnativepg-suspended", want: &condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The database is hibernated: set suspend to false to wake it")}},
		"not taken up by its operator": {
			of: "cloudnativepg-live", changes: []func(*inputs.Inputs){status(map[string]any{})},
			want: &condition.Health{Reason: v1alpha1.ReasonPending, Progressing: true, Message: condition.ParseMessage(`CloudNativePG has not taken up Cluster "orders-db" yet: is its operator running?`)}},
		"being set up": {
			of: "cloudnativepg-live", changes: []func(*inputs.Inputs){status(map[string]any{"phase": "Setting up primary"})},
			want: &condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true, Message: condition.ParseMessage(`Cluster "orders-db": Setting up primary`)}},
		"not ready any more": {
			of: "cloudnativepg-live", changes: []func(*inputs.Inputs){status(map[string]any{"phase": "Failing over", "conditions": ready("False")})},
			want: &condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true, Message: condition.ParseMessage(`Cluster "orders-db": Failing over`)}},
		"another condition than Ready says nothing": {
			of: "cloudnativepg-live",
			changes: []func(*inputs.Inputs){status(map[string]any{"phase": "Setting up primary", "conditions": []any{
				map[string]any{"type": "ContinuousArchiving", "status": "True"}}})},
			want: &condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true, Message: condition.ParseMessage(`Cluster "orders-db": Setting up primary`)}},
		"a server's pod that can't start": {
			of: "cloudnativepg-live",
			changes: []func(*inputs.Inputs){status(map[string]any{"phase": "Setting up primary"}), func(in *inputs.Inputs) {
				in.Pods = []corev1.Pod{inputstest.Pulling(v1alpha1.ComponentDatabase)}
			}},
			want: &condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Stalled: true,
				Message: condition.ParseMessage(`Image "orders:1" of container "orders" cannot be pulled: the registry does not have it; to fix: correct database.version or database.image, or push the image`)}},
	})
	if got := ClusterHealth(Of(&inputs.Inputs{Microservice: inputstest.Orders()}), nil); got.Ready {
		t.Errorf("nothing there is ready: %+v", got)
	}
}

func TestConnectionsHealth(t *testing.T) {
	scaled := func(replicas, pool int32) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			in.Microservice.Spec.Scaling = &v1alpha1.Scaling{Replicas: &replicas}
			in.Microservice.Spec.Database.Pool = &pool
		}
	}
	parameter := func(name string, value v1alpha1.ParameterValue) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			in.Microservice.Spec.Database.Parameters = map[string]v1alpha1.ParameterValue{name: value}
		}
	}
	recreated := func(in *inputs.Inputs) {
		in.Microservice.Spec.Rollout = &v1alpha1.Rollout{Strategy: v1alpha1.RolloutRecreate}
	}
	const pg, advice = "database-postgresql-builtin-retain", ": lower database.pool or the number of pods, or raise the limit in database.parameters"
	enough := func(sum string) *condition.Health {
		return &condition.Health{Ready: true, Reason: v1alpha1.ReasonConnectionsSufficient, Message: condition.ParseMessage(sum)}
	}
	few := func(sum string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonTooFewConnections, Message: condition.ParseMessage(sum + advice)}
	}
	checkHealth(t, ConnectionsHealth, map[string]healthCase{
		"no database":                      {of: "defaults"},
		"a database that is run elsewhere": {of: "database-postgresql-external"},
		"the defaults of PostgreSQL":       {of: pg, want: enough("(2 pods + 1 during a rollout) × 10 connections (database.pool) = 30, of 97 (the server's limit of 100 less 3 reserved)")},
		"the defaults of MariaDB":          {of: "database-mariadb-builtin-retain", want: enough("(2 pods + 1 during a rollout) × 10 connections (database.pool) = 30, of 151 (the server's limit of 151)")},
		"the defaults of Valkey":           {of: "database-valkey-builtin-retain", want: enough("(2 pods + 1 during a rollout) × 10 connections (database.pool) = 30, of 10000 (the server's limit of 10000)")},
		"the defaults of a Cluster":        {of: "database-postgresql-cloudnativepg-retain", want: enough("(2 pods + 1 during a rollout) × 10 connections (database.pool) = 30, of 97 (the server's limit of 100 less 3 reserved)")},
		"exactly as many as there are":     {of: pg, changes: []func(*inputs.Inputs){scaled(1, 48), parameter("max_connections", "99")}, want: enough("(1 pod + 1 during a rollout) × 48 connections (database.pool) = 96, of 96 (the server's limit of 99 less 3 reserved)")},
		"one more than there are":          {of: pg, changes: []func(*inputs.Inputs){scaled(1, 49), parameter("max_connections", "100")}, want: few("(1 pod + 1 during a rollout) × 49 connections (database.pool) = 98, of 97 (the server's limit of 100 less 3 reserved)")},
		"only a rollout asks for too many": {of: pg, changes: []func(*inputs.Inputs){scaled(8, 10)}, want: few("(8 pods + 2 during a rollout) × 10 connections (database.pool) = 100, of 97 (the server's limit of 100 less 3 reserved)")},
		"a rollout that asks for no more":  {of: pg, changes: []func(*inputs.Inputs){scaled(8, 10), recreated}, want: enough("8 pods × 10 connections (database.pool) = 80, of 97 (the server's limit of 100 less 3 reserved)")},
		"a quarter is rounded up":          {of: pg, changes: []func(*inputs.Inputs){scaled(5, 10)}, want: enough("(5 pods + 2 during a rollout) × 10 connections (database.pool) = 70, of 97 (the server's limit of 100 less 3 reserved)")},
		"an autoscaler's most pods":        {of: pg, changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { inputstest.Autoscaled(2, 20)(in.Microservice) }}, want: few("(20 pods + 5 during a rollout) × 10 connections (database.pool) = 250, of 97 (the server's limit of 100 less 3 reserved)")},
		"a suspended service has no pods":  {of: pg, changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { inputstest.Suspended(in.Microservice) }}, want: enough("0 pods × 10 connections (database.pool) = 0, of 97 (the server's limit of 100 less 3 reserved)")},
		"a suspended one with an autoscaler": {
			of: pg, changes: []func(*inputs.Inputs){func(in *inputs.Inputs) {
				inputstest.Autoscaled(2, 4)(in.Microservice)
				inputstest.Suspended(in.Microservice)
			}},
			want: enough("(4 pods + 1 during a rollout) × 10 connections (database.pool) = 50, of 97 (the server's limit of 100 less 3 reserved)")},
	})
}
