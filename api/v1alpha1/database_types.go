// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import corev1 "k8s.io/api/core/v1"

// Database is the service's own database.
//
// +kubebuilder:validation:XValidation:rule="self.engine == oldSelf.engine",message="engine can't be changed in place: move the data to a new Microservice, or remove database first"
// +kubebuilder:validation:XValidation:rule="(has(self.provider) ? self.provider : 'BuiltIn') == (has(oldSelf.provider) ? oldSelf.provider : 'BuiltIn')",message="provider can't be changed in place: remove database, restore the data at the new provider, then add database again"
// +kubebuilder:validation:XValidation:rule="(has(self.provider) && self.provider == 'External') == has(self.external)",message="provider: External and external require each other: set external.secretName with provider: External only"
// +kubebuilder:validation:XValidation:rule="!has(self.provider) || self.provider != 'External' || !(has(self.version) || has(self.image) || has(self.instances) || has(self.storage) || has(self.resources) || has(self.parameters) || has(self.extensions) || has(self.startup) || has(self.deletionPolicy) || has(self.backup) || has(self.restore))",message="version, image, instances, storage, resources, parameters, extensions, startup, deletionPolicy, backup and restore must not be set with provider: External: Atoll does not run that database; remove them"
// +kubebuilder:validation:XValidation:rule="!has(self.provider) || self.provider != 'CloudNativePG' || self.engine == 'PostgreSQL'",message="provider: CloudNativePG requires engine: PostgreSQL; remove provider, or set engine: PostgreSQL"
// +kubebuilder:validation:XValidation:rule="!has(self.instances) || self.instances == 1 || (has(self.provider) && self.provider == 'CloudNativePG')",message="instances above 1 requires provider: CloudNativePG: provider: BuiltIn runs one server; set provider, or remove instances",fieldPath=".instances"
// +kubebuilder:validation:XValidation:rule="!has(self.provider) || self.provider != 'CloudNativePG' || !has(self.backup) || has(self.backup.destination.s3)",message="backup.destination must be s3 with provider: CloudNativePG: it can't write backups to a volume",fieldPath=".backup"
// +kubebuilder:validation:XValidation:rule="!has(self.provider) || self.provider != 'CloudNativePG' || !has(self.backup) || !has(self.backup.timeoutSeconds)",message="backup.timeoutSeconds must not be set with provider: CloudNativePG, which makes its backups itself; remove it",fieldPath=".backup"
// +kubebuilder:validation:XValidation:rule="!has(self.provider) || self.provider != 'CloudNativePG' || !has(self.restore) || !has(self.restore.timeoutSeconds) || (has(self.restore.from.provider) && self.restore.from.provider == 'BuiltIn')",message="restore.timeoutSeconds must not be set for a backup of CloudNativePG, which recovers it itself; remove it",fieldPath=".restore"
// +kubebuilder:validation:XValidation:rule="!has(self.provider) || self.provider != 'CloudNativePG' || !has(self.backup) || !has(self.backup.destination.s3) || !has(self.backup.destination.s3.staging)",message="backup.destination.s3.staging must not be set with provider: CloudNativePG, which writes its backups without it; remove it",fieldPath=".backup"
// +kubebuilder:validation:XValidation:rule="!has(self.provider) || self.provider != 'CloudNativePG' || !has(self.restore) || !has(self.restore.from.s3) || !has(self.restore.from.s3.staging) || (has(self.restore.from.provider) && self.restore.from.provider == 'BuiltIn')",message="restore.from.s3.staging must not be set for a backup of CloudNativePG, which is read without it; remove it",fieldPath=".restore"
// +kubebuilder:validation:XValidation:rule="!has(self.provider) || self.provider != 'CloudNativePG' || !has(self.restore) || !has(self.restore.from.persistentVolumeClaim) || (has(self.restore.from.provider) && self.restore.from.provider == 'BuiltIn')",message="restore.from must be s3 with provider: CloudNativePG: it can't read its backups from a volume; to restore a dump from a volume, set restore.from.provider to BuiltIn",fieldPath=".restore"
// +kubebuilder:validation:XValidation:rule="!has(self.restore) || !has(self.restore.from.provider) || self.restore.from.provider == 'BuiltIn' || (has(self.provider) && self.provider == self.restore.from.provider)",message="restore.from.provider: CloudNativePG requires provider: CloudNativePG: only CloudNativePG can read its backups; set provider to CloudNativePG, or restore from a dump",fieldPath=".restore"
// +kubebuilder:validation:XValidation:rule="!has(self.restore) || has(self.restore.from.persistentVolumeClaim) || has(self.restore.from.s3) || has(self.backup)",message="restore.from requires persistentVolumeClaim or s3 when backup is unset: there is no backup.destination to read from; set one of them",fieldPath=".restore"
// +kubebuilder:validation:XValidation:rule="!has(self.version) || !has(oldSelf.version) || self.version.split('.')[0] == oldSelf.version.split('.')[0]",message="version must keep its major version: remove it to keep the data's version, or restore a backup in a new Microservice with the new version"
// +kubebuilder:validation:XValidation:rule="!has(self.restore) || !has(self.restore.from.namespace) || has(self.restore.from.s3) || (!has(self.restore.from.persistentVolumeClaim) && has(self.backup) && has(self.backup.destination.s3))",message="restore.from.namespace requires a backup in a bucket (s3): a persistentVolumeClaim is in the namespace of the Microservice; remove namespace",fieldPath=".restore"
// +kubebuilder:validation:XValidation:rule="!has(self.version) || !has(oldSelf.version) || self.version.split('.').size() < 2 || oldSelf.version.split('.').size() < 2 || int(self.version.split('.')[1]) >= int(oldSelf.version.split('.')[1])",message="version must not be lowered: remove it to keep the version that ran"
// +kubebuilder:validation:XValidation:rule="!has(self.version) || self.engine != 'PostgreSQL' || !self.version.matches('^[0-9]{1,9}([.]|$)') || int(self.version.split('.')[0]) >= 15",message="version of PostgreSQL must be at least 15: the tools of older versions lack what Atoll uses",fieldPath=".version"
// +kubebuilder:validation:XValidation:rule="!has(self.extensions) || self.engine == 'PostgreSQL'",message="extensions requires engine: PostgreSQL: other engines have none; remove extensions",fieldPath=".extensions"
type Database struct {
	// engine is the database engine: PostgreSQL, MariaDB or Valkey.
	// +required
	Engine DatabaseEngine `json:"engine,omitempty"`

	// provider says what runs the database. BuiltIn: Atoll runs one server with
	// a persistent volume. CloudNativePG: Atoll creates a Cluster of the
	// CloudNativePG operator (PostgreSQL only). External: the database runs
	// elsewhere, and external names the Secret with its address. Unset means
	// BuiltIn.
	// +optional
	Provider DatabaseProvider `json:"provider,omitempty"`

	// version is the version of the engine, major or major.minor. Unset means
	// the Topology's default for the engine or, without one, 17 for PostgreSQL,
	// 11.8 for MariaDB and 8.1 for Valkey. A database with data keeps its major
	// version.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,4}(\\\\.[0-9]{1,4})?$')",message="version must be major or major.minor, such as \"17\" or \"17.2\""
	Version string `json:"version,omitempty"`

	// image is the container image of the database server. It must follow the
	// conventions of the engine's official image and contain the given version.
	// Examples are a mirror, an image with extensions or, for Valkey, a
	// compatible server such as Redis. Unset means the official image of
	// version, or with provider: CloudNativePG the PostgreSQL image of
	// CloudNativePG, with the tag of the base that the volume was created with.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	// +kubebuilder:validation:XValidation:rule="self.matches('^(([A-Za-z0-9-]+(([.][A-Za-z0-9-]+)+(:[0-9]+)?|:[0-9]+)|[[][0-9A-Fa-f:]+[]](:[0-9]+)?)/)?[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))?$')",message="image must be the reference of an image, such as ghcr.io/example/orders:1.4.0: without scheme or white space, with a repository in lower case, and without an empty tag or digest"
	Image string `json:"image,omitempty"`

	// instances is the number of servers. One of them accepts writes. More than
	// one requires provider: CloudNativePG. Unset means 1.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=9
	Instances *int32 `json:"instances,omitempty"`

	// storage configures the persistent volume. Unset means 10Gi of the
	// Topology's default storage class or, without one, of the cluster's.
	// +optional
	Storage *DatabaseStorage `json:"storage,omitempty"`

	// resources are the requests and limits of the database container. Unset
	// means requests of 100m CPU and 256Mi memory, without limits.
	// +optional
	// +kubebuilder:validation:XValidation:rule="['memory', 'ephemeral-storage'].all(r, (!has(self.limits) || !(r in self.limits) || !isQuantity(string(self.limits[r])) || quantity(string(self.limits[r])).compareTo(quantity('0')) == 0 || !quantity(string(self.limits[r])).isLessThan(quantity('1Mi'))) && (!has(self.requests) || !(r in self.requests) || !isQuantity(string(self.requests[r])) || quantity(string(self.requests[r])).compareTo(quantity('0')) == 0 || !quantity(string(self.requests[r])).isLessThan(quantity('1Mi'))))",message="memory and ephemeral-storage must be 0 or at least 1Mi, such as 512Mi: a number without a unit means bytes, and m means thousandths of a byte"
	// +kubebuilder:validation:XValidation:rule="!has(self.limits) || !has(self.requests) || ['cpu', 'memory', 'ephemeral-storage'].all(r, !(r in self.limits) || !(r in self.requests) || !isQuantity(string(self.limits[r])) || !isQuantity(string(self.requests[r])) || !quantity(string(self.requests[r])).isGreaterThan(quantity(string(self.limits[r]))))",message="requests must not exceed limits: lower the request, or raise the limit",fieldPath=".requests"
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// parameters are settings of the engine, such as max_connections: "200" or
	// maxmemory-policy: "allkeys-lru". With provider: BuiltIn, a change
	// restarts the database. Unset means the engine's defaults.
	// +optional
	// +kubebuilder:validation:MinProperties=0
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^[a-z_][a-z0-9_.-]*$'))",message="parameters must have the names of the engine's configuration file: lower case letters, digits, '_', '-' and '.'"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !(k.replace('-', '_') in ['data_directory', 'hba_file', 'ident_file', 'config_file', 'external_pid_file', 'listen_addresses', 'port', 'unix_socket_directories', 'datadir', 'socket', 'bind_address', 'pid_file', 'skip_networking', 'skip_grant_tables', 'dir', 'bind', 'aclfile', 'user', 'requirepass', 'masterauth', 'masteruser', 'daemonize', 'pidfile', 'unixsocket', 'dbfilename', 'appendfilename', 'appenddirname', 'replicaof', 'slaveof', 'include']))",message="parameters must not set where the server stores files, listens or looks up users (such as data_directory, port, bind and aclfile): the server would be unreachable, or would not start"
	Parameters map[string]ParameterValue `json:"parameters,omitempty"`

	// extensions are the PostgreSQL extensions that the service needs, such as
	// postgis or pg_trgm. The image must contain them. The administrator
	// creates them in the service's database before the migration, also in a
	// database that exists; the service's user may create only trusted ones.
	// An extension that is removed here stays in the database. Requires
	// engine: PostgreSQL. Unset means none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=32
	Extensions []ExtensionName `json:"extensions,omitempty"`

	// startup says whether the first rollout of the service waits until its
	// database accepts connections. With Ignore, the pods start at once and
	// must retry; with Wait, they start afterwards. Later rollouts and single
	// pods never wait. A migration, a restore and extensions are always waited
	// for. Unset means Ignore.
	// +optional
	Startup DatabaseStartup `json:"startup,omitempty"`

	// pool is the number of database connections that one pod may open. Pods
	// read it from ATOLL_DB_POOL to configure their connection pool. The
	// condition ConnectionsSufficient reports whether the server accepts that
	// many connections from all pods. Unset means 10.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Pool *int32 `json:"pool,omitempty"`

	// projection says whether the pods also receive the binding Secret as
	// files. ServiceBinding mounts it at /bindings/<microservice>-db and sets
	// SERVICE_BINDING_ROOT, as the Service Binding specification requires. None
	// does not. Unset means None.
	// +optional
	Projection BindingProjection `json:"projection,omitempty"`

	// deletionPolicy says what happens to the data when the Microservice or its
	// database is removed. Retain keeps the volume and the Secrets, and uses
	// them again when the database is added again. Delete deletes them. Unset
	// means the Topology's default or, without one, Retain.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// migration updates the schema before a rollout. It runs again when the
	// image, the command, its arguments, env or envFrom change, and on a new
	// volume. Unset means that no migration runs.
	// +optional
	Migration *DatabaseMigration `json:"migration,omitempty"`

	// backup schedules backups of the data. Unset means that no backups are
	// made.
	// +optional
	Backup *DatabaseBackup `json:"backup,omitempty"`

	// restore fills a new, empty database from a backup before the service
	// starts. It runs once for each volume and can stay in the spec. Unset
	// means that a new database is empty.
	// +optional
	Restore *DatabaseRestore `json:"restore,omitempty"`

	// podMetadata are labels and annotations of the database's pods, and of the
	// pods of its migrations, backups, restores and rotations. Use them to
	// exclude these pods from the injection of a proxy, for example
	// sidecar.istio.io/inject: "false". A migration's pod also has those of
	// podTemplate; podMetadata takes precedence. A running server gets a change
	// with its next restart, and a Job that exists is not changed. With provider:
	// CloudNativePG they are inheritedMetadata of the Cluster, so its Services
	// and volumes have them too. Unset means the Topology's default or, without
	// one, none.
	// +optional
	PodMetadata *PodMetadata `json:"podMetadata,omitempty"`

	// podUser says as which user the pods of the database, its backups, restores
	// and rotations run. Image is the user of the engine's image. Platform sets
	// no user and no group, for a platform that assigns them, such as OpenShift.
	// A database that has run keeps its user, which owns the files. Not for the
	// servers of CloudNativePG, whose operator decides. Unset means the
	// Topology's default or, without one, Image.
	// +optional
	PodUser PodUser `json:"podUser,omitempty"`

	// external locates a database of provider: External, which requires it.
	// Unset for any other provider.
	// +optional
	External *ExternalDatabase `json:"external,omitempty"`
}

