// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/internal/components/workload"
	"github.com/atoll-dev/atoll/internal/condition"
)

// CodeReplacedVariable says that env replaces a variable of the database or of a dependency.
const CodeReplacedVariable = "ReplacedVariable"

// replacedVariables finds variables that replace those of the database or of a dependency.
// The pods then use an address that the spec does not declare.
func (p *podLint) replacedVariables(built *Built) {
	for _, in := range []struct {
		field string
		env   []corev1.EnvVar
	}{
		{"spec.env", p.ms.Spec.Env},
		{fmt.Sprintf("spec.podTemplate: spec.containers[%s].env", p.ms.Name), p.overlay[p.ms.Name].Env},
	} {
		for _, v := range workload.ReplacedVariables(built.database, in.env) {
			p.report(SeverityWarning, CodeReplacedVariable, fmt.Sprintf("%s[%s]", in.field, v.Name), condition.Message{
				Cause: "replaces the variable of " + v.Source, Remedy: "remove it, or give it another name"}.String())
		}
	}
}
