// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package components lists the components that Microservices and Topologies are made
// of, and builds them from inputs. It is pure: everything that it looks at is passed in.
package components

import (
	"errors"
	"fmt"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/components/workload"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// Built is everything that a Microservice is to be made of.
type Built struct {
	// Database is the database as it is to be.
	Database *database.Database
	// Components has an entry for each row of the table. For a Microservice that is no
	// member of the Topology that it names, it has only the rows that follow the spec all
	// the same.
	Components []Wanted
}

// Deployment returns what was built of the service's Deployment.
func (b *Built) Deployment() *Wanted {
	for i := range b.Components {
		if b.Components[i].Component.Name == Deployment {
			return &b.Components[i]
		}
	}
	return &Wanted{}
}

// HoldsTemplate reports whether the Deployment keeps a pod template that is not the desired
// one.
func (b *Built) HoldsTemplate() bool {
	return b.Deployment().Problem != nil || b.Database.MembershipProblem() != nil || workload.Gated(b.Database)
}

// Kept returns what is applied of a component while one that it comes after can't be.
func (b *Built) Kept(c *Component) ([]kube.Object, error) {
	kept, err := build(b.Database, c, c.BuildKept)
	return kept.Objects, err
}

// Wanted is what Build returns for one component.
type Wanted struct {
	Component *Component
	Objects   []kube.Object
	// Problem kept further objects from being built; those that exist stay as they
	// are.
	Problem *condition.Problem
}

// Build returns all wanted components. An error is a fault of Atoll; faults of the
// spec are in the entries. It changes nothing of its inputs.
func Build(in *inputs.Inputs) (*Built, error) {
	built := &Built{Database: database.Of(in), Components: make([]Wanted, 0, len(Table))}
	held := in.MembershipProblem() != nil
	for i := range Table {
		c := &Table[i]
		construct := c.Build
		if held {
			construct = c.BuildHeld
		}
		if held && construct == nil {
			continue
		}
		w, err := build(built.Database, c, construct)
		if err != nil {
			return nil, fmt.Errorf("building the %s of Microservice %q: %w", c.Name, in.Microservice.Name, err)
		}
		if c.Isolates && w.Problem != nil && w.Problem != built.Database.Err {
			built.Database = database.Of(built.Database.WithPolicyFailure(c.Label, w.Problem))
			w.Problem = built.Database.PolicyFailure(c.Label)
		}
		built.Components = append(built.Components, w)
	}
	return built, nil
}

func build(db *database.Database, c *Component, construct func(*database.Database) ([]kube.Object, error)) (Wanted, error) {
	w := Wanted{Component: c}
	if construct == nil {
		return w, nil
	}
	objects, err := construct(db)
	if err != nil && !errors.As(err, &w.Problem) {
		return w, err
	}
	if w.Problem != nil && w.Problem.Condition == "" {
		w.Problem.Condition = c.Condition
	}
	w.Objects = objects
	for _, o := range objects {
		if c.Orphan == nil || !c.Orphan(db, o) {
			owned(db.Microservice, o)
		}
	}
	if c.CRD != nil && db.MissingCRDs[c.CRD.Name] && len(objects) > 0 {
		w.Objects = nil
		if !c.CRD.Optional {
			w.Problem = MissingCRD(c.Condition, c.Kind, c.CRD)
		}
	}
	return w, nil
}

// MissingCRD says that a cluster lacks a kind.
func MissingCRD(conditionType, kind string, crd *CRD) *condition.Problem {
	return &condition.Problem{Condition: conditionType, Reason: v1alpha1.ReasonCRDNotInstalled, Message: condition.Message{
		Object: condition.Object{Kind: "CustomResourceDefinition", Name: crd.Name}, Cause: fmt.Sprintf("is not installed, or Atoll may not list %s", kind),
		Remedy: fmt.Sprintf("install %s, or bind Atoll's ClusterRole for it (config/rbac); Atoll needs no restart", crd.Provider)}}
}
