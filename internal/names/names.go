// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package names gives children their names, labels and selectors. It is pure.
package names

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// AwaitContainer is the init container of a migration that waits for the database, in the image of
// the database.
const AwaitContainer = "atoll-await-database"

// AnnotationReferences is an annotation of the pod template. It holds a hash of all
// ConfigMaps and Secrets that the pods use, so that a change starts a rollout.
const AnnotationReferences = "atoll.dev/references-hash"

// AnnotationMigrated is an annotation of a Deployment. It names the migration that
// was complete when the pod template was applied.
const AnnotationMigrated = "atoll.dev/migrated"

// Route returns the name of the object of a Microservice's i-th route. The name depends
// on what the route matches, and not on the other routes: no route takes over the object
// of one that was removed. A route of every path has the Microservice's name. The others
// have a dot in it, which no Microservice has, and so meet no other Microservice's.
func Route(ms *v1alpha1.Microservice, i int) string {
	key, path := routeKey(&ms.Spec.Routes[i]), ms.Spec.Routes[i].Path
	plain := routeKey(&v1alpha1.Route{Path: path}) == key
	label := pathLabel(path)
	switch {
	case plain && (path == "" || path == "/"):
		return ms.Name
	case plain && "/"+label == path:
		return ms.Name + "." + label
	case label == "":
		return ms.Name + "." + Hash(key)
	}
	return ms.Name + "." + label + "-" + Hash(key)
}

// routeKey identifies what a route matches. The API server refuses two routes that match
// the same.
func routeKey(route *v1alpha1.Route) string {
	// API types always marshal to JSON.
	text, _ := json.Marshal([]any{route.Path, route.Hostnames, route.Headers})
	return string(text)
}

// maxPathLabel keeps names of routes readable.
const maxPathLabel = 40

// pathLabel returns the letters and digits of a path, separated by '-'.
func pathLabel(path string) string {
	words := strings.FieldsFunc(strings.ToLower(path), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	label := strings.Join(words, "-")
	return strings.TrimSuffix(label[:min(len(label), maxPathLabel)], "-")
}

// headlessSuffix ends the name of a headless Service.
const headlessSuffix = "-headless"

// Headless returns the name of the headless Service of a Microservice, whose DNS name has
// the addresses of the pods.
func Headless(microservice string) string { return microservice + headlessSuffix }

// OfHeadless returns the Microservice that a headless Service belongs to. It returns other
// names as they are.
func OfHeadless(service string) string { return strings.TrimSuffix(service, headlessSuffix) }

// TLSSecret returns the name of the Secret that holds the certificate that
// cert-manager issues for a Topology.
func TLSSecret(topology *v1alpha1.Topology) string { return topology.Name + "-tls" }

// Labels returns the labels of the objects of a component. They do not include
// app.kubernetes.io/instance, because Argo CD uses that label for its own tracking.
func Labels(ms *v1alpha1.Microservice, component string) map[string]string {
	l := map[string]string{
		v1alpha1.LabelManagedBy:    v1alpha1.ManagedByAtoll,
		v1alpha1.LabelMicroservice: ms.Name,
		v1alpha1.LabelName:         ms.Name,
		v1alpha1.LabelComponent:    component,
	}
	if ms.Spec.TopologyRef != nil {
		l[v1alpha1.LabelTopology] = ms.Spec.TopologyRef.Name
	}
	return l
}

// Selector returns the labels that select the pods of a component. It must never
// change, because the selector of a Deployment is immutable.
func Selector(ms *v1alpha1.Microservice, component string) map[string]string {
	return map[string]string{v1alpha1.LabelMicroservice: ms.Name, v1alpha1.LabelComponent: component}
}

// PodSelector returns the labels that select the pods that serve a Microservice's
// requests.
func PodSelector(ms *v1alpha1.Microservice) map[string]string {
	return Selector(ms, v1alpha1.ComponentService)
}

// Migration returns the name of the Job that runs a migration. hash identifies the
// migration.
func Migration(ms *v1alpha1.Microservice, hash string) string {
	return ms.Name + "-migrate-" + hash
}

// Restore returns the name of the Job that restores a backup. id is the id of the
// restore in the spec.
func Restore(ms *v1alpha1.Microservice, id string) string {
	return ms.Name + "-restore-" + Hash(id)
}

// Rotation returns the name of the Job that sets a new password. secret is the UID
// of the Secret that holds it.
func Rotation(ms *v1alpha1.Microservice, secret types.UID) string {
	return ms.Name + "-rotate-" + Hash(string(secret))
}

// Retirement returns the name of the Job that invalidates the old password after a
// rotation. secret is the UID of the Secret that holds the new one.
func Retirement(ms *v1alpha1.Microservice, secret types.UID) string {
	return ms.Name + "-retire-" + Hash(string(secret))
}

// Collation returns the name of the Job that checks the collation of a database. what
// identifies the image and the volume.
func Collation(ms *v1alpha1.Microservice, what string) string {
	return ms.Name + "-collation-" + Hash(what)
}

// Extensions returns the name of the Job that creates a database's extensions. what
// identifies them, the image, and the volume.
func Extensions(ms *v1alpha1.Microservice, what string) string {
	return ms.Name + "-extensions-" + Hash(what)
}

// Image returns the name of the Job that pulls the image of a database's next server. what
// identifies the image and the server.
func Image(ms *v1alpha1.Microservice, what string) string {
	return ms.Name + "-image-" + Hash(what)
}

// Hash returns a short hash of text, for use in the name of an object.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:5])
}
