// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// Schemas says of objects what the API server would say, by their
// CustomResourceDefinitions.
type Schemas map[schema.GroupVersionKind]*kindSchema

type kindSchema struct {
	structural *structuralschema.Structural
	fields     validation.SchemaValidator
	rules      *cel.Validator
}

// NewSchemas takes the CustomResourceDefinitions of a folder.
func NewSchemas(crds fs.FS) (Schemas, error) {
	files, err := fs.Glob(crds, "*/*.yaml")
	if err != nil {
		return nil, err
	}
	schemas := Schemas{}
	for _, file := range files {
		text, err := fs.ReadFile(crds, file)
		if err != nil {
			return nil, err
		}
		if err := schemas.add(text); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return schemas, nil
}

func (s Schemas) add(text []byte) error {
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(text, crd); err != nil {
		return err
	}
	for i := range crd.Spec.Versions {
		version := &crd.Spec.Versions[i]
		props := &apiextensions.JSONSchemaProps{}
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, props, nil); err != nil {
			return err
		}
		structural, err := structuralschema.NewStructural(props)
		if err != nil {
			return err
		}
		fields, _, err := validation.NewSchemaValidator(props)
		if err != nil {
			return err
		}
		s[schema.GroupVersionKind{Group: crd.Spec.Group, Version: version.Name, Kind: crd.Spec.Names.Kind}] = &kindSchema{
			structural: structural, fields: fields, rules: cel.NewValidator(structural, true, celconfig.PerCallLimit),
		}
	}
	return nil
}

// knows says whether there is a schema for a kind, and whether there should be
// one.
func (s Schemas) knows(gvk schema.GroupVersionKind) (known, ours bool) {
	if s[gvk] != nil {
		return true, true
	}
	for other := range s {
		ours = ours || other.Group == gvk.Group
	}
	return false, ours
}

// Validate finds the fields that the kind does not have, and what is wrong with
// the others. The object that it returns is without the unknown fields.
func (s Schemas) Validate(ctx context.Context, o *unstructured.Unstructured) (known *unstructured.Unstructured, unknown []string, errs field.ErrorList) {
	of := s[o.GroupVersionKind()]
	known = o.DeepCopy()
	unknown = pruning.PruneWithOptions(known.Object, of.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	slices.Sort(unknown)
	whole := known.DeepCopy()
	defaulting.Default(whole.Object, of.structural)
	errs = validation.ValidateCustomResource(nil, whole.Object, of.fields)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, of.structural, whole.Object)...)
	// As in the API server, rules are about objects whose fields are right.
	if len(errs) == 0 {
		errs, _ = of.rules.Validate(ctx, nil, of.structural, whole.Object, nil, celconfig.RuntimeCELCostBudget)
	}
	return known, unknown, errs
}
