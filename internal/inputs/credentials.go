// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/internal/engine"
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
		Username: string(secret.Data[engine.KeyUsername]),
		Password: string(secret.Data[engine.KeyPassword]),
		Rotation: secret.Annotations[AnnotationRotated],
		UID:      secret.UID,
		Server:   types.UID(secret.Annotations[AnnotationServer]),
		Retiring: secret.Annotations[AnnotationRetiring] != "",
	}
}

// Annotated are the annotations that tell of credentials.
func (c *Credentials) Annotated(annotations map[string]string) map[string]string {
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
