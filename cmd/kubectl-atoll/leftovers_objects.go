// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// leftoverObject is one object that stayed.
type leftoverObject struct {
	Kind    string    `json:"kind"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	// Size is the size of a volume. Empty means that the object has none.
	Size string `json:"size,omitempty"`
	// Engine and Version are those of the data. Empty means that it holds none.
	Engine  string `json:"engine,omitempty"`
	Version string `json:"version,omitempty"`
	// Holds says what it is for.
	Holds string `json:"holds"`

	// data means that it holds the data, and user that the data has a password.
	data, user bool
}

func newLeftoverObject(kind string, o kube.Object) leftoverObject {
	l := leftoverObject{Kind: kind, Name: o.GetName(), Created: o.GetCreationTimestamp().UTC()}
	switch kind {
	case "PersistentVolumeClaim", database.ClusterKind.Kind:
		l.data, l.user = true, o.GetAnnotations()[inputs.AnnotationUser] != ""
		l.Engine = engineOf(o.GetLabels()[inputs.LabelEngine])
		l.Version = cmp.Or(o.GetAnnotations()[inputs.AnnotationVersion], o.GetLabels()[inputs.LabelMajorVersion])
		l.Size = sizeOf(o)
		l.Holds = strings.TrimSpace("data of " + l.Engine + " " + l.Version)
	case "Secret":
		l.Holds = "password of the service"
		if l.Name == names.AdminSecret(o.GetLabels()[v1alpha1.LabelMicroservice]) {
			l.Holds = "password of the administrator"
		}
	case database.ObjectStoreKind.Kind:
		path, _, _ := unstructured.NestedString(o.(*unstructured.Unstructured).Object, "spec", "configuration", "destinationPath")
		l.Holds = strings.TrimSpace("where the backups are: " + path)
	case "NetworkPolicy":
		l.Holds = "keeps the Cluster closed"
	}
	return l
}

// sizeOf returns the size of a claim, or of the volume of a Cluster.
func sizeOf(o kube.Object) string {
	switch of := o.(type) {
	case *corev1.PersistentVolumeClaim:
		size, bound := of.Status.Capacity[corev1.ResourceStorage]
		if !bound {
			size = of.Spec.Resources.Requests[corev1.ResourceStorage]
		}
		return size.String()
	case *unstructured.Unstructured:
		size, _, _ := unstructured.NestedString(of.Object, "spec", "storage", "size")
		return size
	}
	return ""
}

// resources are the names by which kubectl deletes the kinds.
var resources = map[string]string{
	"PersistentVolumeClaim": "pvc", "Secret": "secret", "NetworkPolicy": "networkpolicy",
	database.ClusterKind.Kind: "clusters." + database.ClusterKind.Group, database.ObjectStoreKind.Kind: "objectstores." + database.ObjectStoreKind.Group,
}

// explain says what becomes of the objects. secretsRead means that the user may read Secrets.
func (l *leftovers) explain(secretsRead bool) {
	var data *leftoverObject
	there := map[string]bool{}
	targets := make([]string, 0, len(l.Objects))
	for i := range l.Objects {
		o := &l.Objects[i]
		if o.data {
			data = o
		}
		there[o.Kind+"/"+o.Name] = true
		targets = append(targets, resources[o.Kind]+"/"+o.Name)
	}
	l.Delete = fmt.Sprintf("kubectl delete -n %s %s", l.Namespace, strings.Join(targets, " "))
	what := fmt.Sprintf("A new Microservice %q", l.Microservice)
	if l.Removed == removedDatabase {
		what = fmt.Sprintf("Microservice %q, if its database is added again,", l.Microservice)
	}
	if data == nil {
		l.Adoption = what + " starts with an empty database."
		if there["Secret/"+names.Database(l.Microservice)] {
			l.Adoption = what + " starts with an empty database, and uses the password in the Secret."
		}
		return
	}
	for _, secret := range data.secrets(l.Microservice) {
		if secretsRead && !there["Secret/"+secret] {
			l.Adoption = fmt.Sprintf("%s is Stalled: Secret %q with a password of the data is gone. Restore the Secret, or delete the data.", what, secret)
			return
		}
	}
	l.Adoption = fmt.Sprintf("%s with engine: %s and provider: %s adopts the data and its passwords. With another engine, provider or major version it is Stalled.",
		what, data.Engine, data.provider())
}

// secrets returns the Secrets with the passwords of the data.
func (l *leftoverObject) secrets(microservice string) []string {
	switch {
	case l.Kind == "PersistentVolumeClaim":
		return []string{names.Database(microservice), names.AdminSecret(microservice)}
	case l.user:
		return []string{names.Database(microservice)}
	}
	return nil
}

func (l *leftoverObject) provider() v1alpha1.DatabaseProvider {
	if l.Kind == "PersistentVolumeClaim" {
		return v1alpha1.ProviderBuiltIn
	}
	return v1alpha1.ProviderCloudNativePG
}

// engineOf returns the engine that a label names, as the spec writes it.
func engineOf(label string) string {
	for name, known := range engine.Engines {
		if known.Type() == label {
			return string(name)
		}
	}
	return label
}
