// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

func TestBudget(t *testing.T) {
	for name, tc := range map[string]struct {
		budget         Budget
		wantSufficient bool
		want           string
	}{
		"no pods":               {Budget{Pool: 10, Limit: 100, Reserved: 3}, true, "0 pods × 10 connections (database.pool) = 0, of 97 (the server's limit of 100 less 3 reserved)"},
		"as many as fit":        {Budget{Pods: 10, Pool: 10, Limit: 100}, true, "10 pods × 10 connections (database.pool) = 100, of 100 (the server's limit of 100)"},
		"one too many":          {Budget{Pods: 10, Pool: 10, Limit: 100, Reserved: 1}, false, "10 pods × 10 connections (database.pool) = 100, of 99 (the server's limit of 100 less 1 reserved)"},
		"too many in a rollout": {Budget{Pods: 9, Surge: 3, Pool: 10, Limit: 100}, false, "(9 pods + 3 during a rollout) × 10 connections (database.pool) = 120, of 100 (the server's limit of 100)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.budget.Sufficient(); got != tc.wantSufficient {
				t.Errorf("sufficient is %t, want %t", got, tc.wantSufficient)
			}
			if diff := cmp.Diff(tc.want, tc.budget.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
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
	const pg, advice = "database-postgresql-builtin-retain", "; to fix: lower database.pool or the number of pods, or raise the limit in database.parameters"
	enough := func(sum string) *condition.Health {
		return &condition.Health{Ready: true, Reason: v1alpha1.ReasonConnectionsSufficient, Message: condition.ParseMessage(sum)}
	}
	few := func(sum string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonTooFewConnections, Message: condition.ParseMessage(sum + advice)}
	}
	checkHealth(t, ConnectionsHealth, map[string]healthCase{
		"no database":                     {of: "defaults"},
		"an External database":            {of: "database-postgresql-external"},
		"the defaults of PostgreSQL":      {of: pg, want: enough("(2 pods + 1 during a rollout) × 10 connections (database.pool) = 30, of 97 (the server's limit of 100 less 3 reserved)")},
		"the defaults of MariaDB":         {of: "database-mariadb-builtin-retain", want: enough("(2 pods + 1 during a rollout) × 10 connections (database.pool) = 30, of 151 (the server's limit of 151)")},
		"the defaults of Valkey":          {of: "database-valkey-builtin-retain", want: enough("(2 pods + 1 during a rollout) × 10 connections (database.pool) = 30, of 10000 (the server's limit of 10000)")},
		"the defaults of a Cluster":       {of: "database-postgresql-cloudnativepg-retain", want: enough("(2 pods + 1 during a rollout) × 10 connections (database.pool) = 30, of 97 (the server's limit of 100 less 3 reserved)")},
		"exactly the limit":               {of: pg, changes: []func(*inputs.Inputs){scaled(1, 48), parameter("max_connections", "99")}, want: enough("(1 pod + 1 during a rollout) × 48 connections (database.pool) = 96, of 96 (the server's limit of 99 less 3 reserved)")},
		"one more than the limit":         {of: pg, changes: []func(*inputs.Inputs){scaled(1, 49), parameter("max_connections", "100")}, want: few("(1 pod + 1 during a rollout) × 49 connections (database.pool) = 98, of 97 (the server's limit of 100 less 3 reserved)")},
		"only a rollout needs too many":   {of: pg, changes: []func(*inputs.Inputs){scaled(8, 10)}, want: few("(8 pods + 2 during a rollout) × 10 connections (database.pool) = 100, of 97 (the server's limit of 100 less 3 reserved)")},
		"a rollout without surge":         {of: pg, changes: []func(*inputs.Inputs){scaled(8, 10), recreated}, want: enough("8 pods × 10 connections (database.pool) = 80, of 97 (the server's limit of 100 less 3 reserved)")},
		"a quarter is rounded up":         {of: pg, changes: []func(*inputs.Inputs){scaled(5, 10)}, want: enough("(5 pods + 2 during a rollout) × 10 connections (database.pool) = 70, of 97 (the server's limit of 100 less 3 reserved)")},
		"an autoscaler's most pods":       {of: pg, changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { inputstest.Autoscaled(2, 20)(in.Microservice) }}, want: few("(20 pods + 5 during a rollout) × 10 connections (database.pool) = 250, of 97 (the server's limit of 100 less 3 reserved)")},
		"a suspended service has no pods": {of: pg, changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { inputstest.Suspended(in.Microservice) }}, want: enough("0 pods × 10 connections (database.pool) = 0, of 97 (the server's limit of 100 less 3 reserved)")},
		"a suspended one with an autoscaler": {
			of: pg, changes: []func(*inputs.Inputs){func(in *inputs.Inputs) {
				inputstest.Autoscaled(2, 4)(in.Microservice)
				inputstest.Suspended(in.Microservice)
			}},
			want: enough("(4 pods + 1 during a rollout) × 10 connections (database.pool) = 50, of 97 (the server's limit of 100 less 3 reserved)")},
	})
}
