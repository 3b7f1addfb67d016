// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Hash returns a short hash of all desired fields. It omits the data of
// Secrets, because the hash is stored in an annotation that more users may read.
func Hash(o client.Object) (string, error) {
	if secret, ok := o.(*corev1.Secret); ok {
		withoutData := *secret
		withoutData.Data = nil
		o = &withoutData
	}
	fields, err := encode(o)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fields)
	return hex.EncodeToString(sum[:12]), nil
}

// encode returns all fields of an object. Kubernetes' own kinds have an encoding that sorts the keys of
// maps and allocates little; JSON allocates twice for each entry of a map.
func encode(o client.Object) ([]byte, error) {
	if own, ok := o.(interface{ Marshal() ([]byte, error) }); ok {
		return own.Marshal()
	}
	return json.Marshal(o)
}
