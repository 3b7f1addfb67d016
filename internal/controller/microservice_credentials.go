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

package controller

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// gatherCredentials finds the passwords of a database, or mints them for a
// database that has neither Secrets nor a volume yet, and for a change that the
// user asked for. A password reaches the cluster only with its Secret, which is
// made or not made as a whole: two can't come of it.
func (r *MicroserviceReconciler) gatherCredentials(ctx context.Context, g *gathered, seen *fingerprint) error {
	ms := g.Microservice
	spec := ms.Spec.Database
	if spec == nil || !database.ProviderOf(spec).Managed() {
		return nil
	}
	g.adopted, g.minted = map[objectKey]bool{}, map[string]bool{}
	state := &g.DatabaseState
	state.Binding = g.credentials(names.Database(ms.Name))
	state.Next = g.credentials(names.NextSecret(ms.Name))
	if g.StatefulSet != nil && len(g.StatefulSet.Spec.VolumeClaimTemplates) == 1 {
		state.ClaimTemplate = &g.StatefulSet.Spec.VolumeClaimTemplates[0]
	}
	if database.ProviderOf(spec).Clustered() {
		if err := r.findClusterBinding(ctx, g, seen); err != nil {
			return err
		}
		return r.gatherNext(ctx, g, seen)
	}
	// Whatever there is of a Cluster is another database.
	state.Cluster = nil

	state.Admin = g.credentials(names.AdminSecret(ms.Name))
	for _, o := range g.live["PersistentVolumeClaim"] {
		if o.GetName() == names.DatabaseClaim(ms.Name) {
			state.Claim = o.(*corev1.PersistentVolumeClaim)
		}
	}
	if err := r.findClaim(ctx, g, seen); err != nil {
		return err
	}
	users := inputs.UsersOf(ms, g.DatabaseState.Cluster)
	first := users.First
	if holder := state.Holder(); holder != nil {
		first = cmp.Or(holder.Marks.User, first)
	}
	for _, missing := range []struct {
		found **inputs.Credentials
		name  string
		user  string
	}{
		{&state.Binding, names.Database(ms.Name), first},
		{&state.Admin, names.AdminSecret(ms.Name), users.Admin},
	} {
		if *missing.found != nil && (*missing.found).Password != "" {
			continue
		}
		found, err := r.findCredentials(ctx, g, seen, missing.name, missing.user)
		if err != nil {
			return err
		}
		*missing.found = found
	}
	return r.gatherNext(ctx, g, seen)
}

// findClusterBinding looks past the cache for the Secret of a Cluster whose user the
// service was given: it may have lost its labels, or have been restored without.
func (r *MicroserviceReconciler) findClusterBinding(ctx context.Context, g *gathered, seen *fingerprint) error {
	state := &g.DatabaseState
	holder := state.Holder()
	if state.Binding != nil || holder == nil || holder.Marks.User == "" {
		return nil
	}
	name := names.Database(g.Microservice.Name)
	secret := &corev1.Secret{}
	err := r.Live.Get(ctx, types.NamespacedName{Namespace: g.Microservice.Namespace, Name: name}, secret)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	seen.add(secret)
	g.adopted[objectKey{"Secret", name}] = true
	state.Binding = inputs.CredentialsOf(secret)
	state.Binding.Username = cmp.Or(state.Binding.Username, holder.Marks.User)
	state.Binding.Server = holder.UID
	return nil
}

// findClaim looks past the cache for the claim of a server that runs: what is
// done to a database is remembered of its volume, and the cache may lack it yet,
// or for its labels.
func (r *MicroserviceReconciler) findClaim(ctx context.Context, g *gathered, seen *fingerprint) error {
	if g.DatabaseState.Claim != nil || g.StatefulSet == nil || g.StatefulSet.Status.ReadyReplicas == 0 {
		return nil
	}
	return r.lookForClaim(ctx, g, seen)
}

// lookForClaim looks past the cache. A claim of the name is this service's: its
// StatefulSet would use it, whoever made it.
func (r *MicroserviceReconciler) lookForClaim(ctx context.Context, g *gathered, seen *fingerprint) error {
	claim := &corev1.PersistentVolumeClaim{}
	key := types.NamespacedName{Namespace: g.Microservice.Namespace, Name: names.DatabaseClaim(g.Microservice.Name)}
	err := r.Live.Get(ctx, key, claim)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading PersistentVolumeClaim %q: %w", key.Name, err)
	}
	g.DatabaseState.Claim = claim
	g.adopted[objectKey{"PersistentVolumeClaim", claim.Name}] = true
	seen.add(claim)
	return nil
}

// credentials are those of a Secret that the cache holds, or nil.
func (g *gathered) credentials(name string) *inputs.Credentials {
	secret, ok := g.find(objectKey{"Secret", name}).(*corev1.Secret)
	if !ok || secret.DeletionTimestamp != nil {
		return nil
	}
	return inputs.CredentialsOf(secret)
}

