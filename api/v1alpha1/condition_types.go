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

// Condition types. Ready is on both kinds; Reconciling and Stalled follow
// kstatus and are present only while true.
const (
	// ConditionReady is True when the pods are available at the current
	// generation, the database accepts connections and is restored and
	// migrated, the routes are accepted and the dependencies resolve. On a
	// Topology, it is True when the gateway and all members are ready, and the
	// isolation annotation and allowedNamespaces.selector are valid.
	ConditionReady = "Ready"
	// ConditionReconciling is present while Atoll, or something that it waits
	// for, still works towards the spec.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present while nothing moves until the user changes
	// something; its message says what.
	ConditionStalled = "Stalled"

	// ConditionWorkloadReady is about the Deployment and its pods, and what they
	// run with.
	ConditionWorkloadReady = "WorkloadReady"
	// ConditionDatabaseReady is about the service's database. It is absent when
	// there is none.
	ConditionDatabaseReady = "DatabaseReady"
	// ConditionDatabaseRestored is about filling a new database from a backup. It
	// is absent without database.restore.
	ConditionDatabaseRestored = "DatabaseRestored"
	// ConditionDatabaseMigrated is True when the migration of the spec's image has
	// run. It is absent without database.migration.
	ConditionDatabaseMigrated = "DatabaseMigrated"
	// ConditionCredentialsRotated is True when Atoll has changed the password
	// as the annotation atoll.dev/rotate-credentials requests. It is absent
	// when no rotation was requested. It does not affect Ready: while it is
	// False, the credentials that the pods use keep working.
	ConditionCredentialsRotated = "CredentialsRotated"
	// ConditionBackupReady is True when the last backup succeeded and none is
	// overdue. It is absent without database.backup. It does not decide over
	// Ready.
	ConditionBackupReady = "BackupReady"
	// ConditionConnectionsSufficient is True when the database has connections for
	// as many pods as there may be. It is absent where Atoll does not run the
	// database. It does not decide over Ready.
	ConditionConnectionsSufficient = "ConnectionsSufficient"
	// ConditionRoutesReady is about the routes at their gateways. It is absent
	// when there are none.
	ConditionRoutesReady = "RoutesReady"
	// ConditionAutoscalerReady is about the HorizontalPodAutoscaler. It is
	// absent without autoscale. It does not decide over Ready: a service without
	// metrics still serves.
	ConditionAutoscalerReady = "AutoscalerReady"
	// ConditionDependenciesReady is True when every dependency is Ready. It is
	// absent without dependencies. It affects Ready only while a dependency
	// does not resolve, or while startup: Wait holds back the first rollout.
	ConditionDependenciesReady = "DependenciesReady"

	// ConditionGatewayReady is about a Topology's Gateway. It is absent without
	// gateway.
	ConditionGatewayReady = "GatewayReady"
	// ConditionServicesReady is True when every member of a Topology is Ready.
	ConditionServicesReady = "ServicesReady"
	// ConditionGraphSound is True when the members' dependencies all resolve and
	// form no circle. It does not decide over Ready.
	ConditionGraphSound = "GraphSound"
)

