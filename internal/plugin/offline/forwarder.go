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

package offline

import (
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/plugin/networkpolicy"
)

// forwarder is what forwards requests from outside. Its pods are not known.
type forwarder struct {
	// dataPlane is the policies' peer that its pods are all the same; nil where there
	// is none.
	dataPlane *networkingv1.NetworkPolicyPeer
}

// Matches says whether a peer of a policy names the forwarder.
func (f *forwarder) Matches(policy *networkingv1.NetworkPolicy, peer *networkingv1.NetworkPolicyPeer) networkpolicy.Answer {
	switch {
	case f.dataPlane != nil && equality.Semantic.DeepEqual(f.dataPlane, peer):
		return networkpolicy.Yes
	case policy.Labels[v1alpha1.LabelManagedBy] == v1alpha1.ManagedByAtoll:
		return networkpolicy.No
	}
	// Somebody may have let it in by hand.
	return networkpolicy.Unknown
}