// PodUser says as which user the pods of a database run.
// +kubebuilder:validation:Enum=Image;Platform
type PodUser string

const (
	// PodUserImage is the user of the engine's image.
	PodUserImage PodUser = "Image"
	// PodUserPlatform is the user that the platform assigns.
	PodUserPlatform PodUser = "Platform"
)

// ExtensionName is the name of a PostgreSQL extension.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9_][a-z0-9_-]*$')",message="extensions must have the names that pg_available_extensions lists: lower case letters, digits, '_' and '-'"
type ExtensionName string

// ParameterValue is the value of an engine setting.
// +kubebuilder:validation:MaxLength=1024
type ParameterValue string

// DatabaseEngine is a database engine.
// +kubebuilder:validation:Enum=PostgreSQL;MariaDB;Valkey
type DatabaseEngine string

const (
	// EnginePostgreSQL is PostgreSQL.
	EnginePostgreSQL DatabaseEngine = "PostgreSQL"
	// EngineMariaDB is MariaDB.
	EngineMariaDB DatabaseEngine = "MariaDB"
	// EngineValkey is Valkey, or another server that speaks the Redis protocol.
	EngineValkey DatabaseEngine = "Valkey"
)

// DatabaseProvider says what runs a database.
// +kubebuilder:validation:Enum=BuiltIn;CloudNativePG;External
type DatabaseProvider string