// Reasons of conditions.
const (
	// ReasonReady says that all is as it should be.
	ReasonReady = "Ready"
	// ReasonSuspended says that spec.suspend took the pods away.
	ReasonSuspended = "Suspended"
	// ReasonProgressing says that a change is on its way.
	ReasonProgressing = "Progressing"
	// ReasonUnavailable means that pods that should be ready are not, or that
	// the autoscaler can't scale.
	ReasonUnavailable = "Unavailable"
	// ReasonInvalidSpec means that Atoll can't carry out the spec, or that an
	// annotation that Atoll reads has an invalid value.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonNotOwned says that an object of the wanted name exists and is
	// controlled by something else.
	ReasonNotOwned = "NotOwned"
	// ReasonRefused says that the API server refused an object.
	ReasonRefused = "Refused"
	// ReasonApplyFailed says that a request to the API server failed and is
	// tried again.
	ReasonApplyFailed = "ApplyFailed"
	// ReasonTopologyNotFound says that the Topology of topologyRef does not exist.
	ReasonTopologyNotFound = "TopologyNotFound"
	// ReasonCRDNotInstalled says that a kind that is needed is not installed.
	ReasonCRDNotInstalled = "CRDNotInstalled"

	// ReasonReferenceNotFound says that a Secret, ConfigMap or key that the pods
	// use does not exist.
	ReasonReferenceNotFound = "ReferenceNotFound"
	// ReasonImagePullFailed says that an image can't be pulled.
	ReasonImagePullFailed = "ImagePullFailed"
	// ReasonContainerConfigInvalid says that the kubelet can't make a container
	// from the pod's description.
	ReasonContainerConfigInvalid = "ContainerConfigInvalid"
	// ReasonCrashLooping says that a container ends again and again.
	ReasonCrashLooping = "CrashLooping"
	// ReasonUnschedulable says that no node takes a pod.
	ReasonUnschedulable = "Unschedulable"
	// ReasonPodsRefused says that the API server refuses to make pods, for
	// instance because of a quota.
	ReasonPodsRefused = "PodsRefused"

	// ReasonCredentialsLost means that a database has data, but the Secret with
	// its password does not exist.
	ReasonCredentialsLost = "CredentialsLost"
	// ReasonStoragePending says that a volume is not there yet.
	ReasonStoragePending = "StoragePending"

	// ReasonRestoring says that a new database is being filled from a backup.
	ReasonRestoring = "Restoring"
	// ReasonRestored says that a database was filled from a backup.
	ReasonRestored = "Restored"
	// ReasonRestoreFailed says that a database could not be filled from a backup.
	ReasonRestoreFailed = "RestoreFailed"
	// ReasonRestoreRefused says that a restore is asked for into a database that is in
	// use: it stays as it is, and nothing waits for it.
	ReasonRestoreRefused = "RestoreRefused"
	// ReasonMigrating says that a migration runs or waits to.
	ReasonMigrating = "Migrating"
	// ReasonMigrated says that the migration of the spec's image has run.
	ReasonMigrated = "Migrated"
	// ReasonMigrationFailed says that a migration failed and holds up the rollout.
	ReasonMigrationFailed = "MigrationFailed"
	// ReasonRotating says that a database's password is being changed.
	ReasonRotating = "Rotating"
	// ReasonRotated says that a database's password was changed.
	ReasonRotated = "Rotated"
	// ReasonBackedUp says that the last backup succeeded.
	ReasonBackedUp = "BackedUp"
	// ReasonNoBackup says that there is no backup yet.
	ReasonNoBackup = "NoBackup"
	// ReasonBackupFailed says that the last backup failed.
	ReasonBackupFailed = "BackupFailed"
	// ReasonBackupOverdue says that no backup was made when one was due.
	ReasonBackupOverdue = "BackupOverdue"
	// ReasonConnectionsSufficient says that the database has connections for all
	// pods.
	ReasonConnectionsSufficient = "ConnectionsSufficient"
	// ReasonTooFewConnections says that the pods may ask for more connections than
	// the database has.
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
	// ReasonRouteConflict says that another service has the host and path that a
	// route claims.
	ReasonRouteConflict = "RouteConflict"
	// ReasonPending says that another controller has not answered yet.
	ReasonPending = "Pending"

	// ReasonDependencyNotFound means that a dependency does not exist. In
	// GraphSound it also means that a port of a dependency does not exist.
	ReasonDependencyNotFound = "DependencyNotFound"
	// ReasonPortNotFound says that a dependency lacks the port.
	ReasonPortNotFound = "PortNotFound"
	// ReasonNotPermitted says that a dependency does not permit the caller, or a
	// Topology not a member of that namespace.
	ReasonNotPermitted = "NotPermitted"
	// ReasonDependencyNotReady means that a dependency is not Ready.
	ReasonDependencyNotReady = "DependencyNotReady"

	// ReasonServicesNotReady means that at least one member of a Topology is
	// not Ready.
	ReasonServicesNotReady = "ServicesNotReady"
	// ReasonNoServices says that a Topology has no members.
	ReasonNoServices = "NoServices"
	// ReasonCycle says that dependencies form a circle.
	ReasonCycle = "Cycle"
)
