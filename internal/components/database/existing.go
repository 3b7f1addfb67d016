// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// existing is an existing database. Its properties that cannot change win over the
// spec.
type existing struct {
	// name names its object in messages.
	name string
	// engine and major wrote the data, and ran is the last version that did; empty if
	// unknown.
	engine, major, ran string
	// base is the operating system of the images that run the data; empty if unknown.
	base string
	// class is empty if unknown.
	class string
	// user is the user that owns the files; empty if Atoll does not decide it.
	user v1alpha1.PodUser
	size *resource.Quantity
}

// respect takes over the properties of the existing database that the spec leaves
// open, and refuses changes that it does not allow.
func (p *Plan) respect(spec *v1alpha1.Database, storage v1alpha1.DatabaseStorage, e *existing) *condition.Problem {
	if e.engine != "" && e.engine != p.Engine.Type() {
		return invalid(condition.Message{Field: "database.engine",
			Cause:  fmt.Sprintf("%s holds data of %s, not of %s", e.name, e.engine, p.Engine.Type()),
			Remedy: "delete " + e.name + " if its data is not needed, or remove database and then add it with the old engine"})
	}
	if e.major != "" && e.major != majorOf(p.Version) {
		if spec.Version != "" {
			return invalid(condition.Message{Field: "database.version",
				Cause:  fmt.Sprintf("%s holds data of version %s, which version %s cannot read", e.name, e.major, p.Version),
				Remedy: fmt.Sprintf("remove version to keep version %s, or restore a backup of it in a new Microservice", e.major)})
		}
		p.Version = e.major
		if majorOf(e.ran) == e.major {
			p.Version = e.ran
		}
	}
	if lower(p.Version, e.ran) {
		if spec.Version != "" {
			return invalid(condition.Message{Field: "database.version",
				Cause:  fmt.Sprintf("version %s has written to %s, and version %s is older", e.ran, e.name, p.Version),
				Remedy: fmt.Sprintf("remove version to keep version %s, or restore a backup of it in a new Microservice", e.ran)})
		}
		p.Version = e.ran
	}
	if e.class != "" {
		if storage.StorageClassName != "" && storage.StorageClassName != e.class {
			return invalid(condition.Message{Field: "database.storage.storageClassName",
				Cause:  fmt.Sprintf("%s has class %q, which cannot change to %q", e.name, e.class, storage.StorageClassName),
				Remedy: fmt.Sprintf("remove storageClassName to keep class %s, or restore a backup of it in a new Microservice", e.class)})
		}
		p.StorageClass = e.class
	}
	if problem := p.keepUser(spec, e); problem != nil {
		return problem
	}
	switch {
	case e.size == nil:
	case storage.Size == "":
		p.Size = *e.size
	case e.size.Cmp(p.Size) > 0:
		return invalid(condition.Message{Field: "database.storage.size",
			Cause:  fmt.Sprintf("%s has %s and cannot shrink to %s", e.name, e.size.String(), p.Size.String()),
			Remedy: "remove size to keep " + e.size.String()})
	}
	return nil
}

// lower reports whether a version has an older minor than another of the same major.
// A version without a minor is the newest of its major.
func lower(version, than string) bool {
	major, minor, exact := strings.Cut(version, ".")
	otherMajor, otherMinor, otherExact := strings.Cut(than, ".")
	a, errA := strconv.Atoi(minor)
	b, errB := strconv.Atoi(otherMinor)
	return exact && otherExact && major == otherMajor && errA == nil && errB == nil && a < b
}

func majorNumber(version string) int {
	// The API accepts only numbers.
	major, _ := strconv.Atoi(majorOf(version))
	return major
}

func majorOf(version string) string {
	major, _, _ := strings.Cut(version, ".")
	return major
}
