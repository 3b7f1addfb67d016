// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// TestPodUser checks which user the pods of a database run as, before and after it has run.
func TestPodUser(t *testing.T) {
	const image, platform = v1alpha1.PodUserImage, v1alpha1.PodUserPlatform
	volume := func(annotations map[string]string) *corev1.PersistentVolumeClaim {
		return &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-orders-db-0", Annotations: annotations}}
	}
	// corrected is a volume that was created for a pod of the platform's user. The pod was refused,
	// and ran after the setting was corrected.
	corrected := volume(map[string]string{inputs.AnnotationPodUser: "Platform"})
	plan, problem := Resolve(inputstest.Orders(func(ms *v1alpha1.Microservice) {
		ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, PodUser: image}
	}), nil, &inputs.State{Claim: corrected})
	if problem != nil {
		t.Fatal(problem)
	}
	maps.Copy(corrected.Annotations, plan.Claim(inputs.Marks{Version: "17.2"}, nil).Annotations)
	ran, ranAsPlatform := volume(map[string]string{inputs.AnnotationVersion: "17.2"}), volume(map[string]string{inputs.AnnotationVersion: "17.2", inputs.AnnotationPodUser: "Platform"})
	for name, tc := range map[string]struct {
		own, byDefault v1alpha1.PodUser
		volume         *corev1.PersistentVolumeClaim
		want           v1alpha1.PodUser
		refused        bool
	}{
		"a new database":                             {want: image},
		"a new database of the platform":             {own: platform, want: platform},
		"a new database by default":                  {byDefault: platform, want: platform},
		"its own setting before the default":         {own: image, byDefault: platform, want: image},
		"a volume whose pod was refused":             {own: platform, volume: volume(nil), want: platform},
		"a database that has run":                    {volume: ran, want: image},
		"a database that has run, and a new default": {byDefault: platform, volume: ran, want: image},
		"a database that has run, and a new setting": {own: platform, volume: ran, refused: true},
		"a database of the platform":                 {volume: ranAsPlatform, want: platform},
		"a database of the platform, set back":       {own: image, volume: ranAsPlatform, refused: true},
		"a setting that was corrected":               {own: image, volume: corrected, want: image},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders(func(ms *v1alpha1.Microservice) {
				ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, PodUser: tc.own}
			})
			topology := &v1alpha1.Topology{Spec: v1alpha1.TopologySpec{Defaults: &v1alpha1.TopologyDefaults{Database: &v1alpha1.DatabaseDefaults{PodUser: tc.byDefault}}}}
			plan, problem := Resolve(ms, topology, &inputs.State{Claim: tc.volume})
			if (problem != nil) != tc.refused {
				t.Fatalf("the problem is %v, want one: %t", problem, tc.refused)
			}
			if plan != nil && plan.PodUser != tc.want {
				t.Errorf("the user is %s, want %s", plan.PodUser, tc.want)
			}
		})
	}
}
