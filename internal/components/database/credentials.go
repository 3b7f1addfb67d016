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

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// BindingSecret is the Secret that the service reads its database's address and
// its password from.
func (p *Plan) BindingSecret(c inputs.Credentials, labels map[string]string) *corev1.Secret {
	return p.secret(p.SecretName, c, labels, p.Data(c), p.keepAnnotations())
}

// AdminSecret holds the administrator's password. The service never sees it.
func (p *Plan) AdminSecret(c inputs.Credentials, labels map[string]string) *corev1.Secret {
	return p.secret(p.AdminSecretName, c, labels, login(c), p.keepAnnotations())
}

// NextSecret holds a password that is on its way to the engine.
func (p *Plan) NextSecret(c inputs.Credentials, labels map[string]string) *corev1.Secret {
	return p.secret(names.NextSecret(p.Owner), c, labels, login(c), nil)
}

func login(c inputs.Credentials) map[string][]byte {
	return map[string][]byte{engine.KeyUsername: []byte(c.Username), engine.KeyPassword: []byte(c.Password)}
}

func (p *Plan) secret(name string, c inputs.Credentials, labels map[string]string, data map[string][]byte, annotations map[string]string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: p.Namespace, Labels: labels, Annotations: c.Annotated(annotations)},
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
