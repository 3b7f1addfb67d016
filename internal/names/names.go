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

package names

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// AnnotationReferences stands on the pod template. It is a hash of the content of all
// ConfigMaps and Secrets that the pods use: a change rolls them.
const AnnotationReferences = "atoll.dev/references-hash"

// AnnotationMigrated on a Deployment says which migration its pods can rely on.
const AnnotationMigrated = "atoll.dev/migrated"

// Route is the name of a Microservice's i-th route: the Microservice's own
// for the first, with a number for the others.
func Route(ms *v1alpha1.Microservice, i int) string {
	if i == 0 {
		return ms.Name
	}
	return ms.Name + "-" + strconv.Itoa(i)
}

// TLSSecret is the name of the Secret that cert-manager fills for a
// Topology.
func TLSSecret(topology *v1alpha1.Topology) string { return topology.Name + "-tls" }

// The instance label (app.kubernetes.io/instance) is left out on purpose: Argo
// CD takes it for its own mark.
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

// Selector selects the pods of a component. It must never change: a
// Deployment's selector can't.
func Selector(ms *v1alpha1.Microservice, component string) map[string]string {
	return map[string]string{v1alpha1.LabelMicroservice: ms.Name, v1alpha1.LabelComponent: component}
}

// PodSelector selects the pods of a Microservice's service.
func PodSelector(ms *v1alpha1.Microservice) map[string]string {
	return Selector(ms, v1alpha1.ComponentService)
}

// Migration is the name of the Job that runs a migration. hash names what it
// runs.
func Migration(ms *v1alpha1.Microservice, hash string) string {
	return ms.Name + "-migrate-" + hash
}

// Restore is the name of the Job of a restore.
func Restore(ms *v1alpha1.Microservice, id string) string {
	return ms.Name + "-restore-" + Hash(id)
}

// Rotate is the name of the Job that sets a new password, and RetireName of
// the one that makes the old one useless. secret is the UID of the Secret that
// holds the new one.
func Rotation(ms *v1alpha1.Microservice, secret types.UID) string {
	return ms.Name + "-rotate-" + Hash(string(secret))
}

// Retire is the name of the Job that makes an old password useless.
func Retirement(ms *v1alpha1.Microservice, secret types.UID) string {
	return ms.Name + "-retire-" + Hash(string(secret))
}

// Hash is a short name of a text.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:5])
}
