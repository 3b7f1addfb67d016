// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package condition

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Type is a row of the table of conditions.
type Type struct {
	// Name is the type of the condition.
	Name string
	// About says what the condition covers, and Present when an object has it.
	// docs/status.md shows both.
	About, Present string
	// DecidesReady means that Ready is False while the condition is False.
	DecidesReady bool
	// AbnormalTrue means that the condition is present only while something is not as it should be.
	// All others are True when all is well.
	AbnormalTrue bool
	// Unless are reasons with which the condition does not decide Ready all the same.
	Unless []string
}

// Decides reports whether Ready is False while the condition is False for a
// reason.
func (c *Type) Decides(reason string) bool {
	return c.DecidesReady && !slices.Contains(c.Unless, reason)
}

// Types are the types of conditions of Microservices and Topologies, in the
// order in which status lists them. Of several that keep Ready False and are
// equally severe, Ready repeats the first.
var Types = []Type{
	{Name: v1alpha1.ConditionReady, About: "the object as a whole", Present: "always"},
	{Name: v1alpha1.ConditionReconciling, About: "Ready is not True yet, and no change of the spec is needed", Present: "while true", AbnormalTrue: true},
	{Name: v1alpha1.ConditionStalled, About: "Ready stays False until a user changes the spec, or what it refers to", Present: "while true", AbnormalTrue: true},
	{Name: v1alpha1.ConditionDependenciesReady, About: "the services that this one calls", Present: "with `dependencies`",
		DecidesReady: true, Unless: []string{v1alpha1.ReasonDependencyNotReady}},
	{Name: v1alpha1.ConditionDatabaseReady, About: "the database and its Secrets", Present: "with `database`", DecidesReady: true},
	{Name: v1alpha1.ConditionDatabaseRestored, About: "the restore of a backup into a new database", Present: "with `database.restore`", DecidesReady: true},
	{Name: v1alpha1.ConditionDatabaseMigrated, About: "the migration that gates each rollout", Present: "with `database.migration`", DecidesReady: true},
	{Name: v1alpha1.ConditionWorkloadReady, About: "the Deployment and its pods", Present: "always, once built", DecidesReady: true},
	{Name: v1alpha1.ConditionRoutesReady, About: "the routes and their Gateways", Present: "with `routes`", DecidesReady: true},
	{Name: v1alpha1.ConditionCredentialsRotated, About: "the last rotation of the database's password", Present: "once a rotation was requested"},
	{Name: v1alpha1.ConditionBackupReady, About: "the backups of the database", Present: "with `database.backup`"},
	{Name: v1alpha1.ConditionCollationCurrent, About: "whether text indexes have the order of the database's C library", Present: "with a built-in PostgreSQL whose image can have moved to another base"},
	{Name: v1alpha1.ConditionConnectionsSufficient, About: "whether the database accepts enough connections for all pods", Present: "with a database that Atoll or CloudNativePG runs"},
	{Name: v1alpha1.ConditionAutoscalerReady, About: "the HorizontalPodAutoscaler", Present: "with `scaling.autoscale`, or if another autoscaler scales the Deployment"},
	{Name: v1alpha1.ConditionObjectivesMonitored, About: "whether the cluster has what measures the objectives of the service", Present: "with `slo`"},
	{Name: v1alpha1.ConditionGatewayReady, About: "the Gateway of a Topology", Present: "on a Topology with `gateway`", DecidesReady: true},
	{Name: v1alpha1.ConditionServicesReady, About: "the members of a Topology", Present: "on a Topology"},
	{Name: v1alpha1.ConditionGraphSound, About: "the dependencies between the members of a Topology", Present: "on a Topology"},
}

// Rank returns the place of a condition in Types; -1 for a type that
// is not Atoll's.
func Rank(conditionType string) int {
	return slices.IndexFunc(Types, func(c Type) bool { return c.Name == conditionType })
}

// DecidesReady reports whether Ready is False while a condition is False for a
// reason.
func DecidesReady(conditionType, reason string) bool {
	at := Rank(conditionType)
	return at >= 0 && Types[at].Decides(reason)
}

// NormalStatus returns the status that a condition has when all is well.
func NormalStatus(conditionType string) metav1.ConditionStatus {
	if at := Rank(conditionType); at >= 0 && Types[at].AbnormalTrue {
		return metav1.ConditionFalse
	}
	return metav1.ConditionTrue
}

// Worse returns the one of two healths that a user must read first: one that only
// the user can fix, then one that is not ready, and of equals a.
func Worse(a, b Health) Health {
	severity := func(h Health) int {
		switch {
		case h.Stalled:
			return 2
		case !h.Ready:
			return 1
		}
		return 0
	}
	if severity(b) > severity(a) {
		return b
	}
	return a
}
