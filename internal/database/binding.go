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

package database

import (
	"net"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// Keys of a binding Secret, after the Service Binding specification
// (https://servicebinding.io/spec/core/1.1.0/#well-known-secret-entries).
const (
	KeyType     = "type"
	KeyProvider = "provider"
	KeyHost     = "host"
	KeyPort     = "port"
	KeyAddress  = "address"
	KeyUsername = "username"
	KeyPassword = "password"
	KeyDatabase = "database"
	KeyURI      = "uri"
)

// RequiredKeys are the keys that the Secret of an External database must have.
func RequiredKeys() []string {
	return []string{KeyHost, KeyPort, KeyUsername, KeyPassword, KeyDatabase, KeyURI}
}

// Binding is what a client must know to reach a database.
type Binding struct {
	Host     string
	Port     int32
	Username string
	Password string
	Database string
}

func (b Binding) address() string {
	return net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
}

// userinfo escapes name and password for a URI.
func (b Binding) userinfo() *url.Userinfo { return url.UserPassword(b.Username, b.Password) }

// Data is the content of the binding Secret.
func (p *Plan) Data(password string) map[string][]byte {
	b := Binding{Host: p.Host, Port: p.Port, Username: p.Username, Password: password, Database: p.DatabaseName}
	uri := p.Engine.URI(b)
	return map[string][]byte{
		KeyType:     []byte(p.Engine.Type()),
		KeyProvider: []byte("atoll"),
		KeyHost:     []byte(b.Host),
		KeyPort:     []byte(strconv.Itoa(int(b.Port))),
		KeyAddress:  []byte(b.address()),
		KeyUsername: []byte(b.Username),
		KeyPassword: []byte(b.Password),
		KeyDatabase: []byte(b.Database),
		KeyURI:      []byte(uri.String()),
	}
}

// Env gives the service its database: DATABASE_URL and the variables that the
// engine's own clients read.
func (p *Plan) Env() []corev1.EnvVar {
	keys := p.Engine.ClientEnv()
	env := make([]corev1.EnvVar, 0, len(keys)+1)
	env = append(env, p.secretEnv("DATABASE_URL", KeyURI))
	for _, k := range keys {
		env = append(env, p.secretEnv(k.Name, k.Key))
	}
	return env
}

func (p *Plan) secretEnv(name, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{
		SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: p.SecretName},
			Key:                  key,
		},
	}}
}
