// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"fmt"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// platformUser reports whether the platform assigns the user of the pods.
func (p *Plan) platformUser() bool { return p.PodUser == v1alpha1.PodUserPlatform }

// ofUser adds the user that owns the files to the annotations of the volume. It also adds the
// image's user, because the volume can have the annotation of an earlier pod with the platform's
// user that the API server refused.
func (p *Plan) ofUser(annotations map[string]string) map[string]string {
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[inputs.AnnotationPodUser] = string(p.PodUser)
	return annotations
}

// keepUser keeps the user of a database that has run: an engine does not start with the files
// of another user. A volume whose pod was refused has no files yet.
func (p *Plan) keepUser(spec *v1alpha1.Database, e *existing) *condition.Problem {
	if e.ran == "" || e.user == "" || e.user == p.PodUser {
		return nil
	}
	if spec.PodUser == "" {
		p.PodUser = e.user
		return nil
	}
	return invalid(condition.Message{Field: "database.podUser",
		Cause:  fmt.Sprintf("%s has run with podUser %s, and its files belong to that user", e.name, e.user),
		Remedy: fmt.Sprintf("set podUser to %s, or restore a backup in a new Microservice", e.user)})
}

// userRemedy continues a remedy for pods that the API server refuses.
func userRemedy(db *Database) string {
	if db.Plan.platformUser() {
		return ""
	}
	return "; if they refuse the pod's user, as on OpenShift, set database.podUser: Platform"
}
