// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chart_test renders the Helm chart and compares it with the kustomizations in config.
package chart_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

const (
	root  = "../.."
	chart = root + "/charts/atoll"
)

// object is the content of a Kubernetes object.
type object = map[string]any

// helmPath builds helm once and returns its path. Go caches the program.
var helmPath = sync.OnceValues(func() (string, error) {
	command := exec.Command("go", "tool", "-n", "helm")
	command.Stderr = os.Stderr
	out, err := command.Output()
	return strings.TrimSpace(string(out)), err
})

// helm runs helm and returns its output. The error has what helm wrote to the standard error.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := helmPath()
	if err != nil {
		t.Fatalf("building helm: %v", err)
	}
	command := exec.Command(path, args...)
	var errs bytes.Buffer
	command.Stderr = &errs
	out, err := command.Output()
	if err != nil {
		return string(out), fmt.Errorf("helm %s: %w\n%s", strings.Join(args, " "), err, errs.String())
	}
	return string(out), nil
}

// release is what helm template renders.
type release struct {
	name, namespace string
	// values is the YAML of the values that differ from the defaults.
	values string
	// args are further arguments of helm template.
	args []string
}

// defaultRelease has the name and the namespace of config/default.
func defaultRelease(values string) release {
	return release{name: "atoll", namespace: "atoll-system", values: values}
}

// render returns the output of helm template.
func (r release) render(t *testing.T) (string, error) {
	t.Helper()
	args := append([]string{"template", r.name, chart, "--namespace", r.namespace, "--values", valuesFile(t, r.values)}, r.args...)
	return helm(t, args...)
}

// valuesFile returns the path of a file with values.
func valuesFile(t *testing.T, values string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// mustRender returns the output of helm template, which must succeed.
func (r release) mustRender(t *testing.T) string {
	t.Helper()
	text, err := r.render(t)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// objects returns the objects that helm template renders.
func (r release) objects(t *testing.T) []object {
	t.Helper()
	return parse(t, r.mustRender(t))
}

// parse returns the objects of a manifest.
func parse(t *testing.T, manifest string) []object {
	t.Helper()
	var all []object
	reader := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(manifest)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		var o object
		if err := sigsyaml.UnmarshalStrict(document, &o); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if len(o) > 0 {
			all = append(all, o)
		}
	}
}
