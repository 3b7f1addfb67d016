// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DatabaseBackup schedules backups of a database. To start a backup now, run
// kubectl create job --from=cronjob/<name>-backup <name>-backup-now. With
// provider: CloudNativePG there is no CronJob: create a Backup of
// CloudNativePG.
type DatabaseBackup struct {
	// schedule is a cron expression in UTC: five fields, such as "0 3 * * *",
	// or a macro such as @daily.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="self.matches('^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|[0-9A-Za-z*/,?-]+( +[0-9A-Za-z*/,?-]+){4})$')",message="schedule must be a cron expression of five fields (minute, hour, day of month, month and day of week), such as \"0 3 * * *\", or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually"
	Schedule string `json:"schedule,omitempty"`

	// keep is the number of backups to retain. Atoll deletes older backups
	// after it has verified a new one. With provider: CloudNativePG, the
	// recovery window is keep times the schedule's interval, rounded up to
	// whole days. Unset means 7.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Keep *int32 `json:"keep,omitempty"`

	// destination is where backups are stored.
	// +required
	Destination BackupLocation `json:"destination,omitzero"`

	// timeoutSeconds is the time after which a backup that has not ended is
	// stopped and counts as failed. It covers all tries. The next one can start
	// only then. It must not be set with provider: CloudNativePG. Unset means
	// 21600, which is 6 hours.
	// +optional
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=2592000
	TimeoutSeconds *int64 `json:"timeoutSeconds,omitempty"`
}

// BackupLocation is where backups are stored: a volume or a bucket. Each
// service has its own folder, in a bucket inside a folder of its namespace, so
// services can share a location. Clusters that share a bucket must use
// different prefixes.
// +kubebuilder:validation:XValidation:rule="has(self.persistentVolumeClaim) != has(self.s3)",message="exactly one of persistentVolumeClaim and s3 must be set"
// +kubebuilder:validation:MinProperties=1
type BackupLocation struct {
	// persistentVolumeClaim is a volume in the cluster. Unset means s3.
	// +optional
	PersistentVolumeClaim *ClaimLocation `json:"persistentVolumeClaim,omitempty"`

	// s3 is a bucket in Amazon S3 or in a compatible store. Unset means
	// persistentVolumeClaim.
	// +optional
	S3 *S3Location `json:"s3,omitempty"`
}

// ClaimLocation is an existing volume.
type ClaimLocation struct {
	// claimName is the name of an existing PersistentVolumeClaim in the same
	// namespace. Atoll neither creates nor deletes it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClaimName string `json:"claimName,omitempty"`
}

// S3Location is a bucket in Amazon S3 or in a compatible store.
type S3Location struct {
	// bucket is the name of the bucket.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9][a-z0-9.-]*[a-z0-9]$')",message="bucket must consist of lower case letters, digits, '.' and '-', and begin and end with a letter or digit"
	Bucket string `json:"bucket,omitempty"`

	// prefix is a folder in the bucket. Unset means the root of the bucket.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$') && !self.matches('(^|/)[.]{1,2}(/|$)')",message="prefix must consist of folder names separated by '/'; a folder name has letters, digits, '.', '_' and '-', and is not '.' or '..'"
	Prefix string `json:"prefix,omitempty"`

	// endpoint is the URL of a compatible store. Unset means Amazon S3.
	// +optional
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="isURL(self) && (self.startsWith('https://') || self.startsWith('http://'))",message="endpoint must be an HTTP or HTTPS URL, such as https://s3.example.com"
	Endpoint string `json:"endpoint,omitempty"`

	// region is the region of the bucket. Unset means us-east-1.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9-]+$')",message="region must consist of letters, digits and '-'"
	Region string `json:"region,omitempty"`

	// secretName is the name of a Secret in the same namespace with the keys
	// accessKeyId and secretAccessKey. Unset means the cloud identity of the
	// service's ServiceAccount or, where CloudNativePG reads or writes the
	// backup, of the Cluster's ServiceAccount, <service>-db.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// staging is a volume that holds the dump between the database and the
	// bucket. It is created for each backup or restore, and deleted after it. It
	// must not be set where CloudNativePG reads or writes the backup. Unset means
	// the node's ephemeral storage, up to twice the size of the database's volume.
	// +optional
	Staging *StagingStorage `json:"staging,omitempty"`
}

