// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/graph"
)

// Reference is a ConfigMap or Secret that the pods of a service use.
type Reference struct {
	// Kind is ConfigMap or Secret.
	Kind string
	Name string
	// Keys must all be there. None means that any content will do.
	Keys []string
	// Field is where the spec names it.
	Field string
}

// FieldExternalSecret is the field that names the Secret of an External database.
const FieldExternalSecret = "database.external.secretName"

// ReferencesOf finds every ConfigMap and Secret that must be there for the
// service's pods to start, and whose content they see. Optional ones are left
// out: the kubelet does without them, and to roll pods for what they may not
// even use would surprise.
func ReferencesOf(ms *v1alpha1.Microservice) []Reference {
	var found references
	found.env("env", ms.Spec.Env)
	found.envFrom("envFrom", ms.Spec.EnvFrom)
	if db := ms.Spec.Database; db != nil && db.External != nil {
		found = append(found, Reference{Kind: "Secret", Name: db.External.SecretName,
			Keys: engine.RequiredKeys(), Field: FieldExternalSecret})
	}
	if ms.Spec.PodTemplate != nil {
		found = append(found, overlayReferences("podTemplate.spec", ms.Spec.PodTemplate.Raw)...)
	}
	return found
}

// DefaultReferences finds the ConfigMaps and Secrets that the defaults of a Topology name.
// They are in the namespaces of its members.
func DefaultReferences(topology *v1alpha1.Topology) []Reference {
	in := &Inputs{Topology: topology}
	var found references
	found.env("defaults.env", defaultsOf(topology).Env)
	return append(found, overlayReferences("defaults.podTemplate.spec", in.DefaultPodTemplate())...)
}

// overlayReferences finds the references of an overlay of the pod template.
func overlayReferences(field string, overlay []byte) []Reference {
	var found references
	var template corev1.PodTemplateSpec
	// Building the template reports an overlay that can't be decoded.
	if len(overlay) > 0 && json.Unmarshal(overlay, &template) == nil {
		found.podSpec(field, &template.Spec)
	}
	return found
}

type references []Reference

func (r *references) add(kind, name, field string, optional *bool, keys ...string) {
	if name == "" || optional != nil && *optional {
		return
	}
	*r = append(*r, Reference{Kind: kind, Name: name, Keys: keys, Field: field})
}

func (r *references) env(field string, env []corev1.EnvVar) {
	for i := range env {
		from := env[i].ValueFrom
		if from == nil {
			continue
		}
		at := fmt.Sprintf("%s[%s]", field, env[i].Name)
		if ref := from.SecretKeyRef; ref != nil {
			r.add("Secret", ref.Name, at, ref.Optional, ref.Key)
		}
		if ref := from.ConfigMapKeyRef; ref != nil {
			r.add("ConfigMap", ref.Name, at, ref.Optional, ref.Key)
		}
	}
}

func (r *references) envFrom(field string, sources []corev1.EnvFromSource) {
	for i := range sources {
		at := fmt.Sprintf("%s[%d]", field, i)
		if ref := sources[i].SecretRef; ref != nil {
			r.add("Secret", ref.Name, at, ref.Optional)
		}
		if ref := sources[i].ConfigMapRef; ref != nil {
			r.add("ConfigMap", ref.Name, at, ref.Optional)
		}
	}
}

func (r *references) podSpec(field string, spec *corev1.PodSpec) {
	r.containers(field+".initContainers", spec.InitContainers)
	r.containers(field+".containers", spec.Containers)
	for i := range spec.Volumes {
		r.volume(fmt.Sprintf("%s.volumes[%s]", field, spec.Volumes[i].Name), &spec.Volumes[i])
	}
}

func (r *references) containers(field string, containers []corev1.Container) {
	for i := range containers {
		at := fmt.Sprintf("%s[%s]", field, containers[i].Name)
		r.env(at+".env", containers[i].Env)
		r.envFrom(at+".envFrom", containers[i].EnvFrom)
	}
}

func (r *references) volume(field string, volume *corev1.Volume) {
	if v := volume.Secret; v != nil {
		r.add("Secret", v.SecretName, field, v.Optional, itemKeys(v.Items)...)
	}
	if v := volume.ConfigMap; v != nil {
		r.add("ConfigMap", v.Name, field, v.Optional, itemKeys(v.Items)...)
	}
	if volume.Projected == nil {
		return
	}
	for i := range volume.Projected.Sources {
		if v := volume.Projected.Sources[i].Secret; v != nil {
			r.add("Secret", v.Name, field, v.Optional, itemKeys(v.Items)...)
		}
		if v := volume.Projected.Sources[i].ConfigMap; v != nil {
			r.add("ConfigMap", v.Name, field, v.Optional, itemKeys(v.Items)...)
		}
	}
}

