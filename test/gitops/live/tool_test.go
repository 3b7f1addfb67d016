//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"context"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// health is the state of a release, in the words of Argo CD.
type health string

const (
	healthy     health = "Healthy"
	progressing health = "Progressing"
	degraded    health = "Degraded"
)

// The names of the Applications of Argo CD, and of the Kustomizations of Flux.
const (
	operatorRelease   = "atoll"
	productionRelease = "shop-production"
	stagingRelease    = "shop-staging"
)

// state is what a tool reports of a release.
type state struct {
	health health
	// commit is the commit that the health is of.
	commit  string
	message string
}

// tool is a GitOps tool that applies config/samples/gitops from a repository.
type tool interface {
	// repositoryURL returns where the tool reads the repository in a folder.
	repositoryURL(folder string) string
	// start installs the tool, starts its controllers and applies the samples for it.
	start(ctx context.Context, r *repository)
	// refresh makes the tool read the repository now.
	refresh(ctx context.Context)
	// reconcile makes the tool compare production with the repository, and waits until it has.
	reconcile(ctx context.Context)
	// state returns what the tool reports of a release. It is progressing until the tool has applied
	// the commit.
	state(ctx context.Context, release string) (state, error)
	// suspendedHealth is the health of a release of which a service is suspended.
	suspendedHealth() health
	// keepsAnnotations is whether an annotation stays that kubectl wrote and Git does not have.
	keepsAnnotations() bool
	// delete deletes a release, and waits until what it applied is gone.
	delete(ctx context.Context, release string)
	// uninstall removes the tool, but not its controllers.
	uninstall(ctx context.Context)
}

const (
	productionNamespace = "shop"
	stagingNamespace    = "shop-staging"
)

// member returns an empty Microservice with the key of a service of production.
func member(name string) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{}
	ms.Namespace, ms.Name = productionNamespace, name
	return ms
}
