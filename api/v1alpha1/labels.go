// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels of the objects that Atoll creates.
const (
	// LabelManagedBy marks the objects that Atoll creates. Atoll's cache
	// of child objects selects by this label.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedByAtoll is the value of LabelManagedBy.
	ManagedByAtoll = "atoll"
	// LabelMicroservice is the name of the Microservice to which an object
	// belongs.
	LabelMicroservice = "atoll.dev/microservice"
	// LabelTopology is the name of the Topology to which an object belongs.
	LabelTopology = "atoll.dev/topology"
	// LabelComponent is the part of a Microservice to which an object belongs.
	LabelComponent = "app.kubernetes.io/component"
	// LabelName is the name of the service, for other tools.
	LabelName = "app.kubernetes.io/name"

	// ComponentService is the service itself.
	ComponentService = "service"
	// ComponentDatabase is the service's database.
	ComponentDatabase = "database"
	// ComponentMigration is the migration of the database schema.
	ComponentMigration = "migration"
	// ComponentBackup is the backup of the database.
	ComponentBackup = "backup"
	// ComponentRestore is the restore of a new database from a backup.
	ComponentRestore = "restore"
	// ComponentRotation is the change of the database password.
	ComponentRotation = "rotation"
	// ComponentCollation is the check of the database's collation.
	ComponentCollation = "collation"
	// ComponentImage is the pull of the image of the database's next server.
	ComponentImage = "image"
	// ComponentExtensions is the creation of the database's extensions.
	ComponentExtensions = "extensions"
)

// AnnotationIsolation is an annotation of a Topology. With the value audit,
// Atoll computes the isolation and does not enforce it.
const (
	AnnotationIsolation = "atoll.dev/isolation"
	IsolationAudit      = "audit"
)

// AnnotationDeletionGuard is an annotation of a Microservice. The value override
// permits its deletion while other Microservices depend on it.
const (
	AnnotationDeletionGuard = "atoll.dev/deletion-guard"
	DeletionGuardOverride   = "override"
)

// AnnotationDefaultReplicas is an annotation of a Microservice that Atoll writes. It holds
// the number of pods that Atoll wrote to scaling.replicas because the spec had none. While
// both are equal, the number is a default and follows the Topology's.
const AnnotationDefaultReplicas = "atoll.dev/default-replicas"

// AnnotationRotateCredentials is an annotation of a Microservice. It requests a
// new password for its database. Each new value requests one rotation.
const AnnotationRotateCredentials = "atoll.dev/rotate-credentials"
