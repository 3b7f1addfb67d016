// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"encoding/json"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// updateStrategy returns how a change of the server's pod template reaches its pod. A
// restart interrupts the service. So a change that the server can do without, such as that
// of a new release of Atoll or of a pull secret, waits for the next restart: a partition
// keeps it from the only pod.
func updateStrategy(db *Database) appsv1.StatefulSetUpdateStrategy {
	partition := int32(1)
	if changesServer(db) || isPending(db.StatefulSet) && (rollsOut(db.StatefulSet) || !serverReady(db)) {
		partition = 0
	}
	return partitioned(partition)
}

// partitioned returns the strategy that gives the pod template to the pods from a number on.
func partitioned(from int32) appsv1.StatefulSetUpdateStrategy {
	return appsv1.StatefulSetUpdateStrategy{
		Type:          appsv1.RollingUpdateStatefulSetStrategyType,
		RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: &from},
	}
}

// restarts reports whether the server is being restarted, or is about to be. One that waits
// for an image which can't be pulled is not.
func restarts(db *Database) bool {
	changes := changesServer(db) && db.PolicyFailure(v1alpha1.ComponentDatabase) == nil
	if AwaitsImage(db) {
		changes = !imageFailed(db)
	}
	return changes || isPending(db.StatefulSet) && rollsOut(db.StatefulSet) ||
		slices.ContainsFunc(db.Pods, func(pod corev1.Pod) bool { return isServer(&pod) && pod.DeletionTimestamp != nil })
}

// changesServer reports whether the image, arguments, variables or resources of the server
// differ from those that were applied last. An admission policy may have changed those that
// are live: they are compared only where it is not known which ones were applied.
func changesServer(db *Database) bool {
	if db.StatefulSet == nil {
		return false
	}
	wanted := db.Plan.serverContainer()
	if applied := db.StatefulSet.Annotations[annotationServerHash]; applied != "" {
		return applied != serverHash(wanted)
	}
	live := db.StatefulSet.Spec.Template.Spec.Containers
	at := slices.IndexFunc(live, func(c corev1.Container) bool { return c.Name == engine.ContainerName })
	return at >= 0 && !equality.Semantic.DeepEqual(essentials(wanted), essentials(&live[at]))
}

// annotationServerHash is the annotation of a StatefulSet with a hash of what is essential
// to its server.
const annotationServerHash = "atoll.dev/server-hash"

func serverHash(c *corev1.Container) string {
	// Each of these types has a form in JSON.
	text, _ := json.Marshal(essentials(c))
	return names.Hash(string(text))
}

func essentials(c *corev1.Container) []any { return []any{c.Image, c.Args, c.Env, c.Resources} }

func (p *Plan) serverContainer() *corev1.Container {
	return &p.Engine.PodSpec(p.server()).Containers[0]
}

// isPending reports whether the pod of a StatefulSet lacks a change of the template.
func isPending(set *appsv1.StatefulSet) bool {
	return set != nil && set.Status.CurrentRevision != set.Status.UpdateRevision
}

// rollsOut reports whether a StatefulSet replaces its pod for a change of the template.
func rollsOut(set *appsv1.StatefulSet) bool {
	rolling := set.Spec.UpdateStrategy.RollingUpdate
	return rolling == nil || ptr.Deref(rolling.Partition, 0) == 0
}

func isServer(pod *corev1.Pod) bool {
	return pod.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentDatabase
}

// serverPod returns the pod of a built-in database; nil if there is none, or it terminates.
func serverPod(db *Database) *corev1.Pod {
	for i := range db.Pods {
		if pod := &db.Pods[i]; isServer(pod) && pod.DeletionTimestamp == nil {
			return pod
		}
	}
	return nil
}

func serverReady(db *Database) bool {
	pod := serverPod(db)
	if pod == nil {
		return false
	}
	c := podfailure.Condition(pod, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue
}