func itemKeys(items []corev1.KeyToPath) []string {
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = items[i].Key
	}
	return keys
}

// MissingReference is a ConfigMap or Secret that does not exist, or that lacks a key.
type MissingReference struct {
	Reference
	// Key is the key that the object lacks; empty where the object does not exist.
	Key string
	// Namespace is where the object should be.
	Namespace string
}

// Message says what is missing, and what to do.
func (m *MissingReference) Message() condition.Message {
	object := condition.Object{Kind: m.Kind, Name: m.Name}
	if m.Key != "" {
		return condition.Message{Object: object, Cause: fmt.Sprintf("has no key %q, which %s needs", m.Key, m.Field),
			Remedy: "add the key, or correct " + m.Field}
	}
	return condition.Message{Object: object, Cause: fmt.Sprintf("does not exist in namespace %q, and %s needs it", m.Namespace, m.Field),
		Remedy: "create it, or correct " + m.Field}
}

// Message says what is missing of the references; the zero Message where nothing is.
func (r *References) Message() condition.Message {
	messages := make([]condition.Message, len(r.Missing))
	for i := range r.Missing {
		messages[i] = r.Missing[i].Message()
	}
	return condition.Join(messages...)
}

// Content is what is known of a ConfigMap or Secret: a hash and the names of its keys.
type Content struct {
	Hash string
	Keys map[string]struct{}
}

// ContentOf returns what is to be known of data.
func ContentOf(data map[string][]byte) *Content {
	c := &Content{Hash: HashContent(data), Keys: make(map[string]struct{}, len(data))}
	for key := range data {
		c.Keys[key] = struct{}{}
	}
	return c
}

// SecretContentOf returns what is to be known of a Secret's data. Users who may read pods but no
// Secrets see the hash, in an annotation. So that they can't try weak passwords against it, it is
// keyed with the UID, which is random (RFC 9562, version 4) and which only readers of the Secret
// know. A Secret that is deleted and created again has another hash.
func SecretContentOf(uid types.UID, data map[string][]byte) *Content {
	c := ContentOf(data)
	keyed := hmac.New(sha256.New, []byte(uid))
	keyed.Write([]byte(c.Hash))
	c.Hash = hex.EncodeToString(keyed.Sum(nil))
	return c
}

// findReferences looks up what the references of a Microservice hold. One that is
// unknown counts as one that holds all.
func findReferences(in *Inputs, source Source) (References, error) {
	ms := in.Microservice
	refs := append(ReferencesOf(ms), overlayReferences("defaults.podTemplate.spec", in.DefaultPodTemplate())...)
	if len(refs) == 0 {
		return References{}, nil
	}
	var found References
	hashes := map[string]string{}
	for i := range refs {
		ref := &refs[i]
		content, err := source.Content(ms.Namespace, ref)
		switch {
		case errors.Is(err, graph.ErrUnknown):
			continue
		case err != nil:
			return found, fmt.Errorf("reading %s %q: %w", ref.Kind, ref.Name, err)
		case content == nil:
			found.Missing = append(found.Missing, MissingReference{Reference: *ref, Namespace: ms.Namespace})
			continue
		}
		for _, key := range ref.Keys {
			if _, exists := content.Keys[key]; !exists {
				found.Missing = append(found.Missing, MissingReference{Reference: *ref, Key: key, Namespace: ms.Namespace})
			}
		}
		hashes[ref.Kind+"/"+ref.Name] = content.Hash
	}
	found.Hash = HashReferences(hashes)
	return found, nil
}

// HashContent is a hash over what a ConfigMap or Secret holds.
func HashContent(data map[string][]byte) string {
	hash := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(data)) {
		// The lengths keep one key's end from being taken for the next one's start.
		hash.Write(fmt.Appendf(nil, "%d:%s=%d:", len(key), key, len(data[key])))
		hash.Write(data[key])
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// HashReferences is a hash over the content hashes of objects, by Kind/name.
func HashReferences(hashes map[string]string) string {
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(hashes)) {
		all.WriteString(name + "=" + hashes[name] + "\n")
	}
	sum := sha256.Sum256([]byte(all.String()))
	return hex.EncodeToString(sum[:8])
}
