// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"maps"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	engines "github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

func service(spec *v1alpha1.Database) *v1alpha1.Microservice {
	if spec != nil {
		spec.Engine = v1alpha1.EnginePostgreSQL
	}
	return &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "order-book", Namespace: "shop"}, Spec: v1alpha1.MicroserviceSpec{Database: spec}}
}

// planOf returns the plan of a built-in database of an engine.
func planOf(t *testing.T, engine v1alpha1.DatabaseEngine) *Plan {
	t.Helper()
	ms := service(&v1alpha1.Database{})
	ms.Spec.Database.Engine = engine
	plan, err := Resolve(ms, nil, &inputs.State{})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func defaulting(defaults v1alpha1.DatabaseDefaults) *v1alpha1.Topology {
	return &v1alpha1.Topology{Spec: v1alpha1.TopologySpec{Defaults: &v1alpha1.TopologyDefaults{Database: &defaults}}}
}

// written returns the claim of a volume with data.
func written(engine, major, class, size string) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-order-book-db-0", Labels: map[string]string{inputs.LabelEngine: engine, inputs.LabelMajorVersion: major}}}
	claim.Spec.StorageClassName = ptr.To(class)
	claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
	return claim
}

// ran returns a claim on which a version has run.
func ran(version string) *corev1.PersistentVolumeClaim {
	claim := written("postgresql", "17", "fast", "10Gi")
	claim.Annotations = map[string]string{inputs.AnnotationVersion: version}
	return claim
}

