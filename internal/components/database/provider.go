// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// Provider is everything that differs between the ways to run a database. Adding
// one takes a file that implements it, a line in providers and a value in the
// API's enum.
type Provider interface {
	// BindingName is the value of the binding Secret's key "provider".
	BindingName() string
	// Managed reports whether Atoll, or an operator on its behalf, runs the server.
	// Atoll then owns the binding Secret.
	Managed() bool
	// RunsServer reports whether Atoll itself runs the server, in a StatefulSet. Atoll
	// then creates the administrator's password too.
	RunsServer() bool
	// Clustered reports whether a Cluster of CloudNativePG holds the data.
	Clustered() bool
	// PodSelector returns the labels of the database's pods; nil if none are in the
	// cluster.
	PodSelector(ms *v1alpha1.Microservice) map[string]string

	// complete sets the fields of a plan that depend on the provider alone.
	complete(p *Plan, spec *v1alpha1.Database) *condition.Problem
	// base is the operating system of the image that a new database of a plan's version
	// gets; empty if the image's tag names none.
	base(p *Plan) string
	// image is the default image of a plan's version and base.
	image(p *Plan) string
	// existing returns the existing database; nil if there is none.
	existing(p *Plan, state *inputs.State) *existing
	// objects returns the builders of the objects that the database consists of, by
	// kind. The plan exists when they are called.
	objects() map[string]builder

	// usable reports whether a client with the binding Secret can work.
	usable(db *Database) bool
	// credentialsProblem says why the passwords cannot be used; nil if they can, or
	// Atoll will create them.
	credentialsProblem(db *Database) *condition.Problem
	// lacksUser reports whether the server has no user for the service yet.
	lacksUser(db *Database) bool
	// bindingServer returns the server that the binding Secret names as the one that
	// has its user; empty if it names none.
	bindingServer(c *inputs.Credentials) types.UID
	// ownsBinding reports whether the user of the binding Secret exists in the
	// database of a holder.
	ownsBinding(c *inputs.Credentials, holder *inputs.Holder) bool

	// recovery returns how the provider restores a backup while it creates the
	// database; nil if a Job restores it afterwards.
	recovery(spec *v1alpha1.Database) recovery
	// lastBackup returns the newest backup that the objects in the cluster report; nil
	// if they report none.
	lastBackup(db *Database) *v1alpha1.BackupStatus
	// backupFailure says why no backup succeeded after the last one; nil if none
	// failed.
	backupFailure(db *Database, last *v1alpha1.BackupStatus) *condition.Message
	// backupRemedies says how the user inspects the schedule of the backups, and
	// creates a backup at once.
	backupRemedies(namespace, owner string) (inspect, create string)
}

// builder builds the objects of one kind.
type builder func(*Database) ([]kube.Object, error)

// recovery is a restore that the provider does itself.
type recovery interface {
	// done reports whether the existing database was created by the restore.
	done(db *Database) bool
	// health returns the progress of the restore.
	health(db *Database) condition.Health
}

var providers = map[v1alpha1.DatabaseProvider]Provider{
	v1alpha1.ProviderBuiltIn:       builtIn{},
	v1alpha1.ProviderCloudNativePG: cloudNativePG{},
	v1alpha1.ProviderExternal:      external{},
}

// ProviderOf returns the provider of a database. Unset means BuiltIn.
func ProviderOf(spec *v1alpha1.Database) Provider {
	if provider, known := providers[spec.Provider]; known {
		return provider
	}
	return builtIn{}
}
