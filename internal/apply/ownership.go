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
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// NotOwnedError says that an object of a wanted name belongs to somebody else.
type NotOwnedError struct {
	Kind, Name string
	// Controller is what controls the object; empty when nothing does.
	Controller string
	// OwnerKind is the kind of what wanted the object.
	OwnerKind string
	// Leftover says that the object belongs to an earlier owner of the same name,
	// with which it is about to go.
	Leftover bool
}

// Error names the object and says what to do.
func (e *NotOwnedError) Error() string {
	if e.Leftover {
		return fmt.Sprintf("%s %q still belongs to an earlier %s and goes with it", e.Kind, e.Name, e.Controller)
	}
	by := "was not made by Atoll"
	if e.Controller != "" {
		by = "belongs to " + e.Controller
	}
	return fmt.Sprintf("%s %q exists and %s; it is left as it is: delete or rename it, or rename this %s", e.Kind, e.Name, by, e.OwnerKind)
}

func newNotOwnedError(owner client.Object, kind string, live client.Object) error {
	err := &NotOwnedError{Kind: kind, Name: live.GetName(), OwnerKind: "Microservice"}
	if _, isTopology := owner.(*v1alpha1.Topology); isTopology {
		err.OwnerKind = "Topology"
	}
	if c := metav1.GetControllerOfNoCopy(live); c != nil {
		err.Controller = fmt.Sprintf("%s %q", c.Kind, c.Name)
		err.Leftover = c.Name == owner.GetName() && c.APIVersion == v1alpha1.GroupVersion.String()
	}
	return err
}

// Owns says whether a live object is owner's. It is when owner controls it. It
// also is when it carries Atoll's labels with owner's name and nothing controls
// it, as data that was kept, or a StatefulSet controls it, as with claims.
// adopt takes what nothing controls even without the labels.
func Owns(owner, live client.Object, adopt bool) bool {
	controller := metav1.GetControllerOfNoCopy(live)
	if controller != nil && controller.UID == owner.GetUID() {
		return true
	}
	if controller != nil && controller.Kind != "StatefulSet" {
		return false
	}
	if controller == nil && adopt {
		return true
	}
	labels := live.GetLabels()
	if labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByAtoll {
		return false
	}
	key := v1alpha1.LabelMicroservice
	if _, isTopology := owner.(*v1alpha1.Topology); isTopology {
		key = v1alpha1.LabelTopology
	}
	return labels[key] == owner.GetName()
}
