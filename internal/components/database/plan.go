// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// Plan is the desired database of a service, with every default.
type Plan struct {
	// Owner is the Microservice's name, Namespace its namespace.
	Owner, Namespace string
	// Name is the name of the StatefulSet, the Service and the Secret.
	Name     string
	Kind     v1alpha1.DatabaseEngine
	Engine   engine.Engine
	Provider Provider
	Version  string
	// Base is the operating system of the image; empty if the tag names none.
	Base  string
	Image string
	// NextImage is the image that the server gets once it was pulled; empty if that is Image.
	NextImage      string
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
	// TLS reports whether the server has a certificate.
	TLS          bool
	DatabaseName string
	// Projected reports whether the pods get the binding Secret as files, too.
	Projected bool
	// PodMetadata are labels and annotations of the pods; nil if there are none.
	PodMetadata *v1alpha1.PodMetadata
	// PodUser is the user that the pods run as.
	PodUser          v1alpha1.PodUser
	ImagePullSecrets []corev1.LocalObjectReference
	// Suspended reports whether the server stops.
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

// Resolve returns the desired database with its defaults. The Microservice's own
// setting wins over the Topology's, and that over Atoll's. The existing database
// wins over a default, so that a later change of a default moves no data. Resolve
// returns nil for a service without a database, and a problem for settings that the
// existing volume does not allow.
func Resolve(ms *v1alpha1.Microservice, topology *v1alpha1.Topology, state *inputs.State) (*Plan, *condition.Problem) {
	spec := ms.Spec.Database
	if spec == nil {
		return nil, nil
	}
	engine, known := engine.Engines[spec.Engine]
	if !known {
		return nil, invalid(condition.Message{Field: "database.engine", Cause: fmt.Sprintf("%q is not known to this version of Atoll", spec.Engine)})
	}
	plan := &Plan{
		Owner:     ms.Name,
		Namespace: ms.Namespace,
		Name:      names.Database(ms.Name),
		Kind:      spec.Engine,
		Engine:    engine,
		Provider:  ProviderOf(spec),
		Pool:      defaultPool,
		Projected: spec.Projection == v1alpha1.ProjectionServiceBinding,
		Suspended: ms.Spec.Suspend != nil && *ms.Spec.Suspend,

		PodMetadata:      spec.PodMetadata,
		ImagePullSecrets: ms.Spec.ImagePullSecrets,
	}
	if spec.Pool != nil {
		plan.Pool = *spec.Pool
	}
	if problem := plan.Provider.complete(plan, spec); problem != nil {
		return nil, problem
	}
	if !plan.Provider.Managed() {
		return plan, nil
	}
	plan.SecretName = plan.Name
	plan.Port = engine.Port()
	plan.DatabaseName = inputs.DatabaseName(ms, state.Cluster)
	plan.Parameters = spec.Parameters
	exists := plan.Provider.existing(plan, state)
	if problem := plan.applyDefaults(spec, topology, exists); problem != nil {
		return nil, problem
	}
	if oldest := engine.Oldest(); majorNumber(plan.Version) < oldest {
		remedy := fmt.Sprintf("set version to %d or newer", oldest)
		if exists != nil {
			remedy = fmt.Sprintf("load a dump of it into a new Microservice with version %d or newer", oldest)
		}
		return nil, invalid(condition.Message{Field: "database.version",
			Cause: fmt.Sprintf("the tools of %s %s lack what Atoll uses", spec.Engine, plan.Version), Remedy: remedy})
	}
	switch {
	case exists != nil:
		plan.Base = exists.base
	case spec.Image == "":
		plan.Base = plan.Provider.base(plan)
	}
	plan.Image = firstSet(spec.Image, plan.Provider.image(plan))
	return plan, nil
}

func (p *Plan) applyDefaults(spec *v1alpha1.Database, topology *v1alpha1.Topology, exists *existing) *condition.Problem {
	var defaults v1alpha1.DatabaseDefaults
	if topology != nil && topology.Spec.Defaults != nil && topology.Spec.Defaults.Database != nil {
		defaults = *topology.Spec.Defaults.Database
	}
	var storage v1alpha1.DatabaseStorage
	if spec.Storage != nil {
		storage = *spec.Storage
	}

	if p.PodMetadata == nil {
		p.PodMetadata = defaults.PodMetadata
	}
	p.PodUser = firstSet(spec.PodUser, defaults.PodUser, v1alpha1.PodUserImage)
	p.DeletionPolicy = firstSet(spec.DeletionPolicy, defaults.DeletionPolicy, v1alpha1.DeletionRetain)
	p.Version = firstSet(spec.Version, p.Engine.DefaultVersion())
	// A version belongs to an engine.
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
			return invalid(condition.Message{Field: "database.storage.size", Cause: fmt.Sprintf("%q is not a quantity such as 10Gi", storage.Size)})
		}
		p.Size = size
	}
	if exists == nil {
		return nil
	}
	return p.respect(spec, storage, exists)
}

func firstSet[T ~string](values ...T) T {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
