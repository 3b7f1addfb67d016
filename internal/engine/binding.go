// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"net"
	"net/url"
	"strconv"
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

// Keys are all keys that the Secret of a database can have.
func Keys() []string {
	return []string{KeyType, KeyProvider, KeyHost, KeyPort, KeyAddress, KeyUsername, KeyPassword, KeyDatabase, KeyURI}
}

// RequiredKeys are the keys that the Secret of an External database must have.
func RequiredKeys() []string {
	return []string{KeyHost, KeyPort, KeyUsername, KeyPassword, KeyDatabase, KeyURI}
}

// Binding is what a client needs to connect to a database.
type Binding struct {
	Host     string
	Port     int32
	Username string
	Password string
	Database string
	// TLS reports whether the server has a certificate.
	TLS bool
}

// Address is host and port.
func (b Binding) Address() string {
	return net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
}

// userinfo escapes the user and the password for a URI.
func (b Binding) userinfo() *url.Userinfo { return url.UserPassword(b.Username, b.Password) }

// tlsMode returns the value for a server without or with a certificate.
func (b Binding) tlsMode(without, with string) string {
	if b.TLS {
		return with
	}
	return without
}
