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
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// Secrets are the binding Secret and the administrator's. Passwords are minted elsewhere,
// once: Build never makes one up, so that none can change by accident.
func Secrets(db *Database) ([]kube.Object, error) {
	if problem := Unusable(db); problem != nil {
		return nil, problem
	}
	p := db.managed()
	if p == nil {
		return nil, nil
	}
	l := names.Labels(db.Microservice, v1alpha1.ComponentDatabase)
	var secrets []kube.Object
	// CloudNativePG makes the administrator's password itself.
	if db.builtIn() != nil {
		secrets = append(secrets, p.AdminSecret(*db.DatabaseState.Admin, l))
	}
	if c := db.binding(); c != nil {
		secrets = append(secrets, p.BindingSecret(db.published(*c), l))
	}
	return secrets, nil
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

// Unusable says why nothing that needs the database can be built; nil where all
// can.
func Unusable(db *Database) *condition.Problem {
	if db.Err != nil {
		return InvalidDatabase(db)
	}
	return credentialsProblem(db)
}

// Minted reports whether a Secret holds a password that does not exist in the
// cluster yet. Such a Secret is created or not, and never written over another.
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

// IsNextSecret says whether a Secret holds a password on its way. Left behind it
// would keep the next rotation from beginning.
func IsNextSecret(live metav1.Object) bool {
	return live.GetName() == names.NextSecret(live.GetLabels()[v1alpha1.LabelMicroservice])
}

func IsNoNextSecret(live metav1.Object) bool { return !IsNextSecret(live) }

// published are the credentials with what the binding Secret says of them.
func (db *Database) published(c inputs.Credentials) inputs.Credentials {
	switch {
	case db.builtIn() != nil:
		c.Server = ""
	case db.rotation >= rotationPublish:
		c.Server = db.DatabaseState.Next.Server
	}
	if db.rotation >= rotationPublish {
		c.Retiring = db.rotation != rotationDone
	}
	return c
}

// binding is what the service is to log in with; nil while there is nothing.
func (db *Database) binding() *inputs.Credentials {
	if db.rotation >= rotationPublish {
		return db.DatabaseState.Next
	}
	return db.DatabaseState.Binding
}

// credentialsProblem says why a built-in database can't be used: without its
// Secrets nothing that needs it is made.
//
// Where a volume exists without the Secret that opens it, a new password would
// lock the service out for good: an engine takes a password from its environment
// only when it makes a new database.
func credentialsProblem(db *Database) *condition.Problem {
	p, state := db.managed(), &db.DatabaseState
	switch {
	case p == nil:
		return nil
	case state.ForeignSecret != "":
		return &condition.Problem{
			Condition: v1alpha1.ConditionDatabaseReady,
			Reason:    v1alpha1.ReasonNotOwned,
			Message: condition.ParseMessage(fmt.Sprintf("Secret %q exists and was not made by Atoll; it is left as it is: delete or rename it, or rename this Microservice",
				state.ForeignSecret)),
			Stalled: true,
		}
	case db.clustered() != nil:
		if state.Cluster != nil && unknown(state.Binding) && inputs.MarksOf(state.Cluster.GetAnnotations()).User != "" {
			return lost(db, p.SecretName, "its password", "keys username and password")
		}
		return nil
	case unknown(state.Binding):
		return lost(db, p.SecretName, "its password", "keys username and password")
	case unknown(state.Admin):
		return lost(db, p.AdminSecretName, "its administrator's password", "key password")
	}
	return nil
}

func unknown(c *inputs.Credentials) bool { return c == nil || c.Password == "" }

func lost(db *Database, secret, what, keys string) *condition.Problem {
	message := fmt.Sprintf("Secret %q has no password: set its %s, or delete the Secret for a new one", secret, keys)
	if db.clustered() != nil {
		message = fmt.Sprintf("Cluster %q holds data, but Secret %q with %s is gone: restore the Secret (%s), or for a new password take the annotation %s from the Cluster",
			db.DatabaseState.Cluster.GetName(), secret, what, keys, inputs.AnnotationUser)
	} else if db.DatabaseState.Claim != nil {
		message = fmt.Sprintf("PersistentVolumeClaim %q holds data, but Secret %q with %s is gone: restore the Secret (%s), or delete the claim if its data is not needed",
			names.DatabaseClaim(db.Microservice.Name), secret, what, keys)
	}
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseReady, Reason: v1alpha1.ReasonCredentialsLost, Message: condition.ParseMessage(message), Stalled: true}
}
