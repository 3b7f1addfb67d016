// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// bindingSecret returns the binding Secret; none while there are no credentials.
func bindingSecret(db *Database) []kube.Object {
	c := db.binding()
	if c == nil {
		return nil
	}
	return []kube.Object{db.Plan.BindingSecret(db.published(*c), names.Labels(db.Microservice, v1alpha1.ComponentDatabase))}
}

// NextSecrets returns the Secret with the next password during a rotation.
func NextSecrets(db *Database) ([]kube.Object, error) {
	if problem := Unusable(db); problem != nil {
		return nil, problem
	}
	p, next := db.managed(), db.DatabaseState.Next
	if p == nil || next == nil || db.rotation == rotationDone {
		return nil, nil
	}
	return kube.One(p.NextSecret(*next, names.Labels(db.Microservice, v1alpha1.ComponentDatabase)))
}

// Unusable says why nothing that needs the database can be built; nil if it can.
func Unusable(db *Database) *condition.Problem {
	if db.Err != nil {
		return db.Err
	}
	return credentialsProblem(db)
}

// Minted reports whether a Secret holds a password that does not exist in the
// cluster yet. Such a Secret is created, and never overwrites another.
func Minted(db *Database, o kube.Object) bool {
	var c *inputs.Credentials
	switch o.GetName() {
	case names.Database(db.Microservice.Name):
		c = db.binding()
	case names.AdminSecret(db.Microservice.Name):
		c = db.DatabaseState.Admin
	case names.NextSecret(db.Microservice.Name):
		c = db.DatabaseState.Next
	}
	return c != nil && c.UID == ""
}

// IsNextSecret reports whether a Secret holds the next password of a rotation. A
// leftover one would prevent the next rotation.
func IsNextSecret(live metav1.Object) bool {
	return live.GetName() == names.NextSecret(live.GetLabels()[v1alpha1.LabelMicroservice])
}

// IsNoNextSecret reports whether a Secret is not that of a rotation.
func IsNoNextSecret(live metav1.Object) bool { return !IsNextSecret(live) }

// binding returns the credentials of the service; nil if there are none yet.
func (db *Database) binding() *inputs.Credentials {
	if db.rotation >= rotationPublish {
		return db.DatabaseState.Next
	}
	return db.DatabaseState.Binding
}

func unknown(c *inputs.Credentials) bool { return c == nil || c.Password == "" }

// published returns the credentials with the annotations of the binding Secret.
func (db *Database) published(c inputs.Credentials) inputs.Credentials {
	c.Server = db.Plan.Provider.bindingServer(&c)
	if db.rotation >= rotationPublish {
		c.Retiring = db.rotation != rotationDone
	}
	return c
}

// credentialsProblem says why a database cannot be used: nothing that needs the
// database is built without its Secrets.
func credentialsProblem(db *Database) *condition.Problem {
	p := db.managed()
	if p == nil {
		return nil
	}
	if foreign := db.DatabaseState.ForeignSecret; foreign != "" {
		return &condition.Problem{
			Condition: v1alpha1.ConditionDatabaseReady,
			Reason:    v1alpha1.ReasonNotOwned,
			Message: condition.Message{Object: object("Secret", foreign),
				Cause:  "exists and was not created by Atoll",
				Remedy: "delete or rename it, or rename this Microservice"},
			Stalled: true,
		}
	}
	return p.Provider.credentialsProblem(db)
}

func credentialsLost(message condition.Message) *condition.Problem {
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseReady, Reason: v1alpha1.ReasonCredentialsLost, Message: message, Stalled: true}
}

// BindingSecret holds the address of the database and the service's password.
func (p *Plan) BindingSecret(c inputs.Credentials, labels map[string]string) *corev1.Secret {
	return p.secret(p.SecretName, c, labels, p.Data(c), p.keepAnnotations())
}

// AdminSecret holds the administrator's password. The service never sees it.
func (p *Plan) AdminSecret(c inputs.Credentials, labels map[string]string) *corev1.Secret {
	return p.secret(p.AdminSecretName, c, labels, login(c), p.keepAnnotations())
}

// NextSecret holds the password of a rotation until the engine has it.
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

// keepAnnotations prevent Argo CD and Flux from pruning what outlives its owner.
func (p *Plan) keepAnnotations() map[string]string {
	if !p.Retained() {
		return nil
	}
	return map[string]string{
		"argocd.argoproj.io/sync-options":   "Prune=false,Delete=false",
		"kustomize.toolkit.fluxcd.io/prune": "disabled",
	}
}

// Retained reports whether volume and Secrets outlive the Microservice.
func (p *Plan) Retained() bool { return p.DeletionPolicy == v1alpha1.DeletionRetain }
