/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package apply

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

func TestOwns(t *testing.T) {
	microservice := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "orders", UID: "u1"}}
	topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "orders", UID: "u3"}}
	ours := map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: "orders"}
	for name, tc := range map[string]struct {
		owner       client.Object
		labels      map[string]string
		controllers []metav1.OwnerReference
		adopt       bool
		wantOwned   bool
	}{
		"controlled by the owner":                         {controllers: []metav1.OwnerReference{controller("Microservice", "u1")}, wantOwned: true},
		"controlled by the owner, its labels lost":        {controllers: []metav1.OwnerReference{controller("Microservice", "u1")}, labels: map[string]string{"a": "b"}, wantOwned: true},
		"controlled by another, with our labels":          {controllers: []metav1.OwnerReference{controller("Helm", "u2")}, labels: ours},
		"controlled by another, to be adopted":            {controllers: []metav1.OwnerReference{controller("Helm", "u2")}, labels: ours, adopt: true},
		"owned by the owner, which does not control it":   {controllers: []metav1.OwnerReference{{Kind: "Microservice", UID: "u1"}}},
		"controlled by nothing, without labels":           {},
		"controlled by nothing, with our labels":          {labels: ours, wantOwned: true},
		"controlled by nothing, of another service":       {labels: map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: "users"}},
		"controlled by nothing, managed by another":       {labels: map[string]string{v1alpha1.LabelManagedBy: "Helm", v1alpha1.LabelMicroservice: "orders"}},
		"controlled by nothing, with the service's alone": {labels: map[string]string{v1alpha1.LabelMicroservice: "orders"}},
		"controlled by nothing, to be adopted":            {adopt: true, wantOwned: true},
		"a claim of our StatefulSet":                      {controllers: []metav1.OwnerReference{controller("StatefulSet", "u2")}, labels: ours, wantOwned: true},
		"a claim of another's StatefulSet":                {controllers: []metav1.OwnerReference{controller("StatefulSet", "u2")}},
		"a claim of another's StatefulSet, to be adopted": {controllers: []metav1.OwnerReference{controller("StatefulSet", "u2")}, adopt: true},
		"a Topology's, controlled by it":                  {owner: topology, controllers: []metav1.OwnerReference{controller("Topology", "u3")}, wantOwned: true},
		"a Topology's, by its labels": {owner: topology, wantOwned: true,
			labels: map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelTopology: "orders"}},
		"a Microservice's of the Topology's name": {owner: topology, labels: ours},
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
		"controlled by nothing": {wantMessage: `Service "orders" exists and was not made by Atoll; it is left as it is: delete or rename it, or rename this Microservice`},
		"controlled by another": {controllers: []metav1.OwnerReference{controller("Helm", "u2")},
			wantMessage: `Service "orders" exists and belongs to Helm "orders"; it is left as it is: delete or rename it, or rename this Microservice`},
		"controlled by another Microservice": {controllers: []metav1.OwnerReference{sibling},
			wantMessage: `Service "orders" exists and belongs to Microservice "users"; it is left as it is: delete or rename it, or rename this Microservice`},
		"controlled by somebody else's kind of that name": {controllers: []metav1.OwnerReference{namesake},
			wantMessage: `Service "orders" exists and belongs to Microservice "orders"; it is left as it is: delete or rename it, or rename this Microservice`},
		"left by an earlier Microservice of the name": {controllers: []metav1.OwnerReference{earlier},
			wantMessage: `Service "orders" still belongs to an earlier Microservice "orders" and goes with it`},
	} {
		t.Run(name, func(t *testing.T) {
			err := newNotOwnedError(owner, "Service", &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "orders", OwnerReferences: tc.controllers}})
			if err.Error() != tc.wantMessage {
				t.Errorf("message is %s, want %s", err, tc.wantMessage)
			}
		})
	}
}

// TestHashOfSecret makes sure that the hash, which anybody may read, tells
// nothing of what a Secret holds.
func TestHashOfSecret(t *testing.T) {
	hash := func(o client.Object) string {
		t.Helper()
		h, err := hashDesired(o)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	one, other := &corev1.Secret{Data: map[string][]byte{"password": []byte("one")}}, &corev1.Secret{Data: map[string][]byte{"password": []byte("other")}}
	if hash(one) != hash(other) {
		t.Error("the hash depends on a Secret's data")
	}
	if string(one.Data["password"]) != "one" {
		t.Error("hashing emptied the Secret")
	}
	if labelled := (&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}}); hash(one) == hash(labelled) {
		t.Error("the hash does not depend on a Secret's labels")
	}
	if again := deployment(); hash(deployment()) != hash(again) {
		t.Error("the hash of the same differs")
	}
	if hash(deployment()) == hash(deployment(func(d *appsv1.Deployment) { d.Spec.Paused = true })) {
		t.Error("the hash does not depend on a Deployment's spec")
	}
}