// StagingStorage is a volume that lives as long as the pod that uses it.
type StagingStorage struct {
	// size is the size of the volume, such as 10Gi. It must hold one dump.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="isQuantity(self) && !quantity(self).isLessThan(quantity('1Mi'))",message="size must be a quantity of at least 1Mi, such as 10Gi or 500Mi"
	Size string `json:"size,omitempty"`

	// storageClassName is the class of the volume. Unset means the cluster's
	// default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="storageClassName must be the name of a StorageClass: lower case letters, digits, '-' and '.'"
	StorageClassName string `json:"storageClassName,omitempty"`
}

// DatabaseRestore fills a new, empty database from a backup.
type DatabaseRestore struct {
	// from identifies the backup.
	// +required
	From RestoreSource `json:"from,omitzero"`

	// timeoutSeconds is the time after which a restore that has not ended is
	// stopped and counts as failed. It covers all tries. A change does not apply
	// to a restore that runs; it runs a restore again that exceeded the earlier
	// limit. It must not be set for a backup of CloudNativePG. Unset means
	// 86400, which is 24 hours.
	// +optional
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=2592000
	TimeoutSeconds *int64 `json:"timeoutSeconds,omitempty"`
}

// BackupProvider is the provider of the database from which a backup was taken.
// +kubebuilder:validation:Enum=BuiltIn;CloudNativePG
type BackupProvider string

const (
	// BackupOfBuiltIn is a dump of a database.
	BackupOfBuiltIn BackupProvider = "BuiltIn"
	// BackupOfCloudNativePG is a physical backup of a server. Only
	// CloudNativePG can restore it.
	BackupOfCloudNativePG BackupProvider = "CloudNativePG"
)

// RestoreSource identifies the backup to restore. Without persistentVolumeClaim
// and s3, the backup is read from backup.destination.
// +kubebuilder:validation:XValidation:rule="!has(self.persistentVolumeClaim) || !has(self.s3)",message="persistentVolumeClaim and s3 are mutually exclusive: remove one of them"
// +kubebuilder:validation:MinProperties=1
type RestoreSource struct {
	// persistentVolumeClaim is a volume that contains backups. Unset means s3
	// or, without s3, backup.destination.
	// +optional
	PersistentVolumeClaim *ClaimLocation `json:"persistentVolumeClaim,omitempty"`

	// s3 is a bucket that contains backups. Unset means persistentVolumeClaim
	// or, without it, backup.destination.
	// +optional
	S3 *S3Location `json:"s3,omitempty"`

	// provider is the provider of the database from which the backup was taken.
	// A backup of BuiltIn is a dump, which a database of either provider can be
	// restored from. A backup of CloudNativePG can be restored only with
	// provider: CloudNativePG. Unset means the provider of this database.
	// +optional
	Provider BackupProvider `json:"provider,omitempty"`

	// service is the name of the Microservice from which the backup was taken.
	// Unset means this Microservice.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="service must be the name of a Microservice"
	Service string `json:"service,omitempty"`

	// namespace is the namespace of the Microservice from which the backup was
	// taken. It is a folder in the bucket. Unset means this namespace.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="namespace must be the name of a namespace"
	Namespace string `json:"namespace,omitempty"`

	// backup is the file name of the backup: the last segment of
	// status.database.lastBackup.location. Unset means the newest backup. For a
	// backup of CloudNativePG, backup is the server's folder in the bucket, and
	// the newest state is restored; unset means <service>-db.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$')",message="backup must be a file name: letters, digits, '.', '_' and '-', beginning with a letter or digit"
	Backup string `json:"backup,omitempty"`
}

// BackupStatus is a verified backup.
type BackupStatus struct {
	// time is when the backup started. The backup contains what was written
	// before then.
	// +required
	Time metav1.Time `json:"time,omitzero"`

	// size is the size of the backup in bytes. Unset means that the provider
	// does not report it.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Size int64 `json:"size,omitempty"`

	// location is the URL of the backup: pvc://<claim>/<service>/<file>,
	// s3://<bucket>/<prefix>/<namespace>/<service>/<file> or, with provider:
	// CloudNativePG, s3://<bucket>/<prefix>/<namespace>/<server>.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Location string `json:"location,omitempty"`
}
