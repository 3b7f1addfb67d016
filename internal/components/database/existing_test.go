// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// liveCluster is a Cluster that version 16 has written to.
func liveCluster() *unstructured.Unstructured {
	c := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"storage": map[string]any{"size": "20Gi", "storageClass": "fast"}}}}
	c.SetName("order-book-db")
	c.SetUID("uid-of-cluster")
	c.SetLabels(map[string]string{inputs.LabelEngine: "postgresql", inputs.LabelMajorVersion: "16"})
	c.SetAnnotations(map[string]string{inputs.AnnotationVersion: "16.4"})
	return c
}

// TestExistingCluster checks which changes of an existing Cluster are refused:
// CloudNativePG would upgrade it in place, and cannot change its storage class.
func TestExistingCluster(t *testing.T) {
	newer := defaulting(v1alpha1.DatabaseDefaults{Version: "18", StorageClassName: "slow"})
	for name, tc := range map[string]struct {
		spec          v1alpha1.Database
		topology      *v1alpha1.Topology
		want, wantErr string
	}{
		"the existing one wins over Atoll's default":        {want: "16.4 fast 20Gi"},
		"the existing one wins over the Topology's default": {topology: newer, want: "16.4 fast 20Gi"},
		"a newer minor version":                             {spec: v1alpha1.Database{Version: "16.9"}, want: "16.9 fast 20Gi"},
		"storage that grows":                                {spec: v1alpha1.Database{Storage: &v1alpha1.DatabaseStorage{Size: "30Gi"}}, want: "16.4 fast 30Gi"},
		"another major version": {spec: v1alpha1.Database{Version: "17"},
			wantErr: `database.version: Cluster "order-book-db" holds data of version 16, which version 17 cannot read; to fix: remove version to keep version 16, or restore a backup of it in a new Microservice`},
		"an older minor version": {spec: v1alpha1.Database{Version: "16.2"},
			wantErr: `database.version: version 16.4 has written to Cluster "order-book-db", and version 16.2 is older; to fix: remove version to keep version 16.4, or restore a backup of it in a new Microservice`},
		"another class": {spec: v1alpha1.Database{Storage: &v1alpha1.DatabaseStorage{StorageClassName: "slow"}},
			wantErr: `database.storage.storageClassName: Cluster "order-book-db" has class "fast", which cannot change to "slow"; to fix: remove storageClassName to keep class fast, or restore a backup of it in a new Microservice`},
		"less storage": {spec: v1alpha1.Database{Storage: &v1alpha1.DatabaseStorage{Size: "10Gi"}},
			wantErr: `database.storage.size: Cluster "order-book-db" has 20Gi and cannot shrink to 10Gi; to fix: remove size to keep 20Gi`},
	} {
		t.Run(name, func(t *testing.T) {
			tc.spec.Provider = v1alpha1.ProviderCloudNativePG
			plan, err := Resolve(service(&tc.spec), tc.topology, &inputs.State{Cluster: liveCluster()})
			switch {
			case tc.wantErr != "":
				if err == nil || err.Error() != tc.wantErr {
					t.Errorf("error is %v, want %s", err, tc.wantErr)
				}
			case err != nil:
				t.Fatal(err)
			default:
				if got := plan.Version + " " + plan.StorageClass + " " + plan.Size.String(); got != tc.want {
					t.Errorf("it is %s, want %s", got, tc.want)
				}
				if plan.Image != "ghcr.io/cloudnative-pg/postgresql:"+plan.Version {
					t.Errorf("its image is %s", plan.Image)
				}
			}
		})
	}
}

// TestClaimTemplate checks a lost volume: the StatefulSet creates another one with the
// labels of its template.
func TestClaimTemplate(t *testing.T) {
	template := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{inputs.LabelMajorVersion: "16"}}}
	plan, err := Resolve(service(&v1alpha1.Database{}), nil, &inputs.State{ClaimTemplate: template})
	if err != nil {
		t.Fatal(err)
	}
	if plan.Version != "16" {
		t.Errorf("version is %s, want the template's", plan.Version)
	}
	if _, err := Resolve(service(&v1alpha1.Database{Version: "17"}), nil, &inputs.State{ClaimTemplate: template}); err == nil {
		t.Error("another version may write to a claim with label 16")
	}
}

func TestMarks(t *testing.T) {
	for name, tc := range map[string]struct{ before, runs, want string }{
		"the first one":          {"", "17", "17"},
		"a newer one":            {"17.4", "17.5", "17.5"},
		"a more exact one":       {"17", "17.5", "17.5"},
		"a less exact one":       {"17.5", "17", "17.5"},
		"one that looks like it": {"17.5", "1", "1"},
		"another major version":  {"16.5", "17", "17"},
	} {
		m := inputs.Marks{Version: tc.before}
		if m.Ran(tc.runs); m.Version != tc.want {
			t.Errorf("%s: %q is noted, want %q", name, m.Version, tc.want)
		}
	}
	marks := inputs.Marks{Version: "17.5", Restored: "atoll_restore_1", User: "x_a", InUse: true}
	if diff := cmp.Diff(marks, inputs.MarksOf(marks.On(map[string]string{"other": "x"}))); diff != "" {
		t.Errorf("marks after a round trip (-want +got):\n%s", diff)
	}
	if got := (&inputs.Marks{}).On(nil); got != nil {
		t.Errorf("empty marks give annotations %v", got)
	}
}

func TestUnbound(t *testing.T) {
	given := liveCluster()
	given.SetAnnotations(map[string]string{inputs.AnnotationUser: "order_book_a"})
	for name, tc := range map[string]struct {
		state inputs.State
		want  bool
	}{
		"the built-in provider":                   {inputs.State{Binding: &inputs.Credentials{}}, false},
		"a new Cluster":                           {inputs.State{Cluster: liveCluster()}, true},
		"a Secret of another database":            {inputs.State{Cluster: liveCluster(), Binding: &inputs.Credentials{}}, true},
		"a Secret of another Cluster of its name": {inputs.State{Cluster: liveCluster(), Binding: &inputs.Credentials{Server: "uid-of-earlier"}}, true},
		"its own Secret":                          {inputs.State{Cluster: liveCluster(), Binding: &inputs.Credentials{Server: "uid-of-cluster"}}, false},
		"a Secret that was deleted":               {inputs.State{Cluster: given}, false},
	} {
		if got := tc.state.Unbound(); got != tc.want {
			t.Errorf("%s: unbound is %t, want %t", name, got, tc.want)
		}
	}
}
