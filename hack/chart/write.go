// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

const (
	// namePrefix begins the names in config/default. The chart has its full name there.
	namePrefix = "atoll-"
	// homeNamespace is the operator's namespace in config/default. The chart has the release's.
	homeNamespace = "atoll-system"
	// exampleNamespace is the namespace of config/namespaced. The chart has each of namespaces.
	exampleNamespace = "shop"
	// aggregation begins the labels that add a role to a built-in one.
	aggregation = "rbac.authorization.k8s.io/aggregate-to-"
	// ofController begins the annotations of controller-gen. The others keep a CRD.
	ofController = "controller-gen.kubebuilder.io/"
)

// Keys that stand for lines of the template while the object is YAML.
const (
	labelsKey   = "LABELS"
	optionalKey = "OPTIONAL"
)

// writer writes objects as templates.
type writer struct {
	// names finds the operator's namespace and the names of its objects.
	names *regexp.Regexp
}

func newWriter(names []string) writer {
	alternatives := []string{homeNamespace}
	for _, name := range names {
		if strings.HasPrefix(name, namePrefix) && name != homeNamespace {
			alternatives = append(alternatives, regexp.QuoteMeta(name))
		}
	}
	// The longest name first: a name can begin with another one.
	slices.SortFunc(alternatives, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return writer{regexp.MustCompile(`\b(` + strings.Join(alternatives, "|") + `)\b`)}
}

// template returns the template of an object.
func (w writer) template(o *chartObject) (string, error) {
	labels, annotations := stringsOf(o.metadata()["labels"]), stringsOf(o.metadata()["annotations"])
	content := maps.Clone(o.object)
	metadata := maps.Clone(o.metadata())
	content["metadata"] = metadata
	metadata["labels"] = map[string]any{labelsKey: ""}
	optional := ""
	switch {
	case o.kind() == "CustomResourceDefinition":
		kept := selectKeys(annotations, func(key string) bool { return !strings.HasPrefix(key, ofController) })
		optional = optionalLines("$.Values.crds.keep", kept)
		written := map[string]any{optionalKey: ""}
		for key, value := range annotations {
			if kept[key] == "" {
				written[key] = value
			}
		}
		metadata["annotations"] = written
	case o.forUsers:
		aggregated := selectKeys(labels, func(key string) bool { return strings.HasPrefix(key, aggregation) })
		if len(aggregated) > 0 {
			optional = optionalLines("$.Values.userRoles.aggregate", aggregated)
			metadata["labels"] = map[string]any{labelsKey: "", optionalKey: ""}
		}
	}
	if o.perNamespace {
		metadata["namespace"] = "NAMESPACE"
	}
	text, err := yaml.Marshal(content)
	if err != nil {
		return "", err
	}
	return wrap(o, w.replace(string(text), optional)), nil
}

// replace escapes what Helm would evaluate, and puts in the template's own expressions.
func (w writer) replace(text, optional string) string {
	text = strings.ReplaceAll(text, "{{", `{{ "{{" }}`)
	// A namespace may have a name that YAML reads as a number.
	text = strings.ReplaceAll(text, "namespace: "+homeNamespace+"\n", "namespace: {{ $.Release.Namespace | quote }}\n")
	text = w.names.ReplaceAllStringFunc(text, func(name string) string {
		if name == homeNamespace {
			return "{{ $.Release.Namespace }}"
		}
		return `{{ include "atoll.fullname" $ }}-` + strings.TrimPrefix(name, namePrefix)
	})
	return strings.NewReplacer(
		"    "+labelsKey+": \"\"\n", `    {{- include "atoll.labels" $ | nindent 4 }}`+"\n",
		"    "+optionalKey+": \"\"\n", optional,
		"  namespace: NAMESPACE\n", "  namespace: {{ . | quote }}\n",
	).Replace(text)
}

// wrap returns the text as a document of its own that the conditions of the object guard.
func wrap(o *chartObject, text string) string {
	begin, end := "", ""
	switch {
	case len(o.conditions) == 1:
		begin = "{{- if " + o.conditions[0] + " }}\n"
	case len(o.conditions) > 1:
		begin = "{{- if and (" + strings.Join(o.conditions, ") (") + ") }}\n"
	}
	if begin != "" {
		end = "{{- end }}\n"
	}
	if o.perNamespace {
		begin, end = begin+"{{- range $.Values.namespaces }}\n", "{{- end }}\n"+end
	}
	return begin + "---\n" + text + end
}

// optionalLines returns lines of a map that depend on a value.
func optionalLines(value string, entries map[string]string) string {
	text := "    {{- if " + value + " }}\n"
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		text += fmt.Sprintf("    %s: %q\n", key, entries[key])
	}
	return text + "    {{- end }}\n"
}

// selectKeys returns the entries whose key has a property.
func selectKeys(entries map[string]string, selects func(string) bool) map[string]string {
	selected := map[string]string{}
	for key, value := range entries {
		if selects(key) {
			selected[key] = value
		}
	}
	return selected
}

// stringsOf returns a map of strings that was read as one of any values.
func stringsOf(value any) map[string]string {
	entries := map[string]string{}
	m, _ := value.(map[string]any)
	for key, v := range m {
		entries[key] = fmt.Sprint(v)
	}
	return entries
}
