// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package database builds the database of a Microservice, and its backups,
// restores, migrations and rotations. It is pure.
package database

import (
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// Database is a Microservice's inputs and the database that follows from them.
type Database struct {
	*inputs.Inputs
	// Plan is the desired database; nil if there is none, or Err says why its spec is
	// invalid.
	Plan *Plan
	Err  *condition.Problem
	// rotation is the progress of a rotation of the password.
	rotation rotationStep
}

// Of returns the desired database of a Microservice.
func Of(in *inputs.Inputs) *Database {
	db := &Database{Inputs: in}
	db.Plan, db.Err = Resolve(db.Microservice, db.Topology, &db.DatabaseState)
	if db.Plan != nil && db.Plan.Provider.RunsServer() {
		holdImage(db)
	}
	db.rotation = rotationOf(db)
	return db
}

// managed returns the plan of a database that Atoll or CloudNativePG runs; nil for
// others.
func (db *Database) managed() *Plan {
	if db.Plan == nil || !db.Plan.Provider.Managed() {
		return nil
	}
	return db.Plan
}

// Usable reports whether a client with the binding Secret can work.
func Usable(db *Database) bool {
	return db.Plan != nil && !db.Suspended() && db.Plan.Provider.usable(db)
}

// Retained reports whether the database outlives its Microservice.
func Retained(db *Database, _ kube.Object) bool {
	return db.Plan != nil && db.Plan.Retained()
}

// RetainedServer reports whether the server outlives its Microservice. It then needs its
// NetworkPolicy as before.
func RetainedServer(db *Database, o kube.Object) bool {
	return Retained(db, o) && db.Plan.Provider.Clustered()
}

// Secrets returns the binding Secret and the administrator's. The controller
// creates the passwords: a build must not, or a failed read would change them.
func Secrets(db *Database) ([]kube.Object, error) { return db.build("Secret") }

// Claims returns the claim of a built-in database's volume.
func Claims(db *Database) ([]kube.Object, error) { return db.build("PersistentVolumeClaim") }

// Policies returns the NetworkPolicy of the database, which is isolated in every
// Topology.
func Policies(db *Database) ([]kube.Object, error) { return db.build("NetworkPolicy") }

// StatefulSets returns the server of a built-in database.
func StatefulSets(db *Database) ([]kube.Object, error) { return db.build("StatefulSet") }

// Services returns the Service of a built-in database.
func Services(db *Database) ([]kube.Object, error) { return db.build("Service") }

// CronJobs returns the schedule by which Jobs back a database up.
func CronJobs(db *Database) ([]kube.Object, error) { return db.build("CronJob") }

// Clusters returns the Cluster of CloudNativePG.
func Clusters(db *Database) ([]kube.Object, error) { return db.build(ClusterKind.Kind) }

// ObjectStores returns the buckets of a Cluster.
func ObjectStores(db *Database) ([]kube.Object, error) { return db.build(ObjectStoreKind.Kind) }

// ScheduledBackups returns the schedule by which CloudNativePG backs a Cluster up.
func ScheduledBackups(db *Database) ([]kube.Object, error) {
	return db.build(ScheduledBackupKind.Kind)
}

// build builds the provider's objects of a kind; none if it has no such objects.
func (db *Database) build(kind string) ([]kube.Object, error) {
	if db.Err != nil {
		return nil, db.Err
	}
	if db.Plan == nil {
		return nil, nil
	}
	build, wanted := db.Plan.Provider.objects()[kind]
	if !wanted {
		return nil, nil
	}
	return build(db)
}

// serverPlan returns the plan of the server. A suspended server runs until no
// migration, restore or other Job uses it: they would fail.
func (db *Database) serverPlan() *Plan {
	p := db.Plan
	if !p.Suspended || !operationRuns(db) {
		return p
	}
	running := *p
	running.Suspended = false
	return &running
}

// operationRuns reports whether a migration, a restore or another Job uses the
// database.
func operationRuns(db *Database) bool {
	for i := range db.Pods {
		if pod := &db.Pods[i]; db.Reports(pod) && db.PodWorks(pod) {
			return true
		}
	}
	return false
}
