// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"cmp"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/names"
)

// Mint makes up the passwords that a database lacks: those of a new one, and the next
// one where a rotation begins. A password reaches the cluster only with its Secret,
// which is created or refused as a whole, so that two can never come of it.
//
// A volume that exists without its Secret gets none: a new password would lock
// everybody out of the data.
func Mint(in *Inputs, password func() string) {
	ms, state := in.Microservice, &in.DatabaseState
	spec := ms.Spec.Database
	if spec == nil || spec.Provider == v1alpha1.ProviderExternal {
		return
	}
	if next := in.next(); next != nil && state.Absent[names.NextSecret(ms.Name)] {
		if next.Password == "" {
			next.Password = password()
		}
		state.Next = next
	}
	if spec.Provider == v1alpha1.ProviderCloudNativePG || state.Claim != nil {
		return
	}
	users := UsersOf(ms, nil)
	for _, missing := range []struct {
		found        **Credentials
		secret, user string
	}{
		{&state.Binding, names.Database(ms.Name), users.First},
		{&state.Admin, names.AdminSecret(ms.Name), users.Admin},
	} {
		if *missing.found == nil && state.Absent[missing.secret] {
			*missing.found = &Credentials{Username: missing.user, Password: password(), Rotation: in.rotationWanted()}
		}
	}
}

// RotationBegins reports whether the database needs a password that no Secret holds
// yet: a rotation was requested, a Cluster has no user for the service yet, or a
// rotation was interrupted before its last step.
func (in *Inputs) RotationBegins() bool { return in.DatabaseState.Next == nil && in.next() != nil }

func (in *Inputs) rotationWanted() string {
	return in.Microservice.Annotations[v1alpha1.AnnotationRotateCredentials]
}

// next returns the credentials that a rotation brings in, without a password where
// that is to be minted; nil where no rotation begins.
func (in *Inputs) next() *Credentials {
	state, wanted := &in.DatabaseState, in.rotationWanted()
	if state.Next != nil {
		return nil
	}
	users := UsersOf(in.Microservice, state.Cluster)
	binding := state.Binding
	next := &Credentials{Rotation: wanted}
	switch {
	case state.Unbound() && binding != nil:
		// Not the user of the Secret, who may be in use in another database.
		next.Username = users.After(binding.Username)
	case state.Unbound():
		next.Username = users.First
	case binding == nil:
		return nil
	case binding.Retiring:
		next.Username, next.Password, next.Rotation = binding.Username, binding.Password, binding.Rotation
	case wanted == "" || binding.Rotation == wanted:
		return nil
	default:
		next.Username = users.After(binding.Username)
	}
	if state.Cluster != nil {
		next.Server = state.Cluster.GetUID()
	}
	return next
}

// FirstUser returns the user that the service logs in as before any rotation: the one
// that the data remembers, or else the first of its users.
func (in *Inputs) FirstUser() string {
	first := UsersOf(in.Microservice, in.DatabaseState.Cluster).First
	if holder := in.DatabaseState.Holder(); holder != nil {
		return cmp.Or(holder.Marks.User, first)
	}
	return first
}
