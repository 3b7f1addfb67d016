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

package database

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Annotations of a Secret.
const (
	// AnnotationRotated says for which value of atoll.dev/rotate-credentials its
	// password was made.
	AnnotationRotated = "atoll.dev/rotated"
	// AnnotationServer is the UID of the Cluster that knows the password: another one
	// of the same name does not.
	AnnotationServer = "atoll.dev/database-uid"
	// AnnotationRetiring says that the password before still works, because the
	// rotation has not come to its end.
	AnnotationRetiring = "atoll.dev/retiring"
)

// Credentials are a user of a database and its password, as a Secret holds them.
type Credentials struct {
	Username, Password string
	// Rotation is the value of atoll.dev/rotate-credentials that they were made
	// for.
	Rotation string
	// UID is the Secret's; empty while it is not there.
	UID types.UID
	// Server is the UID of the Cluster that knows them; empty for the built-in
	// provider.
	Server types.UID
	// Retiring says that those before still work.
	Retiring bool
}

// CredentialsOf reads them from a Secret.
func CredentialsOf(secret *corev1.Secret) *Credentials {
	return &Credentials{
		Username: string(secret.Data[KeyUsername]),
		Password: string(secret.Data[KeyPassword]),
		Rotation: secret.Annotations[AnnotationRotated],
		UID:      secret.UID,
		Server:   types.UID(secret.Annotations[AnnotationServer]),
		Retiring: secret.Annotations[AnnotationRetiring] != "",
	}
}

// annotated are the annotations that tell of credentials.
func (c *Credentials) annotated(annotations map[string]string) map[string]string {
	values := map[string]string{AnnotationRotated: c.Rotation, AnnotationServer: string(c.Server)}
	if c.Retiring {
		values[AnnotationRetiring] = "true"
	}
	for name, value := range values {
		if value == "" {
			continue
		}
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[name] = value
	}
	return annotations
}

// AdminSecretName is the name of the Secret with the administrator's password
// of a service's built-in database.
func AdminSecretName(owner string) string { return Name(owner) + "-admin" }

// NextSecretName is the name of the Secret that holds a new password until it is
// the one in use.
func NextSecretName(owner string) string { return Name(owner) + "-next" }

// Users are those of a service's database.
type Users struct {
	// First and second are the service's by turns.
	First, second string
	Admin         string
}

// UsersOf are the users of a Microservice's database, which it must have. cluster
// is that of CloudNativePG, or nil.
func UsersOf(ms *v1alpha1.Microservice, cluster *unstructured.Unstructured) Users {
	engine, known := engines[ms.Spec.Database.Engine]
	if !known {
		return Users{}
	}
	names := engine.Users(databaseName(ms, cluster))
	return Users{First: names[0], second: names[1], Admin: engine.Admin()}
}

// After is the user that has its turn after another.
func (u Users) After(current string) string {
	if current == u.First {
		return u.second
	}
	return u.First
}

// BindingSecret is the Secret that the service reads its database's address and
// its password from.
func (p *Plan) BindingSecret(c Credentials, labels map[string]string) *corev1.Secret {
	return p.secret(p.SecretName, c, labels, p.Data(c), p.keepAnnotations())
}

// AdminSecret holds the administrator's password. The service never sees it.
func (p *Plan) AdminSecret(c Credentials, labels map[string]string) *corev1.Secret {
	return p.secret(p.AdminSecretName, c, labels, login(c), p.keepAnnotations())
}

// NextSecret holds a password that is on its way to the engine.
func (p *Plan) NextSecret(c Credentials, labels map[string]string) *corev1.Secret {
	return p.secret(NextSecretName(p.Owner), c, labels, login(c), nil)
}

func login(c Credentials) map[string][]byte {
	return map[string][]byte{KeyUsername: []byte(c.Username), KeyPassword: []byte(c.Password)}
}

func (p *Plan) secret(name string, c Credentials, labels map[string]string, data map[string][]byte, annotations map[string]string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: p.Namespace, Labels: labels, Annotations: c.annotated(annotations)},
		Type:       corev1.SecretTypeOpaque,
		Data:       data,
	}
}

// keepAnnotations stop Argo CD and Flux from pruning what outlives its owner.
func (p *Plan) keepAnnotations() map[string]string {
	if !p.Retained() {
		return nil
	}
	return map[string]string{
		"argocd.argoproj.io/sync-options":   "Prune=false,Delete=false",
		"kustomize.toolkit.fluxcd.io/prune": "disabled",
	}
}

// Retained says whether volume and Secrets outlive the Microservice.
func (p *Plan) Retained() bool { return p.DeletionPolicy == v1alpha1.DeletionRetain }
