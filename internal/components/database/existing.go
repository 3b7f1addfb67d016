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
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// existing is what is known of a database that is there: what of it can't change
// decides over what is asked for.
type existing struct {
	// name is how it is told of.
	name string
	// engine and major wrote the data, and ran is the last version that did; empty
	// where that is not known.
	engine, major, ran string
	// class is empty where it is not known.
	class string
	size  *resource.Quantity
}

// respect takes from what exists what was not asked for, and refuses what it can't
// become.
func (p *Plan) respect(spec *v1alpha1.Database, storage v1alpha1.DatabaseStorage, e *existing) error {
	if e.engine != "" && e.engine != p.Engine.Type() {
		return fmt.Errorf("database.engine: %s holds data of %s, not of %s: set the engine back, or delete it if its data is not needed",
			e.name, e.engine, p.Engine.Type())
	}
	if e.major != "" && e.major != majorOf(p.Version) {
		if spec.Version != "" {
			return fmt.Errorf("database.version: %s holds data of version %s, which version %s can't read: set version to %q, or restore a backup of it in a new Microservice",
				e.name, e.major, p.Version, e.major)
		}
		p.Version = e.major
		if majorOf(e.ran) == e.major {
			p.Version = e.ran
		}
	}
	if lower(p.Version, e.ran) {
		if spec.Version != "" {
			return fmt.Errorf("database.version: version %s has written to %s, and version %s is older: set version to at least %q, or restore a backup of it in a new Microservice",
				e.ran, e.name, p.Version, e.ran)
		}
		p.Version = e.ran
	}
	if e.class != "" {
		if storage.StorageClassName != "" && storage.StorageClassName != e.class {
			return fmt.Errorf("database.storage.storageClassName: %s has class %q, which can't be changed to %q: set it back, or restore a backup of it in a new Microservice",
				e.name, e.class, storage.StorageClassName)
		}
		p.StorageClass = e.class
	}
	switch {
	case e.size == nil:
	case storage.Size == "":
		p.Size = *e.size
	case e.size.Cmp(p.Size) > 0:
		return fmt.Errorf("database.storage.size: %s has %s and can't shrink to %s: set size to at least %s",
			e.name, e.size.String(), p.Size.String(), e.size.String())
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
