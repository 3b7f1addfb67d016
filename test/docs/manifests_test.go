// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/config/crd"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

var (
	yamlBlocks = regexp.MustCompile("(?ms)^( *)```yaml\n(.*?)^ *```")
	heredocs   = regexp.MustCompile(`(?ms)<<'?(END|EOF)'?\n(.*?)^(?:END|EOF)$`)
	separators = regexp.MustCompile(`(?m)^---\n`)
)

// exampleVariables are the values of the shell variables in the manifests of documents.
var exampleVariables = map[string]string{"IMAGE_REGISTRY": "registry.example.com/team", "GATEWAY_CLASS": "traefik"}

// TestManifestsAreValid checks each Microservice and Topology in the documents against the CRDs
// and their rules. A block with only a spec counts as a Microservice.
func TestManifestsAreValid(t *testing.T) {
	schemas, err := offline.NewSchemas(crd.Bases)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, document := range documents(t) {
		var sources []offline.Source
		for _, text := range manifests(read(t, document)) {
			content := map[string]any{}
			// The rules need integers, which sigs.k8s.io/yaml reads as floats.
			asJSON, err := yaml.YAMLToJSON([]byte(text))
			if err == nil {
				err = json.Unmarshal(asJSON, &content)
			}
			if err != nil {
				t.Errorf("%s: a manifest can't be read: %v\n%s", document, err, text)
				continue
			}
			if o := complete(content); o != nil {
				sources = append(sources, offline.Source{Object: o})
			}
		}
		for _, source := range sources {
			findings, count := offline.Validate(t.Context(), schemas, []offline.Source{source})
			checked += count
			for i := range findings {
				t.Errorf("%s: %s", document, findings[i].String())
			}
		}
	}
	if checked < 30 {
		t.Errorf("checked %d manifests, want at least 30", checked)
	}
}

// manifests returns the YAML documents in the fenced blocks and in the heredocs of a document.
func manifests(document string) []string {
	var found []string
	for _, block := range yamlBlocks.FindAllStringSubmatch(document, -1) {
		text := regexp.MustCompile(`(?m)^`+block[1]).ReplaceAllString(block[2], "")
		found = append(found, separators.Split(text, -1)...)
	}
	for _, heredoc := range heredocs.FindAllStringSubmatch(document, -1) {
		if strings.Contains(heredoc[2], "apiVersion: atoll.dev/") {
			text := os.Expand(heredoc[2], func(name string) string { return exampleVariables[name] })
			found = append(found, separators.Split(text, -1)...)
		}
	}
	return found
}

// complete returns the object of a manifest. It adds what a fragment of a document leaves out:
// the API version, the kind Microservice, a name, and an image. It returns nil for other objects.
func complete(content map[string]any) *unstructured.Unstructured {
	if _, found := content["spec"].(map[string]any); !found {
		return nil
	}
	o := &unstructured.Unstructured{Object: content}
	if o.GetKind() == "" {
		o.SetKind("Microservice")
	}
	if o.GetAPIVersion() == "" && (o.GetKind() == "Microservice" || o.GetKind() == "Topology") {
		o.SetAPIVersion(v1alpha1.GroupVersion.String())
	}
	if o.GroupVersionKind().Group != v1alpha1.GroupVersion.Group {
		return nil
	}
	if o.GetName() == "" {
		o.SetName("example")
	}
	if o.GetNamespace() == "" {
		o.SetNamespace("default")
	}
	if _, found, _ := unstructured.NestedString(content, "spec", "image"); !found && o.GetKind() == "Microservice" {
		_ = unstructured.SetNestedField(content, "registry.example.com/example:1.0.0", "spec", "image")
	}
	return o
}
