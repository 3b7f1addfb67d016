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

import corev1 "k8s.io/api/core/v1"

// Database is a service's own database.
//
// +kubebuilder:validation:XValidation:rule="self.engine == oldSelf.engine",message="engine can't be changed in place: move the data to a new Microservice, or remove database first"
// +kubebuilder:validation:XValidation:rule="(has(self.provider) ? self.provider : 'BuiltIn') == (has(oldSelf.provider) ? oldSelf.provider : 'BuiltIn')",message="provider can't be changed in place: remove database, restore the data at the new provider, then add database again"
// +kubebuilder:validation:XValidation:rule="(has(self.provider) && self.provider == 'External') == has(self.external)",message="provider: External and external go together: set external.secretName with provider: External, and only then"
// +kubebuilder:validation:XValidation:rule="!has(self.provider) || self.provider != 'External' || !(has(self.version) || has(self.storage) || has(self.resources) || has(self.parameters) || has(self.deletionPolicy))",message="version, storage, resources, parameters and deletionPolicy don't apply to provider: External: that database is run elsewhere; remove them"
// +kubebuilder:validation:XValidation:rule="!has(self.version) || !has(oldSelf.version) || self.version.split('.')[0] == oldSelf.version.split('.')[0]",message="version: the major version can't be changed in place: make a new Microservice with the new version and move the data"
// +kubebuilder:validation:XValidation:rule="!has(self.version) || !has(oldSelf.version) || self.version.split('.').size() < 2 || oldSelf.version.split('.').size() < 2 || int(self.version.split('.')[1]) >= int(oldSelf.version.split('.')[1])",message="version must not be lowered: to take back one that never ran, apply without version first"
type Database struct {
	// engine is the kind of the database: PostgreSQL.
	// +required
	Engine DatabaseEngine `json:"engine,omitempty"`

	// provider says who runs the database: BuiltIn (Atoll runs one instance on a
	// persistent volume) or External (it runs elsewhere; external names the
	// Secret that says where). Unset means BuiltIn.
	// +optional
	Provider DatabaseProvider `json:"provider,omitempty"`

	// version is the engine's version, major or major.minor. Unset means the
	// Topology's default, and without it 17 for PostgreSQL.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,4}(\\\\.[0-9]{1,4})?$')",message="version must be major or major.minor, such as \"17\" or \"17.2\""
	Version string `json:"version,omitempty"`

	// storage is the persistent volume. Unset means 10Gi of the default
	// storage class.
	// +optional
	Storage *DatabaseStorage `json:"storage,omitempty"`

	// resources are the requests and limits of the database's container. Unset
	// means requests of 100m CPU and 256Mi memory and no limits.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// parameters are settings of the engine, such as max_connections: "200". A
	// change restarts the database. Unset means the engine's defaults.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^[a-z_][a-z0-9_.]*$'))",message="parameters must be named as in postgresql.conf: lower case letters, digits, '_' and '.'"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !(k in ['data_directory', 'hba_file', 'ident_file', 'config_file', 'external_pid_file', 'listen_addresses', 'port', 'unix_socket_directories']))",message="parameters must not hold data_directory, hba_file, ident_file, config_file, external_pid_file, listen_addresses, port or unix_socket_directories: the server would not be found, or not start"
	Parameters map[string]ParameterValue `json:"parameters,omitempty"`

	// deletionPolicy says what becomes of the data when the Microservice, or its
	// database, is removed: Retain (volume and Secret stay, and are used again
	// when it comes back) or Delete. Unset means the Topology's default, and
	// without it Retain.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// external says where an External database is.
	// +optional
	External *ExternalDatabase `json:"external,omitempty"`
}

// ParameterValue is the value of an engine's setting.
// +kubebuilder:validation:MaxLength=1024
type ParameterValue string

// DatabaseEngine is a kind of database.
// +kubebuilder:validation:Enum=PostgreSQL
type DatabaseEngine string

// EnginePostgreSQL is PostgreSQL.
const EnginePostgreSQL DatabaseEngine = "PostgreSQL"

// DatabaseProvider says who runs a database.
// +kubebuilder:validation:Enum=BuiltIn;External
type DatabaseProvider string

const (
	// ProviderBuiltIn is one instance in a StatefulSet that Atoll makes.
	ProviderBuiltIn DatabaseProvider = "BuiltIn"
	// ProviderExternal is a database that runs elsewhere.
	ProviderExternal DatabaseProvider = "External"
)

// DeletionPolicy says what becomes of data.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

const (
	// DeletionRetain keeps the data.
	DeletionRetain DeletionPolicy = "Retain"
	// DeletionDelete deletes the data.
	DeletionDelete DeletionPolicy = "Delete"
)

// DatabaseStorage is a database's persistent volume.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.storageClassName) || (has(self.storageClassName) && self.storageClassName == oldSelf.storageClassName)",message="storageClassName can't be changed in place: move the data to a new Microservice"
// +kubebuilder:validation:XValidation:rule="!has(self.size) || !has(oldSelf.size) || !isQuantity(self.size) || !isQuantity(oldSelf.size) || quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0",message="size can't be shrunk: volumes only grow; to take back a size that the volume never got, apply without size first"
type DatabaseStorage struct {
	// size is the size of the volume, such as 10Gi. It can grow where the storage
	// class allows it, and never shrink. Unset means 10Gi for a new volume.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",message="size must be a quantity over zero, such as 10Gi or 500Mi"
	Size string `json:"size,omitempty"`

	// storageClassName is the class of the volume. Unset means the Topology's
	// default, and without it the cluster's.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	StorageClassName string `json:"storageClassName,omitempty"`
}

// ExternalDatabase says where a database is that runs elsewhere.
type ExternalDatabase struct {
	// secretName is a Secret in the same namespace with the keys host, port,
	// username, password, database and uri. The pods take them from there; a
	// change rolls the pods.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`
}
