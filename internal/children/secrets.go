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

package children

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/database"
)

// databaseSecrets are the binding Secret and the administrator's. Passwords are minted elsewhere,
// once: Build never makes one up, so that none can change by accident.
func databaseSecrets(in *Database) ([]Object, error) {
	if problem := unusable(in); problem != nil {
		return nil, problem
	}
	p := in.managed()
	if p == nil {
		return nil, nil
	}
	l := labels(in.Microservice, v1alpha1.ComponentDatabase)
	var secrets []Object
	// CloudNativePG makes the administrator's password itself.
	if in.builtIn() != nil {
		secrets = append(secrets, p.AdminSecret(*in.DatabaseState.Admin, l))
	}
	if c := in.binding(); c != nil {
		secrets = append(secrets, p.BindingSecret(in.published(*c), l))
	}
	return secrets, nil
}

// nextSecret returns the Secret with the next password during a rotation.
func nextSecret(in *Database) ([]Object, error) {
	if problem := unusable(in); problem != nil {
		return nil, problem
	}
	p, next := in.managed(), in.DatabaseState.Next
	if p == nil || next == nil || in.rotation == rotationDone {
		return nil, nil
	}
	return one(p.NextSecret(*next, labels(in.Microservice, v1alpha1.ComponentDatabase)))
}

// unusable says why nothing that needs the database can be built; nil where all
// can.
func unusable(in *Database) *Problem {
	if in.Err != nil {
		return invalidDatabase(in)
	}
	return credentialsProblem(in)
}

// minted reports whether a Secret holds a password that does not exist in the
// cluster yet. Such a Secret is created or not, and never written over another.
func minted(in *Database, o Object) bool {
	var c *database.Credentials
	switch o.GetName() {
	case database.Name(in.Microservice.Name):
		c = in.binding()
	case database.AdminSecretName(in.Microservice.Name):
		c = in.DatabaseState.Admin
	case database.NextSecretName(in.Microservice.Name):
		c = in.DatabaseState.Next
	}
	return c != nil && c.UID == ""
}

// isNextSecret says whether a Secret holds a password on its way. Left behind it
// would keep the next rotation from beginning.
func isNextSecret(live metav1.Object) bool {
	return live.GetName() == database.NextSecretName(live.GetLabels()[v1alpha1.LabelMicroservice])
}

func isNoNextSecret(live metav1.Object) bool { return !isNextSecret(live) }

// published are the credentials with what the binding Secret says of them.
func (in *Database) published(c database.Credentials) database.Credentials {
	switch {
	case in.builtIn() != nil:
		c.Server = ""
	case in.rotation >= rotationPublish:
		c.Server = in.DatabaseState.Next.Server
	}
	if in.rotation >= rotationPublish {
		c.Retiring = in.rotation != rotationDone
	}
	return c
}

// binding is what the service is to log in with; nil while there is nothing.
func (in *Database) binding() *database.Credentials {
	if in.rotation >= rotationPublish {
		return in.DatabaseState.Next
	}
	return in.DatabaseState.Binding
}

// credentialsProblem says why a built-in database can't be used: without its
// Secrets nothing that needs it is made.
//
// Where a volume exists without the Secret that opens it, a new password would
// lock the service out for good: an engine takes a password from its environment
// only when it makes a new database.
func credentialsProblem(in *Database) *Problem {
	p, state := in.managed(), &in.DatabaseState
	switch {
	case p == nil:
		return nil
	case state.ForeignSecret != "":
		return &Problem{
			Condition: v1alpha1.ConditionDatabaseReady,
			Reason:    v1alpha1.ReasonNotOwned,
			Message: fmt.Sprintf("Secret %q exists and was not made by Atoll; it is left as it is: delete or rename it, or rename this Microservice",
				state.ForeignSecret),
			Stalled: true,
		}
	case in.clustered() != nil:
		if state.Cluster != nil && unknown(state.Binding) && database.MarksOf(state.Cluster.GetAnnotations()).User != "" {
			return lost(in, p.SecretName, "its password", "keys username and password")
		}
		return nil
	case unknown(state.Binding):
		return lost(in, p.SecretName, "its password", "keys username and password")
	case unknown(state.Admin):
		return lost(in, p.AdminSecretName, "its administrator's password", "key password")
	}
	return nil
}

func unknown(c *database.Credentials) bool { return c == nil || c.Password == "" }

func lost(in *Database, secret, what, keys string) *Problem {
	message := fmt.Sprintf("Secret %q has no password: set its %s, or delete the Secret for a new one", secret, keys)
	if in.clustered() != nil {
		message = fmt.Sprintf("Cluster %q holds data, but Secret %q with %s is gone: restore the Secret (%s), or for a new password take the annotation %s from the Cluster",
			in.DatabaseState.Cluster.GetName(), secret, what, keys, database.AnnotationUser)
	} else if in.DatabaseState.Claim != nil {
		message = fmt.Sprintf("PersistentVolumeClaim %q holds data, but Secret %q with %s is gone: restore the Secret (%s), or delete the claim if its data is not needed",
			database.ClaimName(in.Microservice.Name), secret, what, keys)
	}
	return &Problem{Condition: v1alpha1.ConditionDatabaseReady, Reason: v1alpha1.ReasonCredentialsLost, Message: message, Stalled: true}
}
