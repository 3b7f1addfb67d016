// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. Both kinds have Ready. Reconciling and Stalled follow
// kstatus and are present only while they are True.
const (
	// ConditionReady is True when the pods are available at the current
	// generation, the database accepts connections and is restored and
	// migrated, the routes are accepted and the dependencies resolve. On a
	// Topology, it is True when the gateway and all members are ready, and the
	// isolation annotation and allowedNamespaces.selector are valid.
	ConditionReady = "Ready"
	// ConditionReconciling is present while Atoll, or an object that Atoll
	// waits for, is still progressing towards the spec.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present while progress requires a change by the user.
	// Its message names the change.
	ConditionStalled = "Stalled"

	// ConditionWorkloadReady reports the Deployment, its pods and the objects
	// that the pods need.
	ConditionWorkloadReady = "WorkloadReady"
	// ConditionDatabaseReady reports the service's database. It is absent
	// without a database.
	ConditionDatabaseReady = "DatabaseReady"
	// ConditionDatabaseRestored reports the restore of a new database from a
	// backup. It is absent without database.restore.
	ConditionDatabaseRestored = "DatabaseRestored"
	// ConditionDatabaseMigrated is True when the migration for the current spec
	// has completed. It is absent without database.migration.
	ConditionDatabaseMigrated = "DatabaseMigrated"
	// ConditionCredentialsRotated is True when Atoll has changed the password
	// as the annotation atoll.dev/rotate-credentials requests. It is absent
	// when no rotation was requested. It does not affect Ready: while it is
	// False, the credentials that the pods use keep working.
	ConditionCredentialsRotated = "CredentialsRotated"
	// ConditionBackupReady is True when the last backup succeeded and no backup
	// is overdue. It is absent without database.backup. It does not affect
	// Ready.
	ConditionBackupReady = "BackupReady"
	// ConditionCollationCurrent is True when the text indexes of the database
	// have the order of its C library. It is absent when the C library can't
	// have changed. It does not affect Ready.
	ConditionCollationCurrent = "CollationCurrent"
	// ConditionConnectionsSufficient is True when the database accepts enough
	// connections for the maximum number of pods. It is absent when Atoll does
	// not run the database. It does not affect Ready.
	ConditionConnectionsSufficient = "ConnectionsSufficient"
	// ConditionRoutesReady reports whether the Gateways accept the routes. It
	// is absent without routes.
	ConditionRoutesReady = "RoutesReady"
	// ConditionAutoscalerReady reports the HorizontalPodAutoscaler, and one
	// that Atoll did not make if it scales the Deployment. It is absent without
	// either and while the service is suspended. It does not
	// affect Ready: a service without metrics still serves requests.
	ConditionAutoscalerReady = "AutoscalerReady"
	// ConditionObjectivesMonitored is True when the rules that measure the
	// objectives exist, and a PodMonitor or slo.requests.series names the
	// metrics. Atoll does not know whether a Prometheus selects them. It is
	// absent without slo. It does not affect Ready.
	ConditionObjectivesMonitored = "ObjectivesMonitored"
	// ConditionDependenciesReady is True when every dependency is Ready. It is
	// absent without dependencies. It affects Ready only while a dependency
	// does not resolve, or while startup: Wait holds back the first rollout.
	ConditionDependenciesReady = "DependenciesReady"

	// ConditionGatewayReady reports the Gateway of a Topology. It is absent
	// without gateway.
	ConditionGatewayReady = "GatewayReady"
	// ConditionServicesReady is True when every member of a Topology is ready or
	// suspended. It does not decide the Topology's Ready.
	ConditionServicesReady = "ServicesReady"
	// ConditionGraphSound is True when all dependencies of the members resolve
	// and form no cycle. It does not affect Ready.
	ConditionGraphSound = "GraphSound"
)

