// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	listenWords = regexp.MustCompile(`(?i)\b(?:listen|serv|bound|bind|start|accept)\w*\b`)
	portNumber  = regexp.MustCompile(`(?i)(?:port[ =":]+|:)(\d{2,5})\b`)
	// addressField matches the names of JSON fields that hold an address or a message, and
	// portField those that hold a port.
	addressField = regexp.MustCompile(`(?i)addr|url|listen|bind|host|endpoint|^(?:msg|message)$`)
	portField    = regexp.MustCompile(`(?i)port$`)
)

// listening returns another port on which a container listens according to its log, and
// is empty where the log names none.
func listening(lines []string, asked int32) string {
	for _, line := range lines {
		at := listenWords.FindStringIndex(line)
		if at == nil {
			continue
		}
		texts := jsonAddresses(line)
		if texts == nil {
			texts = []string{line[at[0]:]}
		}
		for _, text := range texts {
			for _, found := range portNumber.FindAllStringSubmatch(text, -1) {
				if number, err := strconv.Atoi(found[1]); err == nil && number > 0 && number < 65536 && int32(number) != asked {
					return found[1]
				}
			}
		}
	}
	return ""
}

// jsonAddresses returns the fields of a JSON line that may name a port, whatever their order.
// It returns nil for another line.
func jsonAddresses(line string) []string {
	var fields map[string]any
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &fields) != nil {
		return nil
	}
	texts := []string{}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		switch text := fmt.Sprint(fields[key]); {
		case portField.MatchString(key):
			texts = append(texts, "port "+text)
		case addressField.MatchString(key):
			texts = append(texts, text)
		}
	}
	return texts
}
