// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

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
