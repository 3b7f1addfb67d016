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

package v1alpha1

// Labels of everything that Atoll makes.
const (
	// LabelManagedBy marks what Atoll made; its caches hold little else.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedByAtoll is the value of LabelManagedBy.
	ManagedByAtoll = "atoll"
	// LabelMicroservice is the name of the Microservice that an object belongs to.
	LabelMicroservice = "atoll.dev/microservice"
	// LabelTopology is the name of the Topology that an object belongs to.
	LabelTopology = "atoll.dev/topology"
	// LabelComponent says which part of a Microservice an object belongs to.
	LabelComponent = "app.kubernetes.io/component"
	// LabelName is the service's name, as other tools look for it.
	LabelName = "app.kubernetes.io/name"

	// ComponentService is the service itself.
	ComponentService = "service"
	// ComponentDatabase is the service's database.
	ComponentDatabase = "database"
	// ComponentMigration is what brings the database's schema up to date.
	ComponentMigration = "migration"
	// ComponentBackup is what backs the database up.
	ComponentBackup = "backup"
	// ComponentRestore is what fills a new database from a backup.
	ComponentRestore = "restore"
	// ComponentRotation is what changes the database's password.
	ComponentRotation = "rotation"
)

// AnnotationIsolation on a Topology with the value audit has its isolation
// computed and not carried out.
const (
	AnnotationIsolation = "atoll.dev/isolation"
	IsolationAudit      = "audit"
)

// AnnotationDeletionGuard on a Microservice with the value override has it deleted
// although others depend on it.
const (
	AnnotationDeletionGuard = "atoll.dev/deletion-guard"
	DeletionGuardOverride   = "override"
)

// AnnotationRotateCredentials on a Microservice has the password of its database
// changed: any value that was not there before does it once.
const AnnotationRotateCredentials = "atoll.dev/rotate-credentials"
