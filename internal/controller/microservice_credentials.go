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
	"context"
	"crypto/rand"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/database"
)

// gatherCredentials finds the password of a built-in database, or mints one
// for a database that has neither a Secret nor a volume yet. It reaches the
// cluster only with the Secret, which is made or not made as a whole: two
// passwords can't come of it.
func (r *MicroserviceReconciler) gatherCredentials(ctx context.Context, g *gathered, seen *fingerprint) error {
	spec := g.Microservice.Spec.Database
	if spec == nil || spec.Provider == v1alpha1.ProviderExternal {
		return nil
	}
	name := database.Name(g.Microservice.Name)
	for _, o := range g.live["PersistentVolumeClaim"] {
		if o.GetName() == database.ClaimName(g.Microservice.Name) {
			g.DatabaseState.Claim = o.(*corev1.PersistentVolumeClaim)
		}
	}
	for _, o := range g.live["Secret"] {
		if o.GetName() == name {
			g.DatabaseState.Password = string(o.(*corev1.Secret).Data[database.KeyPassword])
		}
	}
	if g.DatabaseState.Password != "" {
		return nil
	}
	secret := &corev1.Secret{}
	defer func() { seen.add(secret) }()
	err := r.Live.Get(ctx, types.NamespacedName{Namespace: g.Microservice.Namespace, Name: name}, secret)
	switch {
	case apierrors.IsNotFound(err):
		return r.mint(ctx, g, seen)
	case err != nil:
		return fmt.Errorf("reading Secret %q: %w", name, err)
	case g.DatabaseState.Claim == nil && !apply.Owns(g.Microservice, secret, false):
		g.DatabaseState.SecretForeign = true
	default:
		// It opens a volume that is this service's, or has lost its label only.
		g.DatabaseState.Password = string(secret.Data[database.KeyPassword])
		g.adoptSecret = true
	}
	return nil
}

// mint makes up a password for a database that has no volume yet. A volume that
// somebody restored, without Atoll's labels and so in no cache, counts as well:
// a new password would lock everybody out of it.
func (r *MicroserviceReconciler) mint(ctx context.Context, g *gathered, seen *fingerprint) error {
	if g.DatabaseState.Claim != nil {
		return nil
	}
	claim := &corev1.PersistentVolumeClaim{}
	key := types.NamespacedName{Namespace: g.Microservice.Namespace, Name: database.ClaimName(g.Microservice.Name)}
	err := r.Live.Get(ctx, key, claim)
	switch {
	case apierrors.IsNotFound(err):
		g.DatabaseState.Password = rand.Text()
	case err != nil:
		return fmt.Errorf("reading PersistentVolumeClaim %q: %w", key.Name, err)
	default:
		g.DatabaseState.Claim = claim
		seen.add(claim)
	}
	return nil
}