func TestResolve(t *testing.T) {
	// decided are the fields of a plan that several objects decide.
	type decided struct {
		Version, StorageClass, Size string
		DeletionPolicy              v1alpha1.DeletionPolicy
	}
	all := v1alpha1.DatabaseDefaults{Version: "16.2", StorageClassName: "slow", DeletionPolicy: v1alpha1.DeletionDelete}
	unlabelled := written("postgresql", "17", "", "5Gi")
	unlabelled.Labels = nil
	for name, tc := range map[string]struct {
		spec     v1alpha1.Database
		topology *v1alpha1.Topology
		claim    *corev1.PersistentVolumeClaim
		want     decided
	}{
		"nothing set: Atoll's defaults": {want: decided{"17", "", "10Gi", v1alpha1.DeletionRetain}},
		"a Topology without defaults":   {topology: &v1alpha1.Topology{}, want: decided{"17", "", "10Gi", v1alpha1.DeletionRetain}},
		"a Topology with other defaults": {
			topology: &v1alpha1.Topology{Spec: v1alpha1.TopologySpec{Defaults: &v1alpha1.TopologyDefaults{}}}, want: decided{"17", "", "10Gi", v1alpha1.DeletionRetain}},
		"the Topology's default wins over Atoll's": {topology: defaulting(all), want: decided{"16.2", "slow", "10Gi", v1alpha1.DeletionDelete}},
		"each default for itself":                  {topology: defaulting(v1alpha1.DatabaseDefaults{StorageClassName: "slow"}), want: decided{"17", "slow", "10Gi", v1alpha1.DeletionRetain}},
		"the service's own wins over the Topology's": {
			spec:     v1alpha1.Database{Version: "17.2", DeletionPolicy: v1alpha1.DeletionRetain, Storage: &v1alpha1.DatabaseStorage{Size: "1Gi", StorageClassName: "fast"}},
			topology: defaulting(all), want: decided{"17.2", "fast", "1Gi", v1alpha1.DeletionRetain}},
		"the existing one wins over the Topology's default": {
			topology: defaulting(all), claim: written("postgresql", "15", "fast", "20Gi"), want: decided{"15", "fast", "20Gi", v1alpha1.DeletionDelete}},
		"the existing one wins over Atoll's default": {claim: written("postgresql", "15", "fast", "20Gi"), want: decided{"15", "fast", "20Gi", v1alpha1.DeletionRetain}},
		"a volume smaller than the default is kept": {
			claim: written("postgresql", "17", "fast", "5Gi"), want: decided{"17", "fast", "5Gi", v1alpha1.DeletionRetain}},
		"a default's minor version of what exists": {
			topology: defaulting(all), claim: written("postgresql", "16", "fast", "10Gi"), want: decided{"16.2", "fast", "10Gi", v1alpha1.DeletionDelete}},
		"the service's own minor version of what exists": {
			spec: v1alpha1.Database{Version: "17.5"}, claim: written("postgresql", "17", "fast", "10Gi"), want: decided{"17.5", "fast", "10Gi", v1alpha1.DeletionRetain}},
		"a volume that grows": {
			spec: v1alpha1.Database{Storage: &v1alpha1.DatabaseStorage{Size: "20Gi"}}, claim: written("postgresql", "17", "fast", "10Gi"), want: decided{"17", "fast", "20Gi", v1alpha1.DeletionRetain}},
		"the same size in another unit": {
			spec: v1alpha1.Database{Storage: &v1alpha1.DatabaseStorage{Size: "1024Mi"}}, claim: written("postgresql", "17", "fast", "1Gi"), want: decided{"17", "fast", "1Gi", v1alpha1.DeletionRetain}},
		"the same class by name": {
			spec: v1alpha1.Database{Storage: &v1alpha1.DatabaseStorage{StorageClassName: "fast"}}, claim: written("postgresql", "17", "fast", "10Gi"), want: decided{"17", "fast", "10Gi", v1alpha1.DeletionRetain}},
		"a default that is older than the version that ran": {
			topology: defaulting(v1alpha1.DatabaseDefaults{Version: "17.2"}), claim: ran("17.5"), want: decided{"17.5", "fast", "10Gi", v1alpha1.DeletionRetain}},
		"a newer minor version than the one that ran": {
			spec: v1alpha1.Database{Version: "17.10"}, claim: ran("17.5"), want: decided{"17.10", "fast", "10Gi", v1alpha1.DeletionRetain}},
		"a claim without labels decides only the size": {
			topology: defaulting(all), claim: unlabelled, want: decided{"16.2", "slow", "5Gi", v1alpha1.DeletionDelete}},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := Resolve(service(&tc.spec), tc.topology, &inputs.State{Claim: tc.claim})
			if err != nil {
				t.Fatal(err)
			}
			got := decided{plan.Version, plan.StorageClass, plan.Size.String(), plan.DeletionPolicy}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestResolveNames(t *testing.T) {
	ms := service(&v1alpha1.Database{})
	ms.Spec.Suspend = ptr.To(true)
	plan, err := Resolve(ms, nil, &inputs.State{})
	if err != nil {
		t.Fatal(err)
	}
	want := &Plan{
		Owner: "order-book", Namespace: "shop", Name: "order-book-db", Kind: v1alpha1.EnginePostgreSQL, Engine: engines.Engines[v1alpha1.EnginePostgreSQL], Provider: builtIn{},
		Version: "17", Base: "trixie", Size: resource.MustParse("10Gi"), Resources: defaultResources, DeletionPolicy: v1alpha1.DeletionRetain,
		SecretName: "order-book-db", Host: "order-book-db.shop.svc", Port: 5432,
		AdminSecretName: "order-book-db-admin", Image: "docker.io/library/postgres:17-trixie", Instances: 1, Pool: 10,
		// A hyphen would need quotes in SQL.
		DatabaseName: "order_book", Suspended: true, PodUser: v1alpha1.PodUserImage,
	}
	if diff := cmp.Diff(want, plan); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := names.DatabaseClaim("order-book"); got != "data-order-book-db-0" {
		t.Errorf("claim is named %q, want as a StatefulSet names it", got)
	}
}

func TestResolveWithoutBuiltIn(t *testing.T) {
	if plan, err := Resolve(service(nil), nil, &inputs.State{}); plan != nil || err != nil {
		t.Errorf("a service without a database has plan %+v and error %v, want neither", plan, err)
	}
	ms := service(&v1alpha1.Database{Provider: v1alpha1.ProviderExternal, External: &v1alpha1.ExternalDatabase{SecretName: "cloudsql"}})
	plan, err := Resolve(ms, defaulting(v1alpha1.DatabaseDefaults{Version: "16", DeletionPolicy: v1alpha1.DeletionDelete}), &inputs.State{})
	if err != nil {
		t.Fatal(err)
	}
	// An External database has none of the fields of a built-in one.
	want := &Plan{Owner: "order-book", Namespace: "shop", Name: "order-book-db", Kind: v1alpha1.EnginePostgreSQL, Engine: engines.Engines[v1alpha1.EnginePostgreSQL],
		Provider: external{}, Pool: 10, SecretName: "cloudsql"}
	if diff := cmp.Diff(want, plan); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestResolveErrors(t *testing.T) {
	unknown := service(&v1alpha1.Database{})
	unknown.Spec.Database.Engine = "Oracle"
	for name, tc := range map[string]struct {
		ms      *v1alpha1.Microservice
		claim   *corev1.PersistentVolumeClaim
		wantErr string
	}{
		"an External database without a Secret": {
			ms:      service(&v1alpha1.Database{Provider: v1alpha1.ProviderExternal}),
			wantErr: "database.external: provider External needs external.secretName"},
		"an engine that this version lacks": {ms: unknown, wantErr: `database.engine: "Oracle" is not known to this version of Atoll`},
		"a version that is too old": {
			ms:      service(&v1alpha1.Database{Version: "14.9"}),
			wantErr: `database.version: the tools of PostgreSQL 14.9 lack what Atoll uses; to fix: set version to 15 or newer`},
		"a size that is no quantity": {
			ms:      service(&v1alpha1.Database{Storage: &v1alpha1.DatabaseStorage{Size: "much"}}),
			wantErr: `database.storage.size: "much" is not a quantity such as 10Gi`},
		"a volume of another engine": {
			ms: service(&v1alpha1.Database{}), claim: written("mariadb", "17", "fast", "10Gi"),
			wantErr: `database.engine: PersistentVolumeClaim "data-order-book-db-0" holds data of mariadb, not of postgresql; to fix: delete PersistentVolumeClaim "data-order-book-db-0" if its data is not needed, or remove database and then add it with the old engine`},
		"a newer major version": {
			ms: service(&v1alpha1.Database{Version: "18.1"}), claim: written("postgresql", "17", "fast", "10Gi"),
			wantErr: `database.version: PersistentVolumeClaim "data-order-book-db-0" holds data of version 17, which version 18.1 cannot read; to fix: remove version to keep version 17, or restore a backup of it in a new Microservice`},
		"a minor version that is older than the one that ran": {
			ms: service(&v1alpha1.Database{Version: "17.2"}), claim: ran("17.5"),
			wantErr: `database.version: version 17.5 has written to PersistentVolumeClaim "data-order-book-db-0", and version 17.2 is older; to fix: remove version to keep version 17.5, or restore a backup of it in a new Microservice`},
		"another class": {
			ms: service(&v1alpha1.Database{Storage: &v1alpha1.DatabaseStorage{StorageClassName: "slow"}}), claim: written("postgresql", "17", "fast", "10Gi"),
			wantErr: `database.storage.storageClassName: PersistentVolumeClaim "data-order-book-db-0" has class "fast", which cannot change to "slow"; to fix: remove storageClassName to keep class fast, or restore a backup of it in a new Microservice`},
		"a smaller size": {
			ms: service(&v1alpha1.Database{Storage: &v1alpha1.DatabaseStorage{Size: "9Gi"}}), claim: written("postgresql", "17", "fast", "10Gi"),
			wantErr: `database.storage.size: PersistentVolumeClaim "data-order-book-db-0" has 10Gi and cannot shrink to 9Gi; to fix: remove size to keep 10Gi`},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := Resolve(tc.ms, nil, &inputs.State{Claim: tc.claim})
			if err == nil || err.Error() != tc.wantErr {
				t.Errorf("error is %v, want %s", err, tc.wantErr)
			}
			if plan != nil {
				t.Errorf("there is a plan with the error: %+v", plan)
			}
		})
	}
}

func TestData(t *testing.T) {
	plan, err := Resolve(service(&v1alpha1.Database{}), nil, &inputs.State{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for key, value := range plan.Data(inputs.Credentials{Username: "order_book_a", Password: "simple"}) {
		got[key] = string(value)
	}
	want := map[string]string{
		"type": "postgresql", "provider": "atoll", "host": "order-book-db.shop.svc", "port": "5432", "address": "order-book-db.shop.svc:5432",
		"username": "order_book_a", "password": "simple", "database": "order_book",
		"uri": "postgresql://order_book_a:simple@order-book-db.shop.svc:5432/order_book?sslmode=disable",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, key := range engines.RequiredKeys() {
		if _, ok := got[key]; !ok {
			t.Errorf("an External database must have the key %q, which a BuiltIn one lacks", key)
		}
	}
	// The client's variables must find their keys in either kind of Secret.
	required := map[string]bool{}
	for _, key := range engines.RequiredKeys() {
		required[key] = true
	}
	for _, v := range plan.Env() {
		if v.ValueFrom == nil {
			if v.Name != EnvPool || v.Value != "10" {
				t.Errorf("%s is %q, want only %s to be no secret", v.Name, v.Value, EnvPool)
			}
			continue
		}
		if ref := v.ValueFrom.SecretKeyRef; !required[ref.Key] || ref.Name != "order-book-db" {
			t.Errorf("%s takes key %q of Secret %q, want a required key of the binding Secret", v.Name, ref.Key, ref.Name)
		}
	}
}

func TestURIEscapesPassword(t *testing.T) {
	plan, err := Resolve(service(&v1alpha1.Database{}), nil, &inputs.State{})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ password, wantURI string }{
		"the end of the password":   {"p@ss:w/rd", "postgresql://order_book_a:p%40ss%3Aw%2Frd@order-book-db.shop.svc:5432/order_book?sslmode=disable"},
		"the start of a query":      {"a?b#c", "postgresql://order_book_a:a%3Fb%23c@order-book-db.shop.svc:5432/order_book?sslmode=disable"},
		"a percent sign and spaces": {"100% sure", "postgresql://order_book_a:100%25%20sure@order-book-db.shop.svc:5432/order_book?sslmode=disable"},
		"brackets and quotes":       {`[x]"'\`, "postgresql://order_book_a:%5Bx%5D%22%27%5C@order-book-db.shop.svc:5432/order_book?sslmode=disable"},
		"letters of other scripts":  {"påß", "postgresql://order_book_a:p%C3%A5%C3%9F@order-book-db.shop.svc:5432/order_book?sslmode=disable"},
	} {
		t.Run(name, func(t *testing.T) {
			data := plan.Data(inputs.Credentials{Username: "order_book_a", Password: tc.password})
			if diff := cmp.Diff(tc.wantURI, string(data[engines.KeyURI])); diff != "" {
				t.Errorf("uri (-want +got):\n%s", diff)
			}
			if got := string(data[engines.KeyPassword]); got != tc.password {
				t.Errorf("key password holds %q, want it as it is: %q", got, tc.password)
			}
			parsed, err := url.Parse(string(data[engines.KeyURI]))
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := parsed.User.Password(); got != tc.password {
				t.Errorf("a client reads password %q, want %q", got, tc.password)
			}
		})
	}
}

// TestClaimTemplateStays changes everything that could reach the template of a live
// StatefulSet: the API server allows no change.
func TestClaimTemplateStays(t *testing.T) {
	resolve := func(spec v1alpha1.Database) *Plan {
		plan, err := Resolve(service(&spec), nil, &inputs.State{})
		if err != nil {
			t.Fatal(err)
		}
		return plan
	}
	labels, selector := map[string]string{"topology": "old"}, map[string]string{"app": "x"}
	live := resolve(v1alpha1.Database{Version: "16"}).StatefulSet(nil, labels, selector)
	changed := resolve(v1alpha1.Database{Version: "17", Storage: &v1alpha1.DatabaseStorage{Size: "50Gi", StorageClassName: "fast"}})
	got := changed.StatefulSet(live, map[string]string{"topology": "new"}, selector)
	if diff := cmp.Diff(live.Spec.VolumeClaimTemplates, got.Spec.VolumeClaimTemplates); diff != "" {
		t.Errorf("(-live +got):\n%s", diff)
	}
	want := []corev1.PersistentVolumeClaim{{
		ObjectMeta: metav1.ObjectMeta{Name: "data", Labels: map[string]string{"topology": "old", "app": "x", inputs.LabelEngine: "postgresql", inputs.LabelMajorVersion: "16"},
			Annotations: map[string]string{inputs.AnnotationBase: "trixie"}},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")}}},
	}}
	if diff := cmp.Diff(want, live.Spec.VolumeClaimTemplates); diff != "" {
		t.Errorf("a new template (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"topology": "old"}, labels); diff != "" {
		t.Errorf("the caller's labels were changed (-want +got):\n%s", diff)
	}
}

func TestRetention(t *testing.T) {
	base := map[string]string{inputs.AnnotationBase: "trixie"}
	kept := map[string]string{"argocd.argoproj.io/sync-options": "Prune=false,Delete=false", "kustomize.toolkit.fluxcd.io/prune": "disabled"}
	for policy, want := range map[v1alpha1.DeletionPolicy]struct {
		retained    bool
		whenDeleted appsv1.PersistentVolumeClaimRetentionPolicyType
		annotations map[string]string
	}{
		v1alpha1.DeletionRetain: {true, appsv1.RetainPersistentVolumeClaimRetentionPolicyType, kept},
		v1alpha1.DeletionDelete: {false, appsv1.DeletePersistentVolumeClaimRetentionPolicyType, nil},
	} {
		t.Run(string(policy), func(t *testing.T) {
			plan, err := Resolve(service(&v1alpha1.Database{DeletionPolicy: policy}), nil, &inputs.State{})
			if err != nil {
				t.Fatal(err)
			}
			if plan.Retained() != want.retained {
				t.Errorf("retained is %t, want %t", plan.Retained(), want.retained)
			}
			retention := plan.StatefulSet(nil, map[string]string{}, nil).Spec.PersistentVolumeClaimRetentionPolicy
			if retention.WhenDeleted != want.whenDeleted {
				t.Errorf("whenDeleted is %s, want %s", retention.WhenDeleted, want.whenDeleted)
			}
			if retention.WhenScaled != appsv1.RetainPersistentVolumeClaimRetentionPolicyType {
				t.Errorf("whenScaled is %s: suspend would delete the data", retention.WhenScaled)
			}
			onClaim := maps.Clone(base)
			maps.Copy(onClaim, want.annotations)
			onClaim[inputs.AnnotationPodUser] = string(v1alpha1.PodUserImage)
			for _, tc := range []struct{ got, want map[string]string }{
				{plan.BindingSecret(inputs.Credentials{}, nil).Annotations, want.annotations},
				{plan.AdminSecret(inputs.Credentials{}, nil).Annotations, want.annotations},
				{plan.Claim(inputs.Marks{}, nil).Annotations, onClaim},
			} {
				if diff := cmp.Diff(tc.want, tc.got); diff != "" {
					t.Errorf("annotations (-want +got):\n%s", diff)
				}
			}
		})
	}
}
