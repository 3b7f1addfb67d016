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

package database

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

// State is what exists of a database, as gathered from the cluster.
type State struct {
	// Claim is the persistent volume claim of the built-in provider; nil when
	// there is none.
	Claim *corev1.PersistentVolumeClaim
	// Binding, Admin and Next are what the Secrets of the service, of the
	// administrator and of a rotation hold; nil where there is none. One that is to
	// be made has no UID yet.
	Binding, Admin, Next *Credentials
	// Cluster is that of CloudNativePG; nil when there is none.
	Cluster *unstructured.Unstructured
	// ForeignSecret is the name of a Secret that is in the way and somebody else's;
	// empty when there is none.
	ForeignSecret string
}

// Plan is a service's database with every default in place.
type Plan struct {
	// Owner is the Microservice's name, Namespace its namespace.
	Owner, Namespace string
	// Name is the name of the StatefulSet, the Service and the Secret.
	Name           string
	Kind           v1alpha1.DatabaseEngine
	Engine         Engine
	Provider       v1alpha1.DatabaseProvider
	Version        string
	Image          string
	Instances      int32
	Pool           int32
	Size           resource.Quantity
	StorageClass   string
	Resources      corev1.ResourceRequirements
	Parameters     map[string]v1alpha1.ParameterValue
	DeletionPolicy v1alpha1.DeletionPolicy
	SecretName     string
	// AdminSecretName is the Secret with the administrator's password.
	AdminSecretName string
	Host            string
	Port            int32
	// TLS says that the server has a certificate.
	TLS          bool
	DatabaseName string
	// Projected says that the pods get the binding Secret as files too.
	Projected bool
	Suspended bool
}

const defaultPool = 10

var (
	defaultSize      = resource.MustParse("10Gi")
	defaultResources = corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("100m"),
		corev1.ResourceMemory: resource.MustParse("256Mi"),
	}}
)

// Labels and annotations of a claim that say what wrote its data.
const (
	// LabelEngine is the engine whose data a volume holds, in lower case.
	LabelEngine = "atoll.dev/database-engine"
	// LabelMajorVersion is the major version of the engine that wrote the data.
	LabelMajorVersion = "atoll.dev/database-major-version"
	// AnnotationVersion is the last version of the engine that ran on a volume.
	AnnotationVersion = "atoll.dev/database-version"
)

// Resolve puts the defaults in place: the Microservice's own setting wins over
// the Topology's, and that over Atoll's. What exists already wins over a
// default, so that a default changed later moves no data. It returns nil for a
// service without a database, and an error, fit to be shown, for settings that
// the existing volume does not allow.
func Resolve(ms *v1alpha1.Microservice, topology *v1alpha1.Topology, state *State) (*Plan, error) {
	spec := ms.Spec.Database
	if spec == nil {
		return nil, nil
	}
	engine, known := engines[spec.Engine]
	if !known {
		return nil, fmt.Errorf("database.engine: %q is not known to this version of Atoll", spec.Engine)
	}
	plan := &Plan{
		Owner:     ms.Name,
		Namespace: ms.Namespace,
		Name:      Name(ms.Name),
		Kind:      spec.Engine,
		Engine:    engine,
		Provider:  spec.Provider,
		Pool:      defaultPool,
		Projected: spec.Projection == v1alpha1.ProjectionServiceBinding,
		Suspended: ms.Spec.Suspend != nil && *ms.Spec.Suspend,
	}
	if spec.Pool != nil {
		plan.Pool = *spec.Pool
	}
	if plan.Provider == v1alpha1.ProviderExternal {
		if spec.External == nil {
			return nil, errors.New("database.external: provider: External needs external.secretName")
		}
		plan.SecretName = spec.External.SecretName
		return plan, nil
	}
	plan.SecretName = plan.Name
	plan.Port = engine.Port()
	plan.DatabaseName = databaseName(ms, state.Cluster)
	plan.Instances = 1
	plan.Parameters = spec.Parameters
	if plan.Provider == v1alpha1.ProviderCloudNativePG {
		plan.applyCluster(spec)
	} else {
		plan.Provider = v1alpha1.ProviderBuiltIn
		plan.AdminSecretName = AdminSecretName(ms.Name)
		plan.Host = graph.ServiceHost(plan.Name, ms.Namespace)
	}
	if err := plan.applyDefaults(spec, topology, state.Claim); err != nil {
		return nil, err
	}
	plan.Image = firstSet(spec.Image, plan.defaultImage())
	return plan, nil
}

