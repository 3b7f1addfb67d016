// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestJSONSchema checks what becomes of the keywords of a CRD.
func TestJSONSchema(t *testing.T) {
	for name, tc := range map[string]struct{ openAPI, want string }{
		"unknown fields are refused":          {"{type: object, properties: {a: {type: string}}}", "{type: object, additionalProperties: false, properties: {a: {type: string}}}"},
		"unless the API server keeps them":    {"{type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {}}}", "{type: object, properties: {a: {}}}"},
		"the values of a map have a schema":   {"{type: object, additionalProperties: {type: object, properties: {}}}", "{type: object, additionalProperties: {type: object, additionalProperties: false, properties: {}}}"},
		"fields may be named like a keyword":  {"{properties: {default: {x-kubernetes-list-type: set}, properties: {type: string}}}", "{additionalProperties: false, properties: {default: {}, properties: {type: string}}}"},
		"items":                               {"{items: {x-kubernetes-map-type: atomic}}", "{items: {}}"},
		"the messages of rules are described": {"{description: a., x-kubernetes-validations: [{rule: r, message: must b}, {rule: r}]}", "{description: \"a.\\n\\nRules:\\n- must b\"}"},
		"a rule without another description":  {"{x-kubernetes-validations: [{rule: r, message: must b}]}", "{description: \"Rules:\\n- must b\"}"},
	} {
		var openAPI any
		if err := yaml.Unmarshal([]byte(tc.openAPI), &openAPI); err != nil {
			t.Fatal(err)
		}
		got, err := yaml.Marshal(jsonSchema(openAPI))
		if err != nil {
			t.Fatal(err)
		}
		var want any
		if err := yaml.Unmarshal([]byte(tc.want), &want); err != nil {
			t.Fatal(err)
		}
		if text, _ := yaml.Marshal(want); string(text) != string(got) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, text)
		}
	}
}

// TestSchemaFiles checks the names of the files and what every object must have.
func TestSchemaFiles(t *testing.T) {
	var crd object
	const text = `{kind: CustomResourceDefinition, metadata: {name: things.example.com}, spec: {group: example.com, names: {kind: Thing}, versions: [
		{name: v1, schema: {openAPIV3Schema: {type: object, required: [spec], properties: {apiVersion: {type: string}, kind: {type: string}, metadata: {type: object}, spec: {type: object}}}}}]}}`
	if err := yaml.Unmarshal([]byte(text), &crd); err != nil {
		t.Fatal(err)
	}
	files, err := schemaFiles([]object{{"kind": "Namespace"}, crd})
	if err != nil {
		t.Fatal(err)
	}
	schema := strings.Join(strings.Fields(files["dist/schemas/example.com/thing_v1.json"]), "")
	for _, want := range []string{`"required":["apiVersion","kind","metadata","spec"]`, `"apiVersion":{"enum":["example.com/v1"]`, `"kind":{"enum":["Thing"]`} {
		if !strings.Contains(schema, want) {
			t.Errorf("the schema lacks %s:\n%s", want, schema)
		}
	}
	if all := files["dist/schemas/atoll.json"]; len(files) != 2 || !strings.Contains(all, `"$ref": "example.com/thing_v1.json"`) {
		t.Errorf("%d files, want 2; the schema of all kinds is\n%s", len(files), all)
	}
}
