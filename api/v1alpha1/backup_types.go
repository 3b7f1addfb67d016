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

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DatabaseBackup schedules backups of a database. To start a backup now, run
// kubectl create job --from=cronjob/<name>-backup <name>-backup-now. With
// provider: CloudNativePG there is no CronJob: create a Backup of
// CloudNativePG.
type DatabaseBackup struct {
	// schedule says when, in cron's five fields and in UTC, such as "0 3 * * *".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="self.matches('^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|[0-9A-Za-z*/,?-]+( +[0-9A-Za-z*/,?-]+){4})$')",message="schedule must have cron's five fields (minute, hour, day, month and weekday), such as \"0 3 * * *\", or be @hourly, @daily, @weekly, @monthly or @yearly"
	Schedule string `json:"schedule,omitempty"`

	// keep is the number of backups that are kept; older ones are deleted after a
	// new one was verified. With provider: CloudNativePG it is made a recovery
	// window of as many times the schedule's interval. Unset means 7.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Keep *int32 `json:"keep,omitempty"`

	// destination is where the backups are kept.
	// +required
	Destination BackupLocation `json:"destination,omitzero"`
}

// BackupLocation is where backups are kept: in a volume or in a bucket. Each
// service has a folder of its name there, in a bucket within one of its namespace's
// name, so that services can share one. Clusters that share a bucket need a prefix
// each.
// +kubebuilder:validation:XValidation:rule="has(self.persistentVolumeClaim) != has(self.s3)",message="exactly one of persistentVolumeClaim and s3 must be set"
// +kubebuilder:validation:MinProperties=1
type BackupLocation struct {
	// persistentVolumeClaim is a volume in the cluster.
	// +optional
	PersistentVolumeClaim *ClaimLocation `json:"persistentVolumeClaim,omitempty"`

	// s3 is a bucket of S3 or of a compatible store.
	// +optional
	S3 *S3Location `json:"s3,omitempty"`
}

// ClaimLocation is a volume.
type ClaimLocation struct {
	// claimName is an existing PersistentVolumeClaim of the same namespace. Atoll
	// makes and deletes none.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClaimName string `json:"claimName,omitempty"`
}

// S3Location is a bucket.
type S3Location struct {
	// bucket is the bucket's name.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9][a-z0-9.-]*[a-z0-9]$')",message="bucket must be lower case letters, digits, '.' and '-'"
	Bucket string `json:"bucket,omitempty"`

	// prefix is a folder in the bucket. Unset means the bucket's root.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$')",message="prefix must be folders of letters, digits, '.', '_' and '-', with '/' between them only"
	Prefix string `json:"prefix,omitempty"`

	// endpoint is the URL of a compatible store. Unset means Amazon's.
	// +optional
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="isURL(self) && (self.startsWith('https://') || self.startsWith('http://'))",message="endpoint must be a URL such as https://s3.example.com"
	Endpoint string `json:"endpoint,omitempty"`

	// region is the bucket's region. Unset means us-east-1.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9-]+$')",message="region must be letters, digits and '-'"
	Region string `json:"region,omitempty"`

	// secretName is the name of a Secret in the same namespace with the keys
	// accessKeyId and secretAccessKey. Unset means the cloud identity of the
	// service's ServiceAccount or, where CloudNativePG reads or writes the
	// backup, of the Cluster's ServiceAccount, <service>-db.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`
}

// DatabaseRestore fills a new, empty database.
type DatabaseRestore struct {
	// from is the backup.
	// +required
	From RestoreSource `json:"from,omitzero"`
}

// BackupProvider is what ran a database that was backed up.
// +kubebuilder:validation:Enum=BuiltIn;CloudNativePG
type BackupProvider string

const (
	// BackupOfBuiltIn is a dump.
	BackupOfBuiltIn BackupProvider = "BuiltIn"
	// BackupOfCloudNativePG is a copy of a server, which CloudNativePG alone reads.
	BackupOfCloudNativePG BackupProvider = "CloudNativePG"
)

// RestoreSource is the backup to restore. Without persistentVolumeClaim and s3
// it is looked for at backup.destination.
// +kubebuilder:validation:XValidation:rule="!has(self.persistentVolumeClaim) || !has(self.s3)",message="persistentVolumeClaim and s3 are mutually exclusive"
// +kubebuilder:validation:MinProperties=1
type RestoreSource struct {
	// persistentVolumeClaim is a volume with backups.
	// +optional
	PersistentVolumeClaim *ClaimLocation `json:"persistentVolumeClaim,omitempty"`

	// s3 is a bucket with backups.
	// +optional
	S3 *S3Location `json:"s3,omitempty"`

	// provider is what ran the database that was backed up. What BuiltIn backed up is
	// a dump, which CloudNativePG's databases can be filled with too; what CloudNativePG
	// backed up it alone reads. Unset means the provider of this database.
	// +optional
	Provider BackupProvider `json:"provider,omitempty"`

	// service is the name of the Microservice whose backup it is. Unset means this
	// one's.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="service must be the name of a Microservice"
	Service string `json:"service,omitempty"`

	// namespace is the namespace of the Microservice whose backup it is, which is a
	// folder in the bucket. Unset means this one's.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="namespace must be the name of a namespace"
	Namespace string `json:"namespace,omitempty"`

	// backup is the file's name, as the last part of status.database.lastBackup.location
	// has it. Unset means the newest. With provider: CloudNativePG it is the
	// server's folder in the bucket, whose newest state is restored; unset means
	// <service>-db.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$')",message="backup must be a file's name: letters, digits, '.', '_' and '-'"
	Backup string `json:"backup,omitempty"`
}

// BackupStatus is a backup that was made and verified.
type BackupStatus struct {
	// time is when the backup was begun: it holds what was written before.
	// +required
	Time metav1.Time `json:"time,omitzero"` //nolint:kubeapilinter // What is left out when zero is refused as missing.

	// size is the size of the backup in bytes. Unset where the provider does not
	// tell.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Size int64 `json:"size,omitempty"`

	// location is where it is: pvc://<claim>/<service>/<file>,
	// s3://<bucket>/<prefix>/<namespace>/<service>/<file>, or with provider:
	// CloudNativePG s3://<bucket>/<prefix>/<namespace>/<server>.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Location string `json:"location,omitempty"`
}
