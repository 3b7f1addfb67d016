// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// results counts results.
type results map[string]int

func (r results) Record(kind string, result Result) { r[kind+" "+string(result)]++ }

// recordingApplier returns an applier with a client that stands for the API server, its results,
// a context with a logger, and the lines that were logged.
func recordingApplier(t *testing.T) (*Applier, results, context.Context, *[]string) {
	t.Helper()
	server := fake.NewClientBuilder().WithScheme(scheme.Scheme).Build()
	counted, lines := results{}, &[]string{}
	logger := funcr.New(func(_, line string) { *lines = append(*lines, line) }, funcr.Options{})
	return &Applier{Writer: server, Live: server, Scheme: scheme.Scheme, Recorder: counted}, counted, logf.IntoContext(context.Background(), logger), lines
}

var owner = &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "users", Namespace: "shop", UID: "owner"}}

// owned returns the metadata of a child.
func owned(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: "shop",
		Labels:          map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: owner.Name},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Microservice", Name: owner.Name, UID: owner.UID, Controller: ptr.To(true)}}}
}

func deploymentOf(replicas int32) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: owned("users"), Spec: appsv1.DeploymentSpec{Replicas: &replicas}}
}

// TestChangeIsLoggedOnce checks that each change is one line with kind, name and the fields that
// changed, and that an object that is as desired is neither logged nor counted.
func TestChangeIsLoggedOnce(t *testing.T) {
	a, counted, ctx, lines := recordingApplier(t)
	live := func() *appsv1.Deployment {
		d := &appsv1.Deployment{}
		if err := a.Live.Get(ctx, client.ObjectKeyFromObject(deploymentOf(0)), d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	do := func(o Object) {
		t.Helper()
		if _, err := a.Apply(ctx, owner, o); err != nil {
			t.Fatal(err)
		}
	}
	do(Object{Desired: deploymentOf(2)})
	do(Object{Desired: deploymentOf(2), Live: live()})
	do(Object{Desired: deploymentOf(3), Live: live()})
	drifted := live()
	drifted.Spec.Replicas = ptr.To[int32](1)
	if err := a.Writer.Update(ctx, drifted); err != nil {
		t.Fatal(err)
	}
	do(Object{Desired: deploymentOf(3), Live: live()})
	if _, err := a.Delete(ctx, []client.Object{live()}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`"level"=0 "msg"="Created" "kind"="Deployment" "object"="users"`,
		`"level"=0 "msg"="Updated" "kind"="Deployment" "object"="users" "fields"=["spec.replicas"]`,
		`"level"=0 "msg"="Repaired drift" "kind"="Deployment" "object"="users" "fields"=["spec.replicas"]`,
		`"level"=0 "msg"="Deleted" "kind"="Deployment" "object"="users"`,
	}
	if diff := cmp.Diff(want, *lines); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(results{"Deployment created": 1, "Deployment updated": 1, "Deployment repaired": 1, "Deployment deleted": 1}, counted); diff != "" {
		t.Errorf("the results (-want +got):\n%s", diff)
	}
}

// TestSecretIsNotLogged checks that no line has the content of a Secret.
func TestSecretIsNotLogged(t *testing.T) {
	a, _, ctx, lines := recordingApplier(t)
	secret := func(password string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: owned("users-db"), Data: map[string][]byte{"password": []byte(password)}, StringData: map[string]string{"uri": password}}
	}
	if _, err := a.Apply(ctx, owner, Object{Desired: secret("first-secret")}); err != nil {
		t.Fatal(err)
	}
	live := &corev1.Secret{}
	if err := a.Live.Get(ctx, client.ObjectKeyFromObject(secret("")), live); err != nil {
		t.Fatal(err)
	}
	changed := secret("second-secret")
	changed.Labels["changed"] = "yes"
	if _, err := a.Apply(ctx, owner, Object{Desired: changed, Live: live}); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(*lines, "\n")
	if !strings.Contains(all, `"Updated"`) || !strings.Contains(all, "metadata.labels.changed") {
		t.Errorf("the change is not logged:\n%s", all)
	}
	for _, word := range []string{"first-secret", "second-secret", "Zmlyc3Qtc2VjcmV0", "c2Vjb25kLXNlY3JldA=="} {
		if strings.Contains(all, word) {
			t.Errorf("the log has the content of a Secret:\n%s", all)
		}
	}
}

func TestResultOfErrors(t *testing.T) {
	resource := schema.GroupResource{Resource: "deployments"}
	for name, tc := range map[string]struct {
		err  error
		want Result
	}{
		"another owner":       {&NotOwnedError{}, NotOwned},
		"an altered policy":   {&AlteredError{}, Altered},
		"another writer":      {apierrors.NewConflict(resource, "users", errors.New("changed")), Conflict},
		"a quota":             {apierrors.NewForbidden(resource, "users", errors.New("quota")), Refused},
		"an API server down":  {errors.New("connection refused"), Failed},
		"a server that fails": {apierrors.NewInternalError(errors.New("etcd")), Failed},
	} {
		t.Run(name, func(t *testing.T) {
			if got := resultOf(tc.err); got != tc.want {
				t.Errorf("the result is %s, want %s", got, tc.want)
			}
		})
	}
}

// TestRefusedObjectIsCounted checks that an error is counted and returned, and not logged.
func TestRefusedObjectIsCounted(t *testing.T) {
	a, counted, ctx, lines := recordingApplier(t)
	foreign := deploymentOf(1)
	foreign.OwnerReferences, foreign.Labels = nil, nil
	if _, err := a.Apply(ctx, owner, Object{Desired: deploymentOf(1), Live: foreign}); err == nil {
		t.Error("an object of another owner was applied")
	}
	if counted["Deployment not_owned"] != 1 || len(*lines) > 0 {
		t.Errorf("the results are %v, and the log has %q", counted, *lines)
	}
}

func TestChangedFields(t *testing.T) {
	object := func(change func(*appsv1.Deployment)) *appsv1.Deployment {
		d := deploymentOf(1)
		d.Annotations = map[string]string{AnnotationApplied: "1"}
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "users", Image: "users:1"}}
		change(d)
		return d
	}
	before := object(func(d *appsv1.Deployment) { d.ResourceVersion, d.Generation = "1", 1 })
	for name, tc := range map[string]struct {
		change func(*appsv1.Deployment)
		want   []string
	}{
		"what each write changes has no name": {change: func(d *appsv1.Deployment) {
			d.ResourceVersion, d.Generation, d.Annotations[AnnotationApplied], d.Status.Replicas = "2", 2, "2", 3
		}},
		"an item of a list": {change: func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "users:2" }, want: []string{"spec.template.spec.containers[0].image"}},
		"a list that grew": {change: func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers, corev1.Container{Name: "proxy"})
		}, want: []string{"spec.template.spec.containers"}},
		"a field that is new":  {change: func(d *appsv1.Deployment) { d.Spec.Paused = true }, want: []string{"spec.paused"}},
		"a field that is gone": {change: func(d *appsv1.Deployment) { d.Spec.Replicas = nil }, want: []string{"spec.replicas"}},
		"many fields": {change: func(d *appsv1.Deployment) {
			for _, key := range strings.Split("abcdefghij", "") {
				d.Annotations[key] = key
			}
		}, want: []string{"metadata.annotations.a", "metadata.annotations.b", "metadata.annotations.c", "metadata.annotations.d",
			"metadata.annotations.e", "metadata.annotations.f", "metadata.annotations.g", "metadata.annotations.h", "and 2 more"}},
	} {
		t.Run(name, func(t *testing.T) {
			after, err := (&Applier{}).toUnstructured(object(tc.change), "2")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, changedFields(before, after)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := changedFields(&metav1.PartialObjectMetadata{}, &unstructured.Unstructured{}); got != nil {
		t.Errorf("an object of which only the metadata is known has changed fields %v", got)
	}
}

// TestNothingIsCountedWithoutAWrite checks that an object that is gone already, and one that an earlier
// write left altered, are neither counted nor logged.
func TestNothingIsCountedWithoutAWrite(t *testing.T) {
	a, counted, ctx, lines := recordingApplier(t)
	if _, err := a.Delete(ctx, []client.Object{deploymentOf(1)}); err != nil {
		t.Fatal(err)
	}
	a.record(ctx, "NetworkPolicy", "users", unchanged, &AlteredError{})
	if len(counted) > 0 || len(*lines) > 0 {
		t.Errorf("counted %v, logged %v", counted, *lines)
	}
	a.record(ctx, "NetworkPolicy", "users", Updated, &AlteredError{})
	if diff := cmp.Diff(results{"NetworkPolicy altered": 1}, counted); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCachedObjectsStay checks that no write changes an object that is known by its fields only: the
// live one is in the cache, where others read it at the same time.
func TestCachedObjectsStay(t *testing.T) {
	monitor := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "users", "annotations": nil}, "spec": map[string]any{"port": "http", "path": nil}, "status": map[string]any{},
	}}
	before := monitor.DeepCopy()
	if got := changedFields(monitor, &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"port": "metrics"}}}); len(got) != 2 {
		t.Errorf("the changed fields are %v", got)
	}
	a := &Applier{}
	if _, err := a.toUnstructured(monitor, "hash"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, monitor); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
