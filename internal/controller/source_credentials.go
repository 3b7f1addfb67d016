// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// Credentials implements inputs.Source. It finds the Secrets and the volume of a
// database, also those that no cache holds because they lost Atoll's labels or were
// restored without.
func (s *cacheSource) Credentials(in *inputs.Inputs) error {
	ms, state := in.Microservice, &in.DatabaseState
	state.Absent = map[string]bool{}
	state.Binding = s.cachedCredentials(names.Database(ms.Name))
	state.Next = s.cachedCredentials(names.NextSecret(ms.Name))
	if database.ProviderOf(ms.Spec.Database).Clustered() {
		if err := s.findClusterBinding(in); err != nil {
			return err
		}
		return s.findNext(in)
	}
	state.Admin = s.cachedCredentials(names.AdminSecret(ms.Name))
	if err := s.findVolumeInUse(in); err != nil {
		return err
	}
	for _, missing := range []struct {
		found      **inputs.Credentials
		name, user string
	}{
		{&state.Binding, names.Database(ms.Name), in.FirstUser()},
		{&state.Admin, names.AdminSecret(ms.Name), inputs.UsersOf(ms, nil).Admin},
	} {
		if *missing.found != nil && (*missing.found).Password != "" {
			continue
		}
		found, err := s.findCredentials(in, missing.name, missing.user)
		if err != nil {
			return err
		}
		*missing.found = found
	}
	return s.findNext(in)
}

// cachedCredentials returns those of a Secret that the cache holds, or nil.
func (s *cacheSource) cachedCredentials(name string) *inputs.Credentials {
	secret, ok := s.find(objectKey{"Secret", name}).(*corev1.Secret)
	if !ok || secret.DeletionTimestamp != nil {
		return nil
	}
	return inputs.CredentialsOf(secret)
}

// secret reads a Secret past the cache; nil where it does not exist.
func (s *cacheSource) secret(in *inputs.Inputs, name string) (*corev1.Secret, error) {
	return get(s.ctx, s.uncached, types.NamespacedName{Namespace: in.Microservice.Namespace, Name: name}, &corev1.Secret{}, "Secret")
}

// findClusterBinding looks past the cache for the Secret of a Cluster whose user the
// service was given.
func (s *cacheSource) findClusterBinding(in *inputs.Inputs) error {
	state := &in.DatabaseState
	holder := state.Holder()
	if state.Binding != nil || holder == nil || holder.Marks.User == "" {
		return nil
	}
	name := names.Database(in.Microservice.Name)
	secret, err := s.secret(in, name)
	if err != nil || secret == nil {
		return err
	}
	s.adopted[objectKey{"Secret", name}] = true
	state.Binding = inputs.CredentialsOf(secret)
	if state.Binding.Username == "" {
		state.Binding.Username = holder.Marks.User
	}
	state.Binding.Server = holder.UID
	return nil
}

// findVolumeInUse looks past the cache for the claim of a server that runs. The claim
// remembers what was done to the database, and the cache may not hold it yet.
func (s *cacheSource) findVolumeInUse(in *inputs.Inputs) error {
	if in.DatabaseState.Claim != nil || in.StatefulSet == nil || in.StatefulSet.Status.ReadyReplicas == 0 {
		return nil
	}
	return s.findClaim(in)
}

// findClaim looks past the cache. A claim of the name is this Microservice's: its
// StatefulSet would use it, whoever made it.
func (s *cacheSource) findClaim(in *inputs.Inputs) error {
	key := types.NamespacedName{Namespace: in.Microservice.Namespace, Name: names.DatabaseClaim(in.Microservice.Name)}
	claim, err := get(s.ctx, s.uncached, key, &corev1.PersistentVolumeClaim{}, "PersistentVolumeClaim")
	if err != nil || claim == nil {
		return err
	}
	in.DatabaseState.Claim = claim
	s.adopted[objectKey{"PersistentVolumeClaim", claim.Name}] = true
	return nil
}

// findCredentials looks past the cache for a Secret that it does not hold.
func (s *cacheSource) findCredentials(in *inputs.Inputs, name, user string) (*inputs.Credentials, error) {
	state := &in.DatabaseState
	secret, err := s.secret(in, name)
	if err != nil {
		return nil, err
	}
	if state.Claim == nil && (secret == nil || !apply.Owns(in.Microservice, secret, false)) {
		if err := s.findClaim(in); err != nil {
			return nil, err
		}
	}
	switch {
	case secret == nil:
		state.Absent[name] = true
		return nil, nil
	case state.Claim == nil && !apply.Owns(in.Microservice, secret, false):
		state.ForeignSecret = name
		return nil, nil
	}
	// It opens a volume of this Microservice, or lost only its label.
	s.adopted[objectKey{"Secret", name}] = true
	found := inputs.CredentialsOf(secret)
	if found.Username == "" {
		found.Username = user
	}
	return found, nil
}

// findNext looks past the cache for the Secret of a rotation that is to begin.
func (s *cacheSource) findNext(in *inputs.Inputs) error {
	ms, state := in.Microservice, &in.DatabaseState
	if state.Next != nil {
		if state.Cluster != nil && state.Next.Server != state.Cluster.GetUID() {
			// It was for another Cluster of this name, and is pruned before a new one is made.
			state.Next = nil
		}
		return nil
	}
	if !in.RotationBegins() {
		return nil
	}
	name := names.NextSecret(ms.Name)
	secret, err := s.secret(in, name)
	switch {
	case err != nil:
		return err
	case secret == nil:
		state.Absent[name] = true
	case !apply.Owns(ms, secret, false):
		state.ForeignSecret = name
	default:
		state.Next = inputs.CredentialsOf(secret)
	}
	return nil
}

// confirmSecrets reads the Secrets of a database that is about to be created past
// the cache. The cache may still hold one that was deleted a moment ago, and a new
// volume would begin with a password that is lost.
func (s *cacheSource) confirmSecrets(in *inputs.Inputs) error {
	spec := in.Microservice.Spec.Database
	if spec == nil || !database.ProviderOf(spec).RunsServer() || in.StatefulSet != nil {
		return nil
	}
	for _, known := range s.live["Secret"] {
		secret, err := s.secret(in, known.GetName())
		switch {
		case err != nil:
			return err
		case secret == nil || secret.UID != known.GetUID() || secret.DeletionTimestamp != nil:
			in.DatabaseState.StaleSecret = known.GetName()
			return nil
		}
	}
	return nil
}
