// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"fmt"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// Budget compares the connections that a service's pods may open with those that
// the database accepts.
type Budget struct {
	Pods, Surge, Pool int
	Limit, Reserved   int
}

// Connections returns the budget of a service with a number of pods, and surge more
// during a rollout.
func (p *Plan) Connections(pods, surge int) Budget {
	limit, reserved := p.Engine.Connections(p.Parameters)
	return Budget{Pods: pods, Surge: surge, Pool: int(p.Pool), Limit: limit, Reserved: reserved}
}

// Sufficient reports whether all pods can open all their connections.
func (b Budget) Sufficient() bool { return b.wanted() <= b.available() }

func (b Budget) wanted() int    { return (b.Pods + b.Surge) * b.Pool }
func (b Budget) available() int { return b.Limit - b.Reserved }

// String returns the calculation.
func (b Budget) String() string {
	pods := fmt.Sprintf("%d pods", b.Pods)
	if b.Pods == 1 {
		pods = "1 pod"
	}
	if b.Surge > 0 {
		pods = fmt.Sprintf("(%s + %d during a rollout)", pods, b.Surge)
	}
	limit := fmt.Sprintf("the server's limit of %d", b.Limit)
	if b.Reserved > 0 {
		limit = fmt.Sprintf("the server's limit of %d less %d reserved", b.Limit, b.Reserved)
	}
	return fmt.Sprintf("%s × %d connections (database.pool) = %d, of %d (%s)", pods, b.Pool, b.wanted(), b.available(), limit)
}

// ConnectionsHealth says whether the database accepts enough connections for the
// largest number of pods; nil if Atoll does not know the database.
func ConnectionsHealth(db *Database) *condition.Health {
	p := db.managed()
	if p == nil {
		return nil
	}
	pods := int(db.MaxReplicas())
	budget := p.Connections(pods, db.Surge(pods))
	if budget.Sufficient() {
		return &condition.Health{Ready: true, Reason: v1alpha1.ReasonConnectionsSufficient, Message: condition.Say("%s", budget)}
	}
	return &condition.Health{Reason: v1alpha1.ReasonTooFewConnections,
		Message: condition.Message{Cause: budget.String(), Remedy: "lower database.pool or the number of pods, or raise the limit in database.parameters"}}
}
