// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/atoll-dev/atoll/internal/condition"
)

// invalidMessage returns what the API server says of a value, and what to do. The rules of
// the CRDs say that themselves; the messages of the API server's own checks do not.
func (s Schemas) invalidMessage(gvk schema.GroupVersionKind, e *field.Error) string {
	message := condition.Message{Cause: e.ErrorBody()}
	switch e.Type {
	case field.ErrorTypeRequired:
		message.Remedy = "set it"
	case field.ErrorTypeDuplicate:
		message.Remedy = "remove one of the entries"
	case field.ErrorTypeNotSupported:
		message.Remedy = "use one of these values as it is spelled here"
	case field.ErrorTypeTypeInvalid:
		message.Remedy = typeRemedies[s.typeOf(gvk, e.Field)]
	case field.ErrorTypeTooLong:
		message.Remedy = "shorten it"
	case field.ErrorTypeTooMany:
		message.Remedy = "remove entries"
	case field.ErrorTypeInvalid:
		if at := s.at(gvk, e.Field); at != nil && at.ValueValidation != nil {
			message.Remedy = limitRemedy(at, e.BadValue)
		}
	}
	return message.String()
}

// limitRemedy returns what to do about a value beyond the limits of its field; empty if it is
// not.
func limitRemedy(at *structuralschema.Structural, value any) string {
	limits := at.ValueValidation
	number, isNumber := numberOf(value)
	text, isText := value.(string)
	switch {
	case isNumber && limits.Minimum != nil && limits.Maximum != nil && (number < *limits.Minimum || number > *limits.Maximum):
		return fmt.Sprintf("set a number from %.0f to %.0f", *limits.Minimum, *limits.Maximum)
	case isText && limits.MinLength != nil && int64(len(text)) < *limits.MinLength:
		return fmt.Sprintf("write at least %d characters, or remove the field", *limits.MinLength)
	case isText && at.XIntOrString && limits.Pattern != "":
		return "write a number with a unit of Kubernetes, such as 500m, 512Mi or 10Gi"
	}
	return ""
}

func numberOf(value any) (float64, bool) {
	switch v := value.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// kindRemedy returns the field that is wrong in an object whose kind, or version, does not exist,
// and what to write instead.
func (s Schemas) kindRemedy(kind string) (field, remedy string) {
	var kinds []string
	for gvk := range s {
		if gvk.Kind == kind {
			return "apiVersion", "set apiVersion to " + gvk.GroupVersion().String()
		}
		if strings.EqualFold(gvk.Kind, kind) {
			return "kind", "set kind to " + gvk.Kind
		}
		kinds = append(kinds, gvk.Kind)
	}
	slices.Sort(kinds)
	return "kind", "set kind to " + strings.Join(slices.Compact(kinds), " or ")
}

// typeRemedies say how a value of a type is written.
var typeRemedies = map[string]string{
	"string":   "write it as text: put a number or a boolean in quotes",
	"integer":  "write a number without quotes and without a unit",
	"boolean":  "write true or false, without quotes",
	"array":    "write a list, each entry after '- '",
	"quantity": "write it as text, such as \"0.5\", or as a whole number",
	"object":   "write an object with the fields that kubectl explain lists",
}

// unknownMessage returns what to do about a field that the kind does not have.
func (s Schemas) unknownMessage(gvk schema.GroupVersionKind, path string) string {
	message := condition.Message{Cause: "no such field"}
	parent, name := splitPath(path)
	similar := s.similarField(gvk, parent, name)
	if elsewhere := s.fieldsNamed(gvk, name); similar == "" && len(elsewhere) == 1 {
		message.Remedy = "set " + elsewhere[0]
	} else {
		meant := ""
		if similar != "" {
			meant = fmt.Sprintf(" (did you mean %q?)", similar)
		}
		message.Remedy = "correct the name" + meant + " or remove it; kubectl explain " + strings.TrimSuffix(strings.ToLower(gvk.Kind)+"."+withoutIndexes(parent), ".") + " lists the fields"
	}
	return message.String()
}

// splitPath splits the path of a field into that of its parent and its name.
func splitPath(path string) (parent, name string) {
	if at := strings.LastIndex(path, "."); at >= 0 {
		return path[:at], path[at+1:]
	}
	return "", path
}

// similarField returns the name of a field of parent that may be meant by one that the kind does
// not have: path for paht in spec.routes[0]. It is empty if none has a similar name.
func (s Schemas) similarField(gvk schema.GroupVersionKind, parent, name string) string {
	at := s.at(gvk, parent)
	if at == nil {
		return ""
	}
	siblings := slices.Sorted(maps.Keys(at.Properties))
	if i := slices.IndexFunc(siblings, func(sibling string) bool { return strings.EqualFold(sibling, name) }); i >= 0 {
		return siblings[i]
	}
	return closest(name, siblings)
}

// depthOfFields is how deep fieldsNamed searches: below it are the types of Kubernetes.
const depthOfFields = 3

// fieldsNamed returns the fields of a kind with a name, whatever its case: those closest to
// the root.
func (s Schemas) fieldsNamed(gvk schema.GroupVersionKind, name string) []string {
	of := s[gvk]
	if of == nil {
		return nil
	}
	level := map[string]*structuralschema.Structural{"": of.structural}
	for range depthOfFields {
		next, found := map[string]*structuralschema.Structural{}, []string(nil)
		for path, at := range level {
			for key := range at.Properties {
				child := at.Properties[key]
				full := strings.TrimPrefix(path+"."+key, ".")
				if full == "status" {
					continue
				}
				if strings.EqualFold(key, name) {
					found = append(found, full)
				}
				next[full] = &child
			}
		}
		if len(found) > 0 {
			return slices.Sorted(slices.Values(found))
		}
		level = next
	}
	return nil
}

// typeOf returns the type that a field must have, and quantity for a number or a text; empty if the kind has no such field.
func (s Schemas) typeOf(gvk schema.GroupVersionKind, path string) string {
	at := s.at(gvk, path)
	switch {
	case at == nil:
		return ""
	case at.XIntOrString:
		return "quantity"
	}
	return at.Type
}

// at returns the schema of a field, such as spec.env[0].value; nil if there is none. An empty
// path means the whole object.
func (s Schemas) at(gvk schema.GroupVersionKind, path string) *structuralschema.Structural {
	of := s[gvk]
	if of == nil {
		return nil
	}
	at := of.structural
	if path == "" {
		return at
	}
	for segment := range strings.SplitSeq(path, ".") {
		name, indexes, _ := strings.Cut(segment, "[")
		child, known := at.Properties[name]
		switch {
		case known:
			at = &child
		case at.AdditionalProperties != nil && at.AdditionalProperties.Structural != nil:
			at = at.AdditionalProperties.Structural
		default:
			return nil
		}
		if indexes != "" && at.Items != nil {
			at = at.Items
		}
	}
	return at
}

// withoutIndexes returns a path as kubectl explain takes it.
func withoutIndexes(path string) string {
	segments := strings.Split(path, ".")
	for i := range segments {
		segments[i], _, _ = strings.Cut(segments[i], "[")
	}
	return strings.Join(segments, ".")
}
