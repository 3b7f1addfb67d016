// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package podfailure

import "strings"

// SharedClaimRemedy is the remedy where two pods need a claim that only one can mount.
const SharedClaimRemedy = "set scaling.replicas: 1 and rollout.strategy: Recreate, or mount a claim that is ReadWriteMany"

const (
	// onePodText is the scheduler's text for a claim that another pod uses
	// (pkg/scheduler/framework/plugins/volumerestrictions).
	onePodText = "ReadWriteOncePod access mode"
	// attachedText is the text of the attach/detach controller for a volume that the node of
	// another pod uses (pkg/controller/volume/attachdetach/reconciler).
	attachedText = "Multi-Attach error"
)

// MountRemedy returns the remedy for a volume that can't be mounted, by what the kubelet or the
// attach/detach controller says.
func MountRemedy(said string) string {
	if strings.Contains(said, attachedText) {
		return SharedClaimRemedy
	}
	return "correct what the message names: podTemplate.spec.volumes, or the volume itself"
}
