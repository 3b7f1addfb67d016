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
	// listenField matches the names of JSON fields that hold the port or the address on which
	// the program itself listens, and otherField those of them that are about another one.
	listenField = regexp.MustCompile(`(?i)^(?:port|addr|address|listen.*|bind.*)$`)
	otherField  = regexp.MustCompile(`(?i)db|database|remote|client|upstream|url|host`)
	onlyDigits  = regexp.MustCompile(`^\d+$`)
)

// listening returns another port on which a container listens according to its log, and
// is empty where the log names none.
func listening(lines []string, asked int32) string {
	for _, line := range lines {
		at := listenWords.FindStringIndex(line)
		if at == nil {
			continue
		}
		texts, isJSON := jsonAddresses(line)
		if !isJSON {
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

// jsonAddresses returns the texts of a JSON line that may name the port on which a program
// listens: its message, and then some fields, whatever their order. isJSON is false for
// another line.
func jsonAddresses(line string) (texts []string, isJSON bool) {
	var fields map[string]any
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &fields) != nil {
		return nil, false
	}
	for _, key := range []string{"msg", "message"} {
		text, _ := fields[key].(string)
		if at := listenWords.FindStringIndex(text); at != nil {
			texts = append(texts, text[at[0]:])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if !listenField.MatchString(key) || otherField.MatchString(key) {
			continue
		}
		text := fmt.Sprint(fields[key])
		if onlyDigits.MatchString(text) {
			text = "port " + text
		}
		texts = append(texts, text)
	}
	return texts, true
}