const (
	// ProviderBuiltIn is one server in a StatefulSet that Atoll creates.
	ProviderBuiltIn DatabaseProvider = "BuiltIn"
	// ProviderCloudNativePG is a Cluster of the CloudNativePG operator.
	ProviderCloudNativePG DatabaseProvider = "CloudNativePG"
	// ProviderExternal is a database that runs elsewhere.
	ProviderExternal DatabaseProvider = "External"
)

// BindingProjection says how pods receive the binding Secret in addition to
// environment variables.
// +kubebuilder:validation:Enum=None;ServiceBinding
type BindingProjection string

const (
	// ProjectionNone sets environment variables only.
	ProjectionNone BindingProjection = "None"
	// ProjectionServiceBinding also mounts the Secret, as the Service Binding
	// specification requires.
	ProjectionServiceBinding BindingProjection = "ServiceBinding"
)

// DeletionPolicy says what happens to data.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

const (
	// DeletionRetain keeps the data.
	DeletionRetain DeletionPolicy = "Retain"
	// DeletionDelete deletes the data.
	DeletionDelete DeletionPolicy = "Delete"
)

// DatabaseStorage configures the persistent volume of a database.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.storageClassName) || !has(oldSelf.storageClassName) || self.storageClassName == oldSelf.storageClassName",message="storageClassName can't be changed in place: remove it to keep the volume's class, or restore a backup in a new Microservice with the new class"
// +kubebuilder:validation:XValidation:rule="!has(self.size) || !has(oldSelf.size) || !isQuantity(self.size) || !isQuantity(oldSelf.size) || quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0",message="size must not be reduced, because a volume can't shrink: remove it to keep the volume's size"
type DatabaseStorage struct {
	// size is the size of the volume, such as 10Gi. It can grow where the
	// storage class allows expansion, and never shrinks. Unset means 10Gi for a
	// new volume and the current size for an existing one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="isQuantity(self) && !quantity(self).isLessThan(quantity('1Mi'))",message="size must be a quantity of at least 1Mi, such as 10Gi or 500Mi"
	Size string `json:"size,omitempty"`

	// storageClassName is the class of the volume. Unset means the Topology's
	// default or, without one, the cluster's default. An existing volume keeps
	// its class.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="storageClassName must be the name of a StorageClass: lower case letters, digits, '-' and '.'"
	StorageClassName string `json:"storageClassName,omitempty"`
}

// ExternalDatabase locates a database that runs elsewhere.
type ExternalDatabase struct {
	// secretName is the name of a Secret in the same namespace with the keys
	// host, port, username, password, database and uri. The pods read them from
	// this Secret. A change rolls the pods.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`
}

// DatabaseStartup says whether the first rollout waits for the service's own database.
// +kubebuilder:validation:Enum=Ignore;Wait
type DatabaseStartup string

const (
	// DatabaseStartupIgnore does not wait.
	DatabaseStartupIgnore DatabaseStartup = "Ignore"
	// DatabaseStartupWait waits until the database accepts connections.
	DatabaseStartupWait DatabaseStartup = "Wait"
)