// findCredentials looks past the cache for a Secret that it does not hold, and
// mints a password where there is none.
func (r *MicroserviceReconciler) findCredentials(ctx context.Context, g *gathered, seen *fingerprint, name, user string) (*inputs.Credentials, error) {
	secret := &corev1.Secret{}
	defer func() { seen.add(secret) }()
	err := r.Live.Get(ctx, types.NamespacedName{Namespace: g.Microservice.Namespace, Name: name}, secret)
	switch {
	case apierrors.IsNotFound(err):
		return r.mint(ctx, g, seen, name, user)
	case err != nil:
		return nil, fmt.Errorf("reading Secret %q: %w", name, err)
	}
	if g.DatabaseState.Claim == nil && !apply.Owns(g.Microservice, secret, false) {
		if err := r.lookForClaim(ctx, g, seen); err != nil {
			return nil, err
		}
		if g.DatabaseState.Claim == nil {
			g.DatabaseState.ForeignSecret = name
			return nil, nil
		}
	}
	// It opens a volume that is this service's, or has lost its label only.
	g.adopted[objectKey{"Secret", name}] = true
	found := inputs.CredentialsOf(secret)
	if found.Username == "" {
		found.Username = user
	}
	return found, nil
}

// mint makes up a password for a database that has no volume yet. A volume that
// somebody restored, without Atoll's labels and so in no cache, counts as well:
// a new password would lock everybody out of it.
func (r *MicroserviceReconciler) mint(ctx context.Context, g *gathered, seen *fingerprint, name, user string) (*inputs.Credentials, error) {
	if g.DatabaseState.Claim == nil {
		if err := r.lookForClaim(ctx, g, seen); err != nil {
			return nil, err
		}
	}
	if g.DatabaseState.Claim != nil {
		return nil, nil
	}
	return g.made(name, user), nil
}

// made is a user with a new password, for the rotation that is asked for.
func (g *gathered) made(secret, user string) *inputs.Credentials {
	g.minted[secret] = true
	return &inputs.Credentials{
		Username: user, Password: rand.Text(),
		Rotation: g.Microservice.Annotations[v1alpha1.AnnotationRotateCredentials],
	}
}

// confirmSecrets reads the Secrets of a database that is about to be created past
// the cache. The cache may still hold one that was deleted a moment ago, and a new
// volume would begin with a password that is lost.
func (r *MicroserviceReconciler) confirmSecrets(ctx context.Context, g *gathered) error {
	spec := g.Microservice.Spec.Database
	if spec == nil || !database.ProviderOf(spec).RunsServer() || g.StatefulSet != nil {
		return nil
	}
	for _, known := range g.live["Secret"] {
		secret := &corev1.Secret{}
		err := r.Live.Get(ctx, client.ObjectKeyFromObject(known), secret)
		if err == nil && (secret.UID != known.GetUID() || secret.DeletionTimestamp != nil) {
			err = errors.New("it was replaced, or is being deleted")
		}
		if err != nil {
			return fmt.Errorf("reading Secret %q before its database is created: %w", known.GetName(), err)
		}
	}
	return nil
}

// gatherNext mints a password where a change is asked for that has not begun, where
// a Cluster has no user for the service yet, and where a change was broken off whose
// last step is left.
func (r *MicroserviceReconciler) gatherNext(ctx context.Context, g *gathered, seen *fingerprint) error {
	ms, state := g.Microservice, &g.DatabaseState
	// Its annotations are not of its generation.
	seen.text(ms.Annotations[v1alpha1.AnnotationRotateCredentials])
	if state.Next != nil {
		if state.Cluster != nil && state.Next.Server != state.Cluster.GetUID() {
			// It was for another Cluster of this name: it goes first.
			state.Next = nil
		}
		return nil
	}
	name := names.NextSecret(ms.Name)
	next := g.next(name)
	if next == nil {
		return nil
	}
	secret := &corev1.Secret{}
	err := r.Live.Get(ctx, types.NamespacedName{Namespace: ms.Namespace, Name: name}, secret)
	switch {
	case apierrors.IsNotFound(err):
		state.Next = next
	case err != nil:
		return fmt.Errorf("reading Secret %q: %w", name, err)
	case !apply.Owns(ms, secret, false):
		seen.add(secret)
		state.ForeignSecret = name
	default:
		seen.add(secret)
		state.Next = inputs.CredentialsOf(secret)
	}
	return nil
}

// next are the credentials that the service is to get; nil for none.
func (g *gathered) next(secret string) *inputs.Credentials {
	ms, state := g.Microservice, &g.DatabaseState
	wanted := ms.Annotations[v1alpha1.AnnotationRotateCredentials]
	users := inputs.UsersOf(ms, state.Cluster)
	binding := state.Binding
	var next *inputs.Credentials
	switch {
	case state.Unbound() && binding != nil:
		// Not the user that it is said to have: that may be one in use.
		next = g.made(secret, users.After(binding.Username))
	case state.Unbound():
		next = g.made(secret, users.First)
	case binding == nil || g.minted[names.Database(ms.Name)]:
		return nil
	case binding.Retiring:
		g.minted[secret] = true
		next = &inputs.Credentials{Username: binding.Username, Password: binding.Password, Rotation: binding.Rotation}
	case wanted == "" || binding.Rotation == wanted:
		return nil
	default:
		next = g.made(secret, users.After(binding.Username))
	}
	if state.Cluster != nil {
		next.Server = state.Cluster.GetUID()
	}
	return next
}
