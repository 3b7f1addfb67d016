// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// NotOwnedError means that an object of the desired name has another owner.
type NotOwnedError struct {
	Kind, Name string
	// Controller is the object's controller, such as Microservice "users". Empty means
	// that it has none.
	Controller string
	// OwnerKind is the kind of the owner that desires the object.
	OwnerKind string
	// Leftover means that the controller is a deleted owner of the same name. The
	// garbage collector is about to delete the object.
	Leftover bool
}

// Error returns the message as text.
func (e *NotOwnedError) Error() string { return e.Message().String() }

// Message names the object and its owner, and says what to do.
func (e *NotOwnedError) Message() condition.Message {
	m := condition.Message{Object: condition.Object{Kind: e.Kind, Name: e.Name}}
	if e.Leftover {
		m.Cause = fmt.Sprintf("still belongs to a deleted %s and will be deleted with it", e.Controller)
		return m
	}
	m.Cause = "exists and was not created by Atoll"
	if e.Controller != "" {
		m.Cause = "exists and belongs to " + e.Controller
	}
	m.Remedy = "delete or rename it, or rename this " + e.OwnerKind
	return m
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

// Owns reports whether owner owns a live object: because owner controls it, or because
// the object has Atoll's labels with owner's name. The labels count only if no object
// controls it, as with retained data, or if a StatefulSet does, as with claims. With
// adopt, an object without a controller needs no labels.
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
	if isJob(live) {
		// Atoll's Jobs always have a controller, and nothing retains them. The labels alone
		// would let any user who may create Jobs report that work is done.
		return false
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

// isJob reports whether an object, or the metadata of one, is a Job.
func isJob(o client.Object) bool {
	_, typed := o.(*batchv1.Job)
	return typed || o.GetObjectKind().GroupVersionKind().GroupKind() == batchv1.SchemeGroupVersion.WithKind("Job").GroupKind()
}
