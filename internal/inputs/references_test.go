// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
)

func TestReferencesOf(t *testing.T) {
	secretKey := func(name, key string, optional *bool) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key, Optional: optional}}
	}
	for name, tc := range map[string]struct {
		spec           v1alpha1.MicroserviceSpec
		wantReferences []Reference
	}{
		"none": {spec: v1alpha1.MicroserviceSpec{Env: []corev1.EnvVar{{Name: "A", Value: "a"}}}},
		"single keys": {
			spec: v1alpha1.MicroserviceSpec{Env: []corev1.EnvVar{
				{Name: "A", ValueFrom: secretKey("s", "a", nil)},
				{Name: "B", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "c"}, Key: "b"}}},
				{Name: "C", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
			}},
			wantReferences: []Reference{{Kind: "Secret", Name: "s", Keys: []string{"a"}, Field: "env[A]"}, {Kind: "ConfigMap", Name: "c", Keys: []string{"b"}, Field: "env[B]"}},
		},
		"all keys": {
			spec: v1alpha1.MicroserviceSpec{EnvFrom: []corev1.EnvFromSource{
				{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "c"}}},
				{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "s"}}},
			}},
			wantReferences: []Reference{{Kind: "ConfigMap", Name: "c", Field: "envFrom[0]"}, {Kind: "Secret", Name: "s", Field: "envFrom[1]"}},
		},
		"optional ones are left out": {
			spec: v1alpha1.MicroserviceSpec{
				Env: []corev1.EnvVar{{Name: "A", ValueFrom: secretKey("s", "a", ptr.To(true))}, {Name: "B", ValueFrom: secretKey("s", "b", ptr.To(false))}},
				EnvFrom: []corev1.EnvFromSource{
					{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "t"}, Optional: ptr.To(true)}}},
			},
			wantReferences: []Reference{{Kind: "Secret", Name: "s", Keys: []string{"b"}, Field: "env[B]"}},
		},
		"an External database": {
			spec:           v1alpha1.MicroserviceSpec{Database: &v1alpha1.Database{External: &v1alpha1.ExternalDatabase{SecretName: "cloudsql"}}},
			wantReferences: []Reference{{Kind: "Secret", Name: "cloudsql", Keys: engine.RequiredKeys(), Field: "database.external.secretName"}},
		},
		"the overlay's containers and volumes": {
			spec: v1alpha1.MicroserviceSpec{PodTemplate: &runtime.RawExtension{Raw: []byte(`{"spec": {
				"initContainers": [{"name": "warm", "envFrom": [{"secretRef": {"name": "warm"}}]}],
				"containers": [{"name": "log", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "log", "key": "a"}}}]}],
				"volumes": [
					{"name": "v1", "secret": {"secretName": "tls", "items": [{"key": "tls.crt", "path": "crt"}]}},
					{"name": "v2", "configMap": {"name": "conf"}},
					{"name": "v3", "configMap": {"name": "maybe", "optional": true}},
					{"name": "v4", "projected": {"sources": [{"secret": {"name": "p1"}}, {"configMap": {"name": "p2", "items": [{"key": "k", "path": "p"}]}}, {"downwardAPI": {}}]}},
					{"name": "v5", "emptyDir": {}}]}}`)}},
			wantReferences: []Reference{
				{Kind: "Secret", Name: "warm", Field: "podTemplate.spec.initContainers[warm].envFrom[0]"},
				{Kind: "Secret", Name: "log", Keys: []string{"a"}, Field: "podTemplate.spec.containers[log].env[A]"},
				{Kind: "Secret", Name: "tls", Keys: []string{"tls.crt"}, Field: "podTemplate.spec.volumes[v1]"},
				{Kind: "ConfigMap", Name: "conf", Field: "podTemplate.spec.volumes[v2]"},
				{Kind: "Secret", Name: "p1", Field: "podTemplate.spec.volumes[v4]"},
				{Kind: "ConfigMap", Name: "p2", Keys: []string{"k"}, Field: "podTemplate.spec.volumes[v4]"},
			},
		},
		"an overlay that does not decode has none": {
			spec: v1alpha1.MicroserviceSpec{PodTemplate: &runtime.RawExtension{Raw: []byte(`{"spec": {"containers": 1}}`)}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := ReferencesOf(&v1alpha1.Microservice{Spec: tc.spec})
			if diff := cmp.Diff(tc.wantReferences, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSecretContentIsKeyed checks that a hash tells nothing to a user who guesses the content.
func TestSecretContentIsKeyed(t *testing.T) {
	data := map[string][]byte{"password": []byte("letmein")}
	first, again, other := SecretContentOf("0c29", data), SecretContentOf("0c29", data), SecretContentOf("77f1", data)
	if first.Hash != again.Hash {
		t.Error("the hash of one Secret changes without its content")
	}
	if first.Hash == other.Hash || first.Hash == HashContent(data) {
		t.Error("the hash does not depend on the UID")
	}
	if changed := SecretContentOf("0c29", map[string][]byte{"password": []byte("other")}); changed.Hash == first.Hash {
		t.Error("the hash does not depend on the content")
	}
	if _, has := first.Keys["password"]; !has {
		t.Error("the names of the keys are lost")
	}
}
