// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// EnvPool is the environment variable with the number of connections that a pod may
// open.
const EnvPool = "ATOLL_DB_POOL"

// Data returns the content of the binding Secret.
func (p *Plan) Data(c inputs.Credentials) map[string][]byte {
	b := engine.Binding{Host: p.Host, Port: p.Port, Username: c.Username, Password: c.Password, Database: p.DatabaseName, TLS: p.TLS}
	uri := p.Engine.URI(b)
	return map[string][]byte{
		engine.KeyType:     []byte(p.Engine.Type()),
		engine.KeyProvider: []byte(p.Provider.BindingName()),
		engine.KeyHost:     []byte(b.Host),
		engine.KeyPort:     []byte(strconv.Itoa(int(b.Port))),
		engine.KeyAddress:  []byte(b.Address()),
		engine.KeyUsername: []byte(b.Username),
		engine.KeyPassword: []byte(b.Password),
		engine.KeyDatabase: []byte(b.Database),
		engine.KeyURI:      []byte(uri.String()),
	}
}

// Env returns the variables of the service's container: DATABASE_URL, those that
// the engine's own clients read, and the size of the connection pool.
func (p *Plan) Env() []corev1.EnvVar {
	keys := p.Engine.ClientEnv()
	env := make([]corev1.EnvVar, 0, len(keys)+3)
	env = append(env, p.secretEnv("DATABASE_URL", engine.KeyURI))
	for _, k := range keys {
		env = append(env, p.secretEnv(k.Name, k.Key))
	}
	env = append(env, corev1.EnvVar{Name: EnvPool, Value: strconv.Itoa(int(p.Pool))})
	if p.Projected {
		env = append(env, corev1.EnvVar{Name: "SERVICE_BINDING_ROOT", Value: bindingRoot})
	}
	return env
}

// bindingRoot is where the Service Binding specification's clients look
// (https://servicebinding.io/spec/core/1.1.0/#workload-projection).
const bindingRoot = "/bindings"

// Projection returns the binding Secret as a volume and its mount; nil if it is not
// wanted.
func (p *Plan) Projection() (*corev1.Volume, *corev1.VolumeMount) {
	if !p.Projected {
		return nil, nil
	}
	const name = "atoll-binding"
	return &corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: p.SecretName}}},
		&corev1.VolumeMount{Name: name, MountPath: bindingRoot + "/" + p.Name, ReadOnly: true}
}

func (p *Plan) secretEnv(name, key string) corev1.EnvVar {
	return engine.SecretEnv(name, p.SecretName, key)
}

func (p *Plan) adminEnv(name string) corev1.EnvVar {
	return engine.SecretEnv(name, p.AdminSecretName, engine.KeyPassword)
}

// ContentHash returns the hash of everything that the pods read from ConfigMaps and
// Secrets, the binding Secret included.
func ContentHash(db *Database) string { return contentHashOf(db, db.binding()) }

func contentHashOf(db *Database, binding *inputs.Credentials) string {
	p := db.managed()
	if p == nil || binding == nil {
		return db.References.Hash
	}
	var all strings.Builder
	all.WriteString(db.References.Hash)
	data := p.Data(*binding)
	for _, key := range slices.Sorted(maps.Keys(data)) {
		all.WriteString("\n" + key + "=" + string(data[key]))
	}
	sum := sha256.Sum256([]byte(all.String()))
	return hex.EncodeToString(sum[:8])
}
