// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// TestUpdateStrategy asks which changes restart the server: those of the spec, and all
// where it does not run.
func TestUpdateStrategy(t *testing.T) {
	spec := v1alpha1.Database{
		Engine: v1alpha1.EnginePostgreSQL, Version: "17", Parameters: map[string]v1alpha1.ParameterValue{"max_connections": "50"},
		Resources: &corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}},
	}
	of := func(spec v1alpha1.Database) *Database {
		ms := inputstest.Orders(func(ms *v1alpha1.Microservice) { ms.Spec.Database = &spec })
		return Of(&inputs.Inputs{Microservice: ms})
	}
	live := func(change func(*appsv1.StatefulSet)) *appsv1.StatefulSet {
		db := of(spec)
		set := &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{
			Template:       corev1.PodTemplateSpec{Spec: db.Plan.Engine.PodSpec(db.Plan.server())},
			UpdateStrategy: appsv1.StatefulSetUpdateStrategy{RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To[int32](1)}},
		}}
		set.Status.CurrentRevision, set.Status.UpdateRevision = "a", "a"
		change(set)
		return set
	}
	pending := func(set *appsv1.StatefulSet) { set.Status.UpdateRevision = "b" }
	pod := func(ready corev1.ConditionStatus, terminating bool) []corev1.Pod {
		p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentDatabase}}}
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
		if terminating {
			p.DeletionTimestamp = &metav1.Time{}
		}
		return []corev1.Pod{p}
	}
	changed := func(change func(*v1alpha1.Database)) v1alpha1.Database {
		s := *spec.DeepCopy()
		change(&s)
		return s
	}
	nothing := func(*appsv1.StatefulSet) {}
	running := pod(corev1.ConditionTrue, false)
	for name, tc := range map[string]struct {
		spec v1alpha1.Database
		live *appsv1.StatefulSet
		pods []corev1.Pod
		// rolls says that the pod is replaced, and busy that no Job may use the server.
		rolls, busy bool
	}{
		"a new database":     {spec, nil, nil, false, false},
		"no change":          {spec, live(nothing), running, false, false},
		"version":            {changed(func(s *v1alpha1.Database) { s.Version = "17.4" }), live(nothing), running, true, true},
		"image":              {changed(func(s *v1alpha1.Database) { s.Image = "postgres:other" }), live(nothing), running, true, true},
		"parameters":         {changed(func(s *v1alpha1.Database) { s.Parameters["max_connections"] = "51" }), live(nothing), running, true, true},
		"a limit is removed": {changed(func(s *v1alpha1.Database) { s.Resources = nil }), live(nothing), running, true, true},
		"the change is applied, and the pod is the old one": {spec, live(func(set *appsv1.StatefulSet) {
			pending(set)
			set.Spec.UpdateStrategy.RollingUpdate.Partition = ptr.To[int32](0)
		}), running, true, true},
		"the old pod terminates": {spec, live(func(set *appsv1.StatefulSet) {
			pending(set)
			set.Spec.UpdateStrategy.RollingUpdate.Partition = ptr.To[int32](0)
		}), pod(corev1.ConditionTrue, true), true, true},
		"a StatefulSet of an earlier release": {spec, live(func(set *appsv1.StatefulSet) {
			set.Spec.UpdateStrategy.RollingUpdate = nil
			set.Spec.Template.Spec.Containers[0].ReadinessProbe, set.Spec.Template.Spec.Containers[0].Command = nil, []string{"/bin/sh"}
		}), running, false, false},
		"pull secrets of the Topology": {spec, live(func(set *appsv1.StatefulSet) {
			set.Spec.Template.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "old"}}
		}), running, false, false},
		"such a change waits":                           {spec, live(pending), running, false, false},
		"such a change, and the server is not ready":    {spec, live(pending), pod(corev1.ConditionFalse, false), true, false},
		"such a change, and the node is drained":        {spec, live(pending), pod(corev1.ConditionTrue, true), true, true},
		"the node is drained, and nothing waits":        {spec, live(nothing), pod(corev1.ConditionTrue, true), false, true},
		"a server that is not ready, and nothing waits": {spec, live(nothing), pod(corev1.ConditionFalse, false), false, false},
		"an image that an admission policy put in place of it": {spec, live(func(set *appsv1.StatefulSet) {
			set.Annotations = map[string]string{annotationServerHash: serverHash(of(spec).Plan.serverContainer())}
			set.Spec.Template.Spec.Containers[0].Image = "mirror.example.com/postgres:17"
		}), running, false, false},
		"another version beside such a policy": {changed(func(s *v1alpha1.Database) { s.Version = "17.4" }), live(func(set *appsv1.StatefulSet) {
			set.Annotations = map[string]string{annotationServerHash: serverHash(of(spec).Plan.serverContainer())}
		}), running, true, true},
		"a container that another client added": {spec, live(func(set *appsv1.StatefulSet) {
			set.Spec.Template.Spec.Containers = append([]corev1.Container{{Name: "proxy"}}, set.Spec.Template.Spec.Containers...)
		}), running, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			db := of(tc.spec)
			db.StatefulSet, db.Pods = tc.live, tc.pods
			if rolls := *updateStrategy(db).RollingUpdate.Partition == 0; rolls != tc.rolls {
				t.Errorf("the change reaches the pod: %t, want %t", rolls, tc.rolls)
			}
			if busy := restarts(db); busy != tc.busy {
				t.Errorf("restarts is %t, want %t", busy, tc.busy)
			}
		})
	}
}
