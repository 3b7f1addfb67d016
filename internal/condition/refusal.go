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

package condition

import (
	"regexp"
	"strings"
)

// refusedPod names the pod that was refused, which has another name with every
// try.
var refusedPod = regexp.MustCompile(`^(?:pods|Pod) "[^"]*" is (?:forbidden|invalid): `)

// refusals are what admission says, and what to do about it.
var refusals = []struct{ says, advice string }{
	{"exceeded quota", "raise the namespace's ResourceQuota, or ask for less"},
	{"failed quota", "set these in resources, or in the Topology's defaults.resources"},
	{"violates PodSecurity", "correct podTemplate, or the namespace's label pod-security.kubernetes.io/enforce"},
	{"usage per ", "correct resources, or the namespace's LimitRange"},
	{"error looking up service account", "create it, or correct serviceAccount.name"},
	{" cannot ", "give Atoll that right (config/rbac)"},
}

// Refusal is why the API server refuses an object, in its own words, and what to
// do about it where that is known.
func Refusal(said string) string {
	said = refusedPod.ReplaceAllString(said, "")
	for _, known := range refusals {
		if strings.Contains(said, known.says) {
			return said + ": " + known.advice
		}
	}
	return said
}