// Reasons of conditions.
const (
	// ReasonReady means that no problem was found.
	ReasonReady = "Ready"
	// ReasonSuspended means that spec.suspend removed the pods.
	ReasonSuspended = "Suspended"
	// ReasonProgressing means that a change is in progress.
	ReasonProgressing = "Progressing"
	// ReasonUnavailable means that pods that should be ready are not, or that
	// the autoscaler can't scale.
	ReasonUnavailable = "Unavailable"
	// ReasonInvalidSpec means that Atoll can't carry out the spec, or that an
	// annotation that Atoll reads has an invalid value.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonNotOwned means that an object with the desired name exists and that
	// Atoll does not own it.
	ReasonNotOwned = "NotOwned"
	// ReasonRefused means that the API server rejected an object.
	ReasonRefused = "Refused"
	// ReasonApplyFailed means that a request to the API server failed and that
	// Atoll retries it.
	ReasonApplyFailed = "ApplyFailed"
	// ReasonTopologyNotFound means that the Topology in topologyRef does not
	// exist in the Microservice's namespace.
	ReasonTopologyNotFound = "TopologyNotFound"
	// ReasonCRDNotInstalled means that a required CustomResourceDefinition is
	// not installed.
	ReasonCRDNotInstalled = "CRDNotInstalled"

	// ReasonReferenceNotFound means that a Secret, ConfigMap or key that the
	// pods use does not exist.
	ReasonReferenceNotFound = "ReferenceNotFound"
	// ReasonImagePullFailed means that the kubelet can't pull an image.
	ReasonImagePullFailed = "ImagePullFailed"
	// ReasonContainerConfigInvalid means that the kubelet can't create or start
	// a container as its pod specifies it.
	ReasonContainerConfigInvalid = "ContainerConfigInvalid"
	// ReasonCrashLooping means that a container keeps crashing.
	ReasonCrashLooping = "CrashLooping"
	// ReasonEvicted means that the kubelet evicted a pod, because its node lacks
	// a resource or the pod exceeds a limit of its storage.
	ReasonEvicted = "Evicted"
	// ReasonUnschedulable means that the scheduler finds no node for a pod.
	ReasonUnschedulable = "Unschedulable"
	// ReasonPodsRefused means that the API server rejects pods, for example
	// because of a quota.
	ReasonPodsRefused = "PodsRefused"

	// ReasonCredentialsLost means that a database has data, but the Secret with
	// its password does not exist.
	ReasonCredentialsLost = "CredentialsLost"
	// ReasonStoragePending means that the volume of a database is not bound
	// yet.
	ReasonStoragePending = "StoragePending"

	// ReasonExtensionFailed means that an extension of a database could not be
	// created.
	ReasonExtensionFailed = "ExtensionFailed"
	// ReasonRestoring means that a new database is being restored from a
	// backup.
	ReasonRestoring = "Restoring"
	// ReasonRestored means that a database was restored from a backup.
	ReasonRestored = "Restored"
	// ReasonRestoreFailed means that a database could not be restored from a
	// backup.
	ReasonRestoreFailed = "RestoreFailed"
	// ReasonRestoreRefused means that the spec requests a restore into a
	// database that is in use. The data does not change, and the restore blocks
	// nothing.
	ReasonRestoreRefused = "RestoreRefused"
	// ReasonMigrating means that a migration is running or waiting to run.
	ReasonMigrating = "Migrating"
	// ReasonMigrated means that the migration for the current spec has
	// completed.
	ReasonMigrated = "Migrated"
	// ReasonMigrationFailed means that a migration failed. It blocks the
	// rollout.
	ReasonMigrationFailed = "MigrationFailed"
	// ReasonRotating means that the password of a database is being changed.
	ReasonRotating = "Rotating"
	// ReasonRotated means that the password of a database was changed.
	ReasonRotated = "Rotated"
	// ReasonBackedUp means that the last backup succeeded.
	ReasonBackedUp = "BackedUp"
	// ReasonNoBackup means that no backup exists yet.
	ReasonNoBackup = "NoBackup"
	// ReasonBackupFailed means that the last backup failed.
	ReasonBackupFailed = "BackupFailed"
	// ReasonBackupOverdue means that no backup was made at the scheduled time.
	ReasonBackupOverdue = "BackupOverdue"
	// ReasonCollationChanged means that the database's C library sorts text in
	// another order than the one that its text indexes have.
	ReasonCollationChanged = "CollationChanged"
	// ReasonConnectionsSufficient means that the database accepts enough
	// connections for all pods.
	ReasonConnectionsSufficient = "ConnectionsSufficient"
	// ReasonNotMonitored means that nothing scrapes the pods of a service with
	// objectives.
	ReasonNotMonitored = "NotMonitored"
	// ReasonForeignAutoscaler means that an autoscaler which Atoll did not make
	// scales the Deployment.
	ReasonForeignAutoscaler = "ForeignAutoscaler"
	// ReasonTooFewConnections means that the pods may open more connections
	// than the database accepts.
	ReasonTooFewConnections = "TooFewConnections"

	// ReasonNoGateway means that a route has no Gateway to attach to, or that
	// the Gateway does not exist.
	ReasonNoGateway = "NoGateway"
	// ReasonNotAccepted means that a Gateway is not accepted or not programmed,
	// that its GatewayClass does not exist, or that a Gateway rejects a route.
	ReasonNotAccepted = "NotAccepted"
	// ReasonNotSupported means that a gateway does not support what a route
	// requests, or that Atoll can't rotate the password of an External
	// database.
	ReasonNotSupported = "NotSupported"
	// ReasonRouteConflict means that the gateway sends the requests of a route to
	// another service, whose older route has the same host, path and headers.
	ReasonRouteConflict = "RouteConflict"
	// ReasonHostAlreadyClaimed means that a route does not attach with a host,
	// because the host, or the route's path on it, belongs to a Topology or to
	// another namespace.
	ReasonHostAlreadyClaimed = "HostAlreadyClaimed"
	// ReasonPending means that another controller has not reported a status
	// yet.
	ReasonPending = "Pending"

	// ReasonDependencyNotFound means that a dependency does not exist in the
	// caller's namespace. In GraphSound it also means that a port of a
	// dependency does not exist.
	ReasonDependencyNotFound = "DependencyNotFound"
	// ReasonPortNotFound means that a dependency does not have the port.
	ReasonPortNotFound = "PortNotFound"
	// ReasonNotPermitted means that a dependency does not permit the caller, or
	// that a Topology does not accept members from the namespace. In another
	// namespace, it also means that the object does not exist: a team without
	// rights there must not learn which.
	ReasonNotPermitted = "NotPermitted"
	// ReasonDependencyNotReady means that a dependency is not Ready.
	ReasonDependencyNotReady = "DependencyNotReady"

	// ReasonServicesNotReady means that at least one member of a Topology is
	// not Ready.
	ReasonServicesNotReady = "ServicesNotReady"
	// ReasonNoServices means that a Topology has no members.
	ReasonNoServices = "NoServices"
	// ReasonCycle means that dependencies form a cycle.
	ReasonCycle = "Cycle"
)
