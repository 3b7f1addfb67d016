// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// CodeClaimShared says that a pod mounts a claim that another pod can't mount beside it.
const CodeClaimShared = "ClaimShared"

// exclusiveClaims finds claims of a service that one pod, or one node, mounts at a time,
// although the service has several pods, or has two during a rollout.
func (l *linter) exclusiveClaims(objects []kube.Object, report placedReport) {
	at := slices.IndexFunc(objects, func(o kube.Object) bool { _, is := o.(*appsv1.Deployment); return is })
	if at < 0 {
		return
	}
	d := objects[at].(*appsv1.Deployment)
	several := ptr.Deref(d.Spec.Replicas, 2) > 1
	if !several && d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return
	}
	for i := range d.Spec.Template.Spec.Volumes {
		mounted := d.Spec.Template.Spec.Volumes[i].PersistentVolumeClaim
		if mounted == nil {
			continue
		}
		claim := l.world.claims[types.NamespacedName{Namespace: d.Namespace, Name: mounted.ClaimName}]
		if claim == nil || slices.ContainsFunc(claim.Spec.AccessModes, sharedMode) || len(claim.Spec.AccessModes) == 0 {
			continue
		}
		needs := "a rolling update needs it twice"
		if several {
			needs = fmt.Sprintf("%d pods need it", ptr.Deref(d.Spec.Replicas, 2))
		}
		report(SeverityWarning, CodeClaimShared, placeOfVolume(d.Spec.Template.Spec.Volumes[i].Name), condition.Message{
			Object: condition.Object{Kind: "PersistentVolumeClaim", Name: claim.Name},
			Cause:  fmt.Sprintf("is %s, and %s", claim.Spec.AccessModes[0], needs), Remedy: podfailure.SharedClaimRemedy}.String())
	}
}

func sharedMode(mode corev1.PersistentVolumeAccessMode) bool {
	return mode == corev1.ReadWriteMany || mode == corev1.ReadOnlyMany
}