// defaultImage is the image of the version where the spec names none.
func (p *Plan) defaultImage() string {
	if p.Provider == v1alpha1.ProviderCloudNativePG {
		return clusterImage + p.Version
	}
	return p.Engine.Image(p.Version)
}

// providerName is the value of the binding Secret's key "provider".
func (p *Plan) providerName() string {
	if p.Provider == v1alpha1.ProviderCloudNativePG {
		return "cloudnative-pg"
	}
	return "atoll"
}

func (p *Plan) applyDefaults(spec *v1alpha1.Database, topology *v1alpha1.Topology, claim *corev1.PersistentVolumeClaim) error {
	var defaults v1alpha1.DatabaseDefaults
	if topology != nil && topology.Spec.Defaults != nil && topology.Spec.Defaults.Database != nil {
		defaults = *topology.Spec.Defaults.Database
	}
	var storage v1alpha1.DatabaseStorage
	if spec.Storage != nil {
		storage = *spec.Storage
	}

	p.DeletionPolicy = firstSet(spec.DeletionPolicy, defaults.DeletionPolicy, v1alpha1.DeletionRetain)
	p.Version = firstSet(spec.Version, p.Engine.DefaultVersion())
	// A version is one of an engine.
	if spec.Version == "" && defaults.Version != "" && firstSet(defaults.Engine, v1alpha1.EnginePostgreSQL) == spec.Engine {
		p.Version = defaults.Version
	}
	p.StorageClass = firstSet(storage.StorageClassName, defaults.StorageClassName)
	p.Resources = defaultResources
	if spec.Resources != nil {
		p.Resources = *spec.Resources
	}
	p.Size = defaultSize
	if storage.Size != "" {
		size, err := resource.ParseQuantity(storage.Size)
		if err != nil {
			return fmt.Errorf("database.storage.size: %q is not a quantity such as 10Gi", storage.Size)
		}
		p.Size = size
	}
	if claim == nil {
		return nil
	}
	return p.respectClaim(spec, storage, claim)
}

// respectClaim takes from an existing volume what was not asked for, and
// refuses what it can't become.
func (p *Plan) respectClaim(spec *v1alpha1.Database, storage v1alpha1.DatabaseStorage, claim *corev1.PersistentVolumeClaim) error {
	if engine := claim.Labels[LabelEngine]; engine != "" && engine != p.Engine.Type() {
		return fmt.Errorf("database.engine: the volume claim %q holds data of %s, not of %s: set the engine back, or delete the claim if its data is not needed",
			claim.Name, engine, p.Engine.Type())
	}
	if major := claim.Labels[LabelMajorVersion]; major != "" && major != majorOf(p.Version) {
		if spec.Version != "" {
			return fmt.Errorf("database.version: the volume claim %q holds data of version %s, which version %s can't read: set version to %q, or restore a backup of it in a new Microservice",
				claim.Name, major, p.Version, major)
		}
		p.Version = major
	}
	if ran := claim.Annotations[AnnotationVersion]; lower(p.Version, ran) {
		if spec.Version != "" {
			return fmt.Errorf("database.version: version %s has written to the volume claim %q, and version %s is older: set version to at least %q, or restore a backup of it in a new Microservice",
				ran, claim.Name, p.Version, ran)
		}
		p.Version = ran
	}
	if class := claim.Spec.StorageClassName; class != nil && *class != "" {
		if storage.StorageClassName != "" && storage.StorageClassName != *class {
			return fmt.Errorf("database.storage.storageClassName: the volume claim %q has class %q, which can't be changed to %q: set it back, or restore a backup of it in a new Microservice",
				claim.Name, *class, storage.StorageClassName)
		}
		p.StorageClass = *class
	}
	size, known := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	switch {
	case known && storage.Size == "":
		p.Size = size
	case known && size.Cmp(p.Size) > 0:
		return fmt.Errorf("database.storage.size: the volume claim %q has %s and can't shrink to %s: set size to at least %s",
			claim.Name, size.String(), p.Size.String(), size.String())
	}
	return nil
}

// lower says whether a version is an older minor version than another of the
// same major. A version without a minor is the newest of its major.
func lower(version, than string) bool {
	major, minor, exact := strings.Cut(version, ".")
	otherMajor, otherMinor, otherExact := strings.Cut(than, ".")
	a, errA := strconv.Atoi(minor)
	b, errB := strconv.Atoi(otherMinor)
	return exact && otherExact && major == otherMajor && errA == nil && errB == nil && a < b
}

func majorOf(version string) string {
	major, _, _ := strings.Cut(version, ".")
	return major
}

func firstSet[T ~string](values ...T) T {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
