// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/config/crd"
)

// minRules is the least number of rules with a message of their own.
const minRules = 90

// TestRulesSayWhatToDo requires a remedy in the message of each rule of the CRDs, because the
// API server prints nothing else about a value that it refuses.
func TestRulesSayWhatToDo(t *testing.T) {
	files, err := fs.Glob(crd.Bases, "*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	messages := map[string]bool{}
	for _, file := range files {
		text, err := fs.ReadFile(crd.Bases, file)
		if err != nil {
			t.Fatal(err)
		}
		var definition any
		if err := yaml.Unmarshal(text, &definition); err != nil {
			t.Fatal(err)
		}
		ruleMessages(definition, messages)
	}
	if len(messages) < minRules {
		t.Fatalf("%d rules, want at least %d", len(messages), minRules)
	}
	for message := range messages {
		if !hasRemedy(" " + message) {
			t.Errorf("the rule does not say what to do: %s", message)
		}
	}
}

// ruleMessages collects the messages of the rules of a schema.
func ruleMessages(schema any, messages map[string]bool) {
	switch v := schema.(type) {
	case map[string]any:
		rules, _ := v["x-kubernetes-validations"].([]any)
		for _, rule := range rules {
			message, _ := rule.(map[string]any)["message"].(string)
			messages[message] = true
		}
		for _, child := range v {
			ruleMessages(child, messages)
		}
	case []any:
		for _, child := range v {
			ruleMessages(child, messages)
		}
	}
}
