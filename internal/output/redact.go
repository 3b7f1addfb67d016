// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package output

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Redacted stands for a password.
const Redacted = "***"

// minSecret is the length from which a known password is replaced wherever it occurs. A
// shorter one would be a part of other words.
const minSecret = 4

// patterns are the forms in which programs write credentials. The first group stays.
var patterns = []*regexp.Regexp{
	// A URL with a user and a password, and a URL with a token. A password may contain each
	// character but white space, so everything up to the last @ is taken for it.
	regexp.MustCompile(`(\b[A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#@:]*:\S*@`),
	regexp.MustCompile(`(\b[A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#@]+@`),
	// The address of a MySQL driver, as in user:password@tcp(host:3306)/name.
	regexp.MustCompile(`()[^\s:/@]+:\S*@((?:tcp|unix)\()`),
	// A key and its value, as in password=secret, PGPASSWORD: secret, "password": "secret" and
	// --password secret.
	regexp.MustCompile(`(?i)([\w.-]*(?:passw(?:or)?d|passphrase|pwd|_auth)["']?\s*(?:=>|:=|[=:])[ \t]*)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']\S*)`),
	regexp.MustCompile(`(?i)(--?(?:password|passwd|requirepass|token|secret)\s+)\S+`),
	regexp.MustCompile(`(?i)([\w.-]*(?:secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)["']?\s*=[ \t]*)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']\S*)`),
	regexp.MustCompile(`(?i)(["'](?:[\w.-]*(?:secret|token|api[_-]?key|access[_-]?key|private[_-]?key))["']\s*:\s*)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`),
	regexp.MustCompile(`(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9+/=._~-]{8,}`),
}

// portAndPath is a port with a path, which is no password although an @ may follow, as in
// http://users:8080/find?mail=a@example.com.
var portAndPath = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@:]*:[0-9]{1,5}[/?#]`)

// Redact replaces known secrets, and credentials that have one of the usual forms.
func Redact(text string, secrets ...string) string {
	text = redactKnown(text, secrets)
	for i, pattern := range patterns {
		if !pattern.MatchString(text) {
			continue
		}
		text = pattern.ReplaceAllStringFunc(text, func(found string) string {
			groups := pattern.FindStringSubmatch(found)
			switch {
			case i < 2 && portAndPath.MatchString(found):
				return found
			case i < 2:
				return groups[1] + Redacted + "@"
			case len(groups) > 2:
				return Redacted + "@" + groups[2]
			case strings.HasPrefix(found[len(groups[1]):], Redacted):
				return found
			}
			return groups[1] + Redacted
		})
	}
	return text
}

// redactKnown replaces the secrets, and their forms in URLs and in Base64.
func redactKnown(text string, secrets []string) string {
	var forms []string
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue
		}
		forms = append(forms, secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	// A secret may be the beginning of another one.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, Redacted)
	}
	return text
}

// Safe returns text of a container for a message or a screen: printable and redacted.
func Safe(text string, secrets ...string) string {
	// Escape sequences inside a password would hide it from the patterns.
	return Redact(Printable(text), secrets...)
}
