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

package diagnosis

import (
	"regexp"
	"strings"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// ofAnother is how Atoll names an object that is not its own.
var ofAnother = regexp.MustCompile(`^(\w+) "([^"]+)" exists and`)

// notOwned tells of objects that have the name of one that Atoll would make.
func notOwned(e *Evidence) []*Finding {
	c := e.red(v1alpha1.ReasonNotOwned)
	found := e.said(PartSpec, c, "Delete or rename it, or rename this Microservice")
	if found == nil {
		return nil
	}
	f := found[0]
	if cause, _, cutOff := strings.Cut(c.Message, "; it is left as it is"); cutOff {
		f.Cause = cause
	}
	if of := ofAnother.FindStringSubmatch(c.Message); of != nil {
		f.Object = name(of[1], of[2])
		f.Steps = append(f.Steps, step(f.Object, "belongs to somebody else"))
		f.Cause += ", and Atoll writes over nothing that is not its own"
	}
	return found
}
