// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	schemaFolder = "dist/schemas/"
	// dialect is the version of JSON Schema that editors and kubeconform know.
	dialect = "http://json-schema.org/draft-07/schema#"
	// ofKubernetes begins the keywords that only the API server knows.
	ofKubernetes = "x-kubernetes-"
)

// schemaFiles returns the JSON Schemas of the kinds that CRDs define, by their paths, and one schema
// for files with objects of several kinds.
func schemaFiles(objects []object) (map[string]string, error) {
	files := map[string]string{}
	var choices []any
	for _, o := range objects {
		if o.kind() != "CustomResourceDefinition" {
			continue
		}
		spec := o["spec"].(map[string]any)
		group, kind := spec["group"].(string), spec["names"].(map[string]any)["kind"].(string)
		for _, version := range spec["versions"].([]any) {
			version := version.(map[string]any)
			name := version["name"].(string)
			// kubeconform finds the file by its name.
			path := fmt.Sprintf("%s/%s_%s.json", group, strings.ToLower(kind), name)
			text, err := encode(kindSchema(version, kind, group+"/"+name))
			if err != nil {
				return nil, fmt.Errorf("writing the schema of %s: %w", kind, err)
			}
			files[schemaFolder+path] = text
			choices = append(choices, choice(kind, group+"/"+name, path))
		}
	}
	text, err := encode(map[string]any{
		"$schema": dialect, "title": "Atoll", "description": "The kinds of Atoll. Objects of other kinds are not checked.", "allOf": choices,
	})
	files[schemaFolder+"atoll.json"] = text
	return files, err
}

// choice applies a schema to the objects of a kind.
func choice(kind, apiVersion, path string) map[string]any {
	is := map[string]any{"apiVersion": map[string]any{"const": apiVersion}, "kind": map[string]any{"const": kind}}
	return map[string]any{"if": map[string]any{"properties": is, "required": []string{"apiVersion", "kind"}}, "then": map[string]any{"$ref": path}}
}

// kindSchema returns the schema of a version of a CRD.
func kindSchema(version map[string]any, kind, apiVersion string) map[string]any {
	schema := jsonSchema(version["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)).(map[string]any)
	schema["$schema"], schema["title"] = dialect, kind
	properties := schema["properties"].(map[string]any)
	properties["apiVersion"].(map[string]any)["enum"] = []string{apiVersion}
	properties["kind"].(map[string]any)["enum"] = []string{kind}
	required := []string{"apiVersion", "kind", "metadata"}
	for _, name := range asList(schema["required"]) {
		if !slices.Contains(required, name.(string)) {
			required = append(required, name.(string))
		}
	}
	schema["required"] = required
	return schema
}

// jsonSchema returns a schema of OpenAPI as JSON Schema: it refuses fields that the API server does
// not know, and has the messages of the CEL rules in the description.
func jsonSchema(value any) any {
	switch v := value.(type) {
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = jsonSchema(v[i])
		}
		return items
	case map[string]any:
		return jsonSchemaOf(v)
	}
	return value
}

func jsonSchemaOf(openAPI map[string]any) map[string]any {
	schema := map[string]any{}
	for key, value := range openAPI {
		switch {
		case strings.HasPrefix(key, ofKubernetes):
		case key == "properties":
			// The keys are names of fields, and not keywords.
			properties := map[string]any{}
			for name, property := range value.(map[string]any) {
				properties[name] = jsonSchema(property)
			}
			schema[key] = properties
		case key == "default" || key == "enum":
			schema[key] = value
		default:
			schema[key] = jsonSchema(value)
		}
	}
	_, closed := schema["properties"]
	_, additional := schema["additionalProperties"]
	if closed && !additional && openAPI[ofKubernetes+"preserve-unknown-fields"] != true {
		schema["additionalProperties"] = false
	}
	if rules := ruleMessages(openAPI); rules != "" {
		description, _ := schema["description"].(string)
		schema["description"] = strings.TrimLeft(description+"\n\n"+rules, "\n")
	}
	return schema
}

// ruleMessages returns the messages of the CEL rules of a field, as a list.
func ruleMessages(openAPI map[string]any) string {
	var messages []string
	for _, rule := range asList(openAPI[ofKubernetes+"validations"]) {
		if message, _ := rule.(map[string]any)["message"].(string); message != "" {
			messages = append(messages, "- "+message)
		}
	}
	if len(messages) == 0 {
		return ""
	}
	return "Rules:\n" + strings.Join(messages, "\n")
}

func asList(value any) []any {
	list, _ := value.([]any)
	return list
}

// encode returns a schema as JSON whose keys are sorted.
func encode(schema map[string]any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err := encoder.Encode(schema)
	return text.String(), err
}
