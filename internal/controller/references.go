// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"maps"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/internal/inputs"
)

// contentReader knows what ConfigMaps and Secrets hold without caching them: it caches
// their metadata, reads each version once, and remembers a hash and the names of the
// keys.
type contentReader struct {
	// metadata is a cache of PartialObjectMetadata.
	metadata client.Reader
	// live reads past the cache.
	live client.Reader

	// known holds content by UID.
	known sync.Map
}

// knownContent is content and the version of the object that holds it.
type knownContent struct {
	resourceVersion string
	content         *inputs.Content
}

// content returns what a ConfigMap or Secret holds. That it does not exist is an
// error as the API server reports it.
func (c *contentReader) content(ctx context.Context, kind, namespace, name string) (*inputs.Content, error) {
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	key := types.NamespacedName{Namespace: namespace, Name: name}
	if err := c.metadata.Get(ctx, key, meta); err != nil {
		return nil, err
	}
	if known, ok := c.known.Load(meta.UID); ok && known.(*knownContent).resourceVersion == meta.ResourceVersion {
		return known.(*knownContent).content, nil
	}
	known, uid, err := c.readLive(ctx, kind, key)
	if err != nil {
		return nil, err
	}
	c.known.Store(uid, known)
	return known.content, nil
}

func (c *contentReader) readLive(ctx context.Context, kind string, key types.NamespacedName) (*knownContent, types.UID, error) {
	if kind == "Secret" {
		secret := &corev1.Secret{}
		if err := c.live.Get(ctx, key, secret); err != nil {
			return nil, "", err
		}
		return &knownContent{secret.ResourceVersion, inputs.SecretContentOf(secret.UID, secret.Data)}, secret.UID, nil
	}
	config := &corev1.ConfigMap{}
	if err := c.live.Get(ctx, key, config); err != nil {
		return nil, "", err
	}
	data := make(map[string][]byte, len(config.Data)+len(config.BinaryData))
	for k, v := range config.Data {
		data[k] = []byte(v)
	}
	maps.Copy(data, config.BinaryData)
	return &knownContent{config.ResourceVersion, inputs.ContentOf(data)}, config.UID, nil
}

// forget drops the content of an object that is gone.
func (c *contentReader) forget(uid types.UID) { c.known.Delete(uid) }
