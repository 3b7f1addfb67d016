// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// TestBase checks which base a database runs on: the C library of another one sorts text
// in another way, so an existing volume keeps its own.
func TestBase(t *testing.T) {
	on := func(base string) *corev1.PersistentVolumeClaim {
		claim := ran("17.4")
		if base != "" {
			claim.Annotations[inputs.AnnotationBase] = base
		}
		return claim
	}
	clusterOn := func(base string) *unstructured.Unstructured {
		cluster := liveCluster()
		if base != "" {
			cluster.SetAnnotations(map[string]string{inputs.AnnotationVersion: "16.4", inputs.AnnotationBase: base})
		}
		return cluster
	}
	const postgres, clusters = "docker.io/library/postgres:", "ghcr.io/cloudnative-pg/postgresql:"
	cluster := v1alpha1.Database{Provider: v1alpha1.ProviderCloudNativePG}
	for name, tc := range map[string]struct {
		spec      v1alpha1.Database
		state     inputs.State
		want      string
		wantNoted string
	}{
		"a new volume": {want: postgres + "17-trixie", wantNoted: "trixie"},
		"a new volume of a version without a base":        {spec: v1alpha1.Database{Version: "15.2"}, want: postgres + "15.2"},
		"a new volume of an image whose base is unknown":  {spec: v1alpha1.Database{Image: "example.com/postgis:17"}, want: "example.com/postgis:17"},
		"a volume of the base":                            {state: inputs.State{Claim: on("trixie")}, want: postgres + "17-trixie", wantNoted: "trixie"},
		"a volume of an older base":                       {state: inputs.State{Claim: on("bookworm")}, want: postgres + "17-bookworm", wantNoted: "bookworm"},
		"a volume of an older base and a newer version":   {spec: v1alpha1.Database{Version: "17.9"}, state: inputs.State{Claim: on("bookworm")}, want: postgres + "17.9-bookworm", wantNoted: "bookworm"},
		"a volume of an earlier release of Atoll":         {state: inputs.State{Claim: on("")}, want: postgres + "17"},
		"a lost volume of an earlier release":             {state: inputs.State{ClaimTemplate: on("")}, want: postgres + "17"},
		"a lost volume":                                   {state: inputs.State{ClaimTemplate: on("bookworm")}, want: postgres + "17-bookworm", wantNoted: "bookworm"},
		"a volume of the base and an image of the user's": {spec: v1alpha1.Database{Image: "example.com/postgis:17"}, state: inputs.State{Claim: on("trixie")}, want: "example.com/postgis:17", wantNoted: "trixie"},
		"a new Cluster":                                   {spec: cluster, want: clusters + "17-standard-trixie", wantNoted: "trixie"},
		"a new Cluster of a version before the base":      {spec: v1alpha1.Database{Provider: v1alpha1.ProviderCloudNativePG, Version: "16.4"}, want: clusters + "16.4"},
		"a Cluster of the base":                           {spec: cluster, state: inputs.State{Cluster: clusterOn("trixie")}, want: clusters + "16.4-standard-trixie", wantNoted: "trixie"},
		"a Cluster of an earlier release of Atoll":        {spec: cluster, state: inputs.State{Cluster: clusterOn("")}, want: clusters + "16.4"},
	} {
		t.Run(name, func(t *testing.T) {
			ms := service(&tc.spec)
			plan, err := Resolve(ms, nil, &tc.state)
			if err != nil {
				t.Fatal(err)
			}
			if plan.Image != tc.want {
				t.Errorf("image is %s, want %s", plan.Image, tc.want)
			}
			noted := plan.Claim(inputs.Marks{}, nil).Annotations
			if plan.Provider.Clustered() {
				noted = plan.Cluster(tc.state.Cluster, ms.Spec.Database, inputs.Marks{}, nil).GetAnnotations()
			} else if got := plan.StatefulSet(nil, map[string]string{}, nil).Spec.VolumeClaimTemplates[0].Annotations[inputs.AnnotationBase]; got != tc.wantNoted {
				t.Errorf("the claim template notes base %q, want %q", got, tc.wantNoted)
			}
			if got := noted[inputs.AnnotationBase]; got != tc.wantNoted {
				t.Errorf("base %q is noted, want %q", got, tc.wantNoted)
			}
		})
	}
}
