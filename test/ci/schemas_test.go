// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/yannh/kubeconform/pkg/validator"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the output to testdata instead of comparing")

const (
	schemas = root + "/dist/schemas"
	// schemaLocation is the location that docs/ci.md tells kubeconform.
	schemaLocation = schemas + "/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
)

// newKubeconform returns kubeconform with the schemas of Atoll. Other kinds are skipped.
func newKubeconform(t *testing.T) validator.Validator {
	t.Helper()
	v, err := validator.New([]string{schemaLocation}, validator.Opts{Strict: true, IgnoreMissingSchemas: true})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// validate returns the numbers of valid objects, and what kubeconform finds in the others.
func validate(t *testing.T, v validator.Validator, file string) (valid int, faults []string) {
	t.Helper()
	text, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range v.Validate(file, text) {
		switch result.Status {
		case validator.Valid:
			valid++
		case validator.Invalid, validator.Error:
			faults = append(faults, result.Err.Error())
		}
	}
	return valid, faults
}

// TestSamplesAreValid checks that kubeconform accepts the samples.
func TestSamplesAreValid(t *testing.T) {
	v := newKubeconform(t)
	checked := 0
	err := filepath.WalkDir(root+"/config/samples", func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" || !strings.Contains(read(t, path), "\napiVersion: atoll.dev/") && !strings.HasPrefix(read(t, path), "apiVersion: atoll.dev/") {
			return err
		}
		valid, faults := validate(t, v, path)
		checked += valid
		if len(faults) > 0 || valid == 0 {
			t.Errorf("%s: %d objects are valid; faults: %s", path, valid, faults)
		}
		return nil
	})
	if err != nil || checked < 4 {
		t.Errorf("checked %d objects, want at least 4 (%v)", checked, err)
	}
}

// TestBadInputsAreRejected compares the bad inputs that kubeconform rejects with a list. The others
// break rules that JSON Schema does not have, which lint checks. An unknown field is always rejected.
func TestBadInputsAreRejected(t *testing.T) {
	v := newKubeconform(t)
	files := badInputFiles(t)
	var rejected []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		_, faults := validate(t, v, files[name])
		if len(faults) > 0 {
			rejected = append(rejected, name)
		} else if strings.Contains(read(t, filepath.Join(filepath.Dir(files[name]), "want.txt")), "[UnknownField]") {
			t.Errorf("%s has an unknown field, and the schema accepts it", name)
		}
	}
	got := strings.Join(rejected, "\n") + "\n"
	const list = "testdata/rejected.txt"
	if *update {
		if err := os.WriteFile(list, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, list), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", list, diff)
	}
}

// TestSchemaOfSeveralKinds checks the schema for files with several kinds: it checks those of Atoll,
// and no others.
func TestSchemaOfSeveralKinds(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(schemas + "/atoll.json")
	if err != nil {
		t.Fatal(err)
	}
	for text, wantValid := range map[string]bool{
		"{apiVersion: atoll.dev/v1alpha1, kind: Microservice, metadata: {name: a}, spec: {image: x}}":                  true,
		"{apiVersion: atoll.dev/v1alpha1, kind: Microservice, metadata: {name: a}, spec: {image: x, isolation: None}}": false,
		"{apiVersion: atoll.dev/v1alpha1, kind: Topology, metadata: {name: a}, spec: {isolation: None}}":               true,
		"{apiVersion: atoll.dev/v1alpha1, kind: Topology, metadata: {name: a}, spec: {image: x}}":                      false,
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}":                                         true,
	} {
		var object any
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(object); (err == nil) != wantValid {
			t.Errorf("%s: %v, want valid %t", text, err, wantValid)
		}
	}
}

// TestFieldsAreDescribed checks that each field of a schema has a description, which editors show.
// The names of maps of Kubernetes have none in the CRDs either.
func TestFieldsAreDescribed(t *testing.T) {
	files, err := filepath.Glob(schemas + "/*/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("found %d schemas, want at least 2: %v", len(files), err)
	}
	for _, file := range files {
		var schema map[string]any
		if err := json.Unmarshal([]byte(read(t, file)), &schema); err != nil {
			t.Fatal(err)
		}
		if described := expectDescriptions(t, filepath.Base(file), schema); described < 200 {
			t.Errorf("%s describes %d fields, want at least 200", file, described)
		}
	}
}

// expectDescriptions reports fields without a description, and returns the number of the others.
func expectDescriptions(t *testing.T, path string, schema map[string]any) (described int) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		of := property.(map[string]any)
		if at := path + "." + name; of["description"] == nil && at != path+".metadata" {
			t.Errorf("%s has no description", at)
		}
		described += 1 + expectDescriptions(t, path+"."+name, of)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		described += expectDescriptions(t, path+"[]", items)
	}
	return described
}
