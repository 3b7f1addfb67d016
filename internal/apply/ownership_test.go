// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

func TestOwns(t *testing.T) {
	microservice := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "orders", UID: "u1"}}
	topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "orders", UID: "u3"}}
	atollLabels := map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: "orders"}
	for name, tc := range map[string]struct {
		owner       client.Object
		labels      map[string]string
		controllers []metav1.OwnerReference
		adopt       bool
		wantOwned   bool
	}{
		"controlled by the owner":                         {controllers: []metav1.OwnerReference{controller("Microservice", "u1")}, wantOwned: true},
		"controlled by the owner, without Atoll's labels": {controllers: []metav1.OwnerReference{controller("Microservice", "u1")}, labels: map[string]string{"a": "b"}, wantOwned: true},
		"controlled by another, with Atoll's labels":      {controllers: []metav1.OwnerReference{controller("Helm", "u2")}, labels: atollLabels},
		"controlled by another, with adopt":               {controllers: []metav1.OwnerReference{controller("Helm", "u2")}, labels: atollLabels, adopt: true},
		"an owner reference that is no controller":        {controllers: []metav1.OwnerReference{{Kind: "Microservice", UID: "u1"}}},
		"no controller, no labels":                        {},
		"no controller, with Atoll's labels":              {labels: atollLabels, wantOwned: true},
		"no controller, labels of another service":        {labels: map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: "users"}},
		"no controller, managed by another tool":          {labels: map[string]string{v1alpha1.LabelManagedBy: "Helm", v1alpha1.LabelMicroservice: "orders"}},
		"no controller, without the managed-by label":     {labels: map[string]string{v1alpha1.LabelMicroservice: "orders"}},
		"no controller, with adopt":                       {adopt: true, wantOwned: true},
		"a claim of Atoll's StatefulSet":                  {controllers: []metav1.OwnerReference{controller("StatefulSet", "u2")}, labels: atollLabels, wantOwned: true},
		"a claim of another StatefulSet":                  {controllers: []metav1.OwnerReference{controller("StatefulSet", "u2")}},
		"a claim of another StatefulSet, with adopt":      {controllers: []metav1.OwnerReference{controller("StatefulSet", "u2")}, adopt: true},
		"controlled by a Topology":                        {owner: topology, controllers: []metav1.OwnerReference{controller("Topology", "u3")}, wantOwned: true},
		"no controller, with a Topology's labels": {owner: topology, wantOwned: true,
			labels: map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelTopology: "orders"}},
		"a Topology does not own the objects of a Microservice of its name": {owner: topology, labels: atollLabels},
	} {
		t.Run(name, func(t *testing.T) {
			owner := tc.owner
			if owner == nil {
				owner = microservice
			}
			live := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "orders", Labels: tc.labels, OwnerReferences: tc.controllers}}
			if got := Owns(owner, live, tc.adopt); got != tc.wantOwned {
				t.Errorf("owned is %t, want %t", got, tc.wantOwned)
			}
		})
	}
}

// TestOwnsJobs checks that labels do not make a Job Atoll's: any user who may create Jobs can
// set them.
func TestOwnsJobs(t *testing.T) {
	microservice := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "orders", UID: "u1"}}
	meta := metav1.ObjectMeta{Name: "orders-migrate-1", Labels: map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: "orders"}}
	partial := &metav1.PartialObjectMetadata{ObjectMeta: meta}
	partial.SetGroupVersionKind(batchv1.SchemeGroupVersion.WithKind("Job"))
	for name, job := range map[string]client.Object{"a Job": &batchv1.Job{ObjectMeta: meta}, "its metadata": partial} {
		if Owns(microservice, job, false) {
			t.Errorf("%s with Atoll's labels is owned", name)
		}
		job.SetOwnerReferences([]metav1.OwnerReference{controller("Microservice", "u1")})
		if !Owns(microservice, job, false) {
			t.Errorf("%s that the Microservice controls is not owned", name)
		}
	}
}

func TestNotOwnedMessage(t *testing.T) {
	owner := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "orders", UID: "u1"}}
	earlier := controller("Microservice", "u0")
	earlier.APIVersion = v1alpha1.GroupVersion.String()
	namesake := controller("Microservice", "u0")
	namesake.APIVersion = "example.com/v1"
	sibling := earlier
	sibling.Name = "users"
	for name, tc := range map[string]struct {
		controllers []metav1.OwnerReference
		wantMessage string
	}{
		"no controller": {wantMessage: `Service "orders" exists and was not created by Atoll; to fix: delete or rename it, or rename this Microservice`},
		"controlled by another tool": {controllers: []metav1.OwnerReference{controller("Helm", "u2")},
			wantMessage: `Service "orders" exists and belongs to Helm "orders"; to fix: delete or rename it, or rename this Microservice`},
		"controlled by another Microservice": {controllers: []metav1.OwnerReference{sibling},
			wantMessage: `Service "orders" exists and belongs to Microservice "users"; to fix: delete or rename it, or rename this Microservice`},
		"controlled by a Microservice of another API group": {controllers: []metav1.OwnerReference{namesake},
			wantMessage: `Service "orders" exists and belongs to Microservice "orders"; to fix: delete or rename it, or rename this Microservice`},
		"controlled by a deleted Microservice of the same name": {controllers: []metav1.OwnerReference{earlier},
			wantMessage: `Service "orders" still belongs to a deleted Microservice "orders" and will be deleted with it`},
	} {
		t.Run(name, func(t *testing.T) {
			err := newNotOwnedError(owner, "Service", &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "orders", OwnerReferences: tc.controllers}})
			if err.Error() != tc.wantMessage {
				t.Errorf("message is %s, want %s", err, tc.wantMessage)
			}
		})
	}
}

// TestHashOfSecret checks that the hash, which more users may read than the Secret,
// does not depend on the Secret's data.
func TestHashOfSecret(t *testing.T) {
	hash := func(o client.Object) string {
		t.Helper()
		h, err := Hash(o)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	secret, other := &corev1.Secret{Data: map[string][]byte{"password": []byte("one")}}, &corev1.Secret{Data: map[string][]byte{"password": []byte("other")}}
	if hash(secret) != hash(other) {
		t.Error("the hash depends on a Secret's data")
	}
	if string(secret.Data["password"]) != "one" {
		t.Error("hashing changed the Secret")
	}
	if labelled := (&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}}); hash(secret) == hash(labelled) {
		t.Error("the hash does not depend on a Secret's labels")
	}
	if again := deployment(); hash(deployment()) != hash(again) {
		t.Error("equal objects have different hashes")
	}
	if hash(deployment()) == hash(deployment(func(d *appsv1.Deployment) { d.Spec.Paused = true })) {
		t.Error("the hash does not depend on a Deployment's spec")
	}
}
