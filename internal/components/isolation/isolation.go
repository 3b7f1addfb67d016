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

package isolation

import (
	"fmt"
	"strings"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// isolation is the Topology's. A service that stands alone has none.
func Of(in *inputs.Inputs) v1alpha1.Isolation {
	switch {
	case in.Topology == nil:
		return v1alpha1.IsolationNone
	case in.Topology.Spec.Isolation == "":
		return v1alpha1.IsolationStrict
	}
	return in.Topology.Spec.Isolation
}

// Audited says that a Topology's isolation is to be computed and not carried out.
func Audited(topology *v1alpha1.Topology) bool {
	return strings.EqualFold(topology.Annotations[v1alpha1.AnnotationIsolation], v1alpha1.IsolationAudit)
}

// IsolationProblem is what is wrong with what a Topology says of its isolation;
// empty where nothing is. A schema has no say in annotations.
func IsolationProblem(topology *v1alpha1.Topology) string {
	value := topology.Annotations[v1alpha1.AnnotationIsolation]
	if value == "" || Audited(topology) {
		return ""
	}
	return fmt.Sprintf("The annotation %s is %q, and has no effect: set it to %q to have isolation looked at and not carried out, or remove it",
		v1alpha1.AnnotationIsolation, value, v1alpha1.IsolationAudit)
}

// audited says that the isolation is only looked at.
func audited(in *inputs.Inputs) bool {
	return in.Topology != nil && Audited(in.Topology)
}
