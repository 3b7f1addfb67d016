// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
)

// Users are those of a service's database.
type Users struct {
	// First and second are the service's by turns.
	First, second string
	Admin         string
}

// UsersOf are the users of a Microservice's database, which it must have. cluster
// is that of CloudNativePG, or nil.
func UsersOf(ms *v1alpha1.Microservice, cluster *unstructured.Unstructured) Users {
	engine, known := engine.Engines[ms.Spec.Database.Engine]
	if !known {
		return Users{}
	}
	names := engine.Users(DatabaseName(ms, cluster))
	return Users{First: names[0], second: names[1], Admin: engine.Admin()}
}

// After is the user that has its turn after another.
func (u Users) After(current string) string {
	if current == u.First {
		return u.second
	}
	return u.First
}

// Identifier makes the name of a database of a service's name, and of the users
// that are named after it.
func Identifier(name string) string {
	id := strings.ReplaceAll(name, "-", "_")
	// PostgreSQL keeps roles that begin so for itself.
	if reserved[id] || strings.HasPrefix(id+"_", "pg_") {
		return "db_" + id
	}
	return id
}

// DatabaseName is the name of a service's database. A Cluster that exists keeps its
// own, and one that CloudNativePG recovers has the names that it was made with.
func DatabaseName(ms *v1alpha1.Microservice, cluster *unstructured.Unstructured) string {
	spec := ms.Spec.Database
	if spec.Provider != v1alpha1.ProviderCloudNativePG {
		return Identifier(ms.Name)
	}
	if cluster != nil {
		for _, method := range []string{"initdb", "recovery"} {
			if name, _, _ := unstructured.NestedString(cluster.Object, "spec", "bootstrap", method, "database"); name != "" {
				return name
			}
		}
	}
	if spec.Restore != nil && !FromDump(spec) && spec.Restore.From.Service != "" {
		return Identifier(spec.Restore.From.Service)
	}
	return Identifier(ms.Name)
}

// reserved are databases and users that an engine has already.
var reserved = map[string]bool{
	"postgres": true, "template0": true, "template1": true, "public": true, "none": true, "user": true,
	"mysql": true, "sys": true, "information_schema": true, "performance_schema": true, "root": true,
}

// FromDump says whether a wanted restore is from a dump, which the engine's own tool
// reads. What CloudNativePG backs up itself it alone recovers.
func FromDump(spec *v1alpha1.Database) bool {
	return spec.Restore != nil && cmp.Or(spec.Restore.From.Provider, v1alpha1.BackupProvider(spec.Provider)) != v1alpha1.BackupOfCloudNativePG
}
