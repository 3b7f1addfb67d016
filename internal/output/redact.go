// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package output

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Redacted stands for a password.
const Redacted = "***"

// minSecret is the length from which a known password is replaced wherever it occurs. A
// shorter one would be a part of other words.
const minSecret = 4

// secretKey is the end of the name of a setting that holds a credential. A bare token, pass or
// key is a word of many messages, so it counts only as a part of a name.
const secretKey = `(?:passw(?:or)?d|passphrase|(?:[\w.]*[_-])?secret|[\w.]*[_-](?:token|pass|pwd|auth|key)|api[_-]?key|access[_-]?key|private[_-]?key|accesstoken|authtoken)`

// secretSetting is the name of such a setting, and the colon behind it.
const secretSetting = `[\w.-]*` + secretKey + `\s*:`

// jsonKey matches the name of a field of JSON, which is no word of a message.
var jsonKey = regexp.MustCompile(`(?i)(?:` + secretKey + `|token|pass|pwd|credentials?|authorization)$`)

// rule is a form in which programs write credentials, and what it becomes.
type rule struct {
	form *regexp.Regexp
	safe string
}

var rules = []rule{
	// The address of a MySQL driver, as in user:password@tcp(host:3306)/name.
	{regexp.MustCompile(`[\w.-]+:[^\s"]*@((?:tcp|unix)\()`), Redacted + "@$1"},
	// A field of JSON inside other text, where the quotes may be escaped.
	{regexp.MustCompile(`(?i)((\\?["'])[\w.-]*(?:` + secretKey + `|token|pass|credentials?)\\?["']\s*:\s*)(?:\\"[^"\\]*\\"|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`), "$1$2" + Redacted + "$2"},
	{regexp.MustCompile(`(?i)(\\?["'][\w.-]*(?:` + secretKey + `|token|pass|credentials?)\\?["']\s*:\s*)[\d.]+`), "$1" + Redacted},
	// An assignment, as in password=secret or PGPASSWORD => "secret". PWD is a folder.
	{regexp.MustCompile(`(?i)([\w.-]*(?:` + secretKey + `|token|\bpass|credentials?)["']?\s*(?:=>|:=|=)[ \t]*)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']+)`), "$1" + Redacted},
	{regexp.MustCompile(`(?i)(\bpwd\s*=\s*)[^\s"'/][^\s"';]*`), "$1" + Redacted},
	// A value behind a colon: in quotes, directly behind it as in a struct that Go prints, before a
	// comma or a bracket as in YAML in a line, or at the end of the line. Other text is a message.
	{regexp.MustCompile(`(?i)(` + secretSetting + `\s*)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`), "$1" + Redacted},
	{regexp.MustCompile(`(?i)(` + secretSetting + `)[^\s"']+`), "$1" + Redacted},
	{regexp.MustCompile(`(?i)(` + secretSetting + `[ \t]+)[^\s"']*[^\s"',}\]]([,}\]])`), "$1" + Redacted + "$2"},
	{regexp.MustCompile(`(?im)(` + secretSetting + `[ \t]+)[^\s"']*[^\s"')}\]][ \t]*$`), "$1" + Redacted},
	// An argument, as in --password secret, and a setting of Valkey.
	{regexp.MustCompile(`(?i)((?:^|[\s"'])--?(?:[\w-]+-)?(?:password|passwd|pass|token|secret)[ =])[^\s"']+`), "$1" + Redacted},
	{regexp.MustCompile(`(?i)(\b(?:requirepass|masterauth)\s+)[^\s"']+`), "$1" + Redacted},
	// A statement of SQL.
	{regexp.MustCompile(`(?i)(\b(?:password|identified\s+by)\s*\(?\s*)'(?:[^'\\]|''|\\.)*'`), "$1" + Redacted},
	// A header. A token has a digit, and a word of a message has none.
	{regexp.MustCompile(`(?i)(\bauthorization["']?\s*[:=]\s*["']?(?:[a-z]+\s+)?)[^\s"']+`), "$1" + Redacted},
	{regexp.MustCompile(`(?i)(\bbearer\s+)[a-z+/=._~-]*[0-9][^\s"']*`), "$1" + Redacted},
}

// Redact replaces known secrets, and credentials that have one of the usual forms.
func Redact(text string, secrets ...string) string {
	lines := strings.SplitAfter(redactKnown(text, secrets), "\n")
	for i, line := range lines {
		lines[i] = redactLine(line)
	}
	return strings.Join(lines, "")
}

func redactLine(line string) string {
	if strings.HasPrefix(line, "{") {
		if redacted, isJSON := redactJSON(line); isJSON {
			return redacted
		}
	}
	line = redactURLs(line)
	for _, r := range rules {
		line = r.form.ReplaceAllString(line, r.safe)
	}
	return line
}

// redactJSON redacts a line of a structured log field by field, so that it stays JSON.
func redactJSON(line string) (redacted string, isJSON bool) {
	body := strings.TrimRight(line, "\n")
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	var fields map[string]any
	if decoder.Decode(&fields) != nil {
		return "", false
	}
	if _, err := decoder.Token(); err != io.EOF {
		return "", false
	}
	before := encodeJSON(fields)
	after := encodeJSON(redactValue("", fields))
	if after == before {
		return line, true
	}
	return after + line[len(body):], true
}

// encodeJSON encodes a value that was decoded from JSON.
func encodeJSON(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	// Such a value can always be encoded, and the builder never fails.
	_ = encoder.Encode(value)
	return strings.TrimRight(text.String(), "\n")
}

func redactValue(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name := range value {
			value[name] = redactValue(name, value[name])
		}
	case []any:
		for i := range value {
			value[i] = redactValue(key, value[i])
		}
	case string:
		if jsonKey.MatchString(key) {
			return Redacted
		}
		return Redact(value)
	case json.Number:
		if jsonKey.MatchString(key) {
			return Redacted
		}
	}
	return value
}

// scheme is the beginning of a URL.
var scheme = regexp.MustCompile(`\b([A-Za-z][A-Za-z0-9+.-]*)://`)

// redactURLs replaces the users and passwords of URLs. Those of databases often have characters
// that should be encoded, so everything up to the last @ counts. A URL of HTTP may have an @ in
// its path.
func redactURLs(line string) string {
	found := scheme.FindAllStringSubmatchIndex(line, -1)
	for n := len(found) - 1; n >= 0; n-- {
		begin, end := found[n][1], len(line)
		if n+1 < len(found) {
			end = found[n+1][0]
		}
		stop := unicode.IsSpace
		if name := strings.ToLower(line[found[n][2]:found[n][3]]); name == "http" || name == "https" {
			stop = func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`/?#"'`, r) }
		}
		if at := strings.IndexFunc(line[begin:end], stop); at >= 0 {
			end = begin + at
		}
		if at := strings.LastIndexByte(line[begin:end], '@'); at > 0 {
			line = line[:begin] + Redacted + line[begin+at:]
		}
	}
	return line
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
