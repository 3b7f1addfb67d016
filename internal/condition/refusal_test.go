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

import "testing"

func TestRefusal(t *testing.T) {
	for name, tc := range map[string]struct{ said, want string }{
		"a pod's name, which changes, is left out": {
			said: `pods "users-7c7cd5b4dc-q9xqn" is forbidden: exceeded quota: zero, requested: pods=1, used: pods=0, limited: pods=0`,
			want: "exceeded quota: zero, requested: pods=1, used: pods=0, limited: pods=0: raise the namespace's ResourceQuota, or ask for less",
		},
		"another object's name stays": {
			said: `services "users" is forbidden: exceeded quota: zero, requested: services=1, used: services=0, limited: services=0`,
			want: `services "users" is forbidden: exceeded quota: zero, requested: services=1, used: services=0, limited: services=0: raise the namespace's ResourceQuota, or ask for less`,
		},
		"a quota that wants resources set": {
			said: `pods "a" is forbidden: failed quota: cpu: must specify limits.memory for: users`,
			want: "failed quota: cpu: must specify limits.memory for: users: set these in resources, or in the Topology's defaults.resources",
		},
		"a LimitRange": {
			said: `pods "a" is forbidden: maximum memory usage per Container is 16Mi, but limit is 1Gi`,
			want: "maximum memory usage per Container is 16Mi, but limit is 1Gi: correct resources, or the namespace's LimitRange",
		},
		"Pod Security": {
			said: `pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged`,
			want: `violates PodSecurity "restricted:latest": privileged: correct podTemplate, or the namespace's label pod-security.kubernetes.io/enforce`,
		},
		"a ServiceAccount that is not there": {
			said: `pods "a-" is forbidden: error looking up service account shop/nope: serviceaccount "nope" not found`,
			want: `error looking up service account shop/nope: serviceaccount "nope" not found: create it, or correct serviceAccount.name`,
		},
		"a right that Atoll lacks": {
			said: `services "a" is forbidden: User "atoll" cannot patch resource "services"`,
			want: `services "a" is forbidden: User "atoll" cannot patch resource "services": give Atoll that right (config/rbac)`,
		},
		"an invalid pod": {said: `Pod "a-1" is invalid: spec.x: Required value`, want: "spec.x: Required value"},
		"anything else":  {said: "no", want: "no"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Refusal(tc.said); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}
