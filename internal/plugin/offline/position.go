// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"bytes"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Position is a place in a file. Line and Column begin at 1, and columns count characters. Zero
// means that the place is not known.
type Position struct {
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

// SetPositions finds the objects in the text of their files. read returns the text of a source;
// nil if it can't be read again.
func SetPositions(sources []Source, read func(name string) []byte) {
	files := map[string]*locatedFile{}
	for i := range sources {
		name := sources[i].Name
		if files[name] == nil {
			files[name] = locate(read(name))
		}
		sources[i].node = files[name].take(sources[i].Object)
	}
}

// locatedFile has the objects of a file, in its order.
type locatedFile struct{ objects []*locatedObject }

type locatedObject struct {
	kind, namespace, name string
	node                  *yaml.Node
	taken                 bool
}

// locate reads the objects of a file. It ends at the first text that is no YAML.
func locate(text []byte) *locatedFile {
	file := &locatedFile{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); err != nil {
			return file
		}
		for _, node := range document.Content {
			file.add(node)
		}
	}
}

// add adds an object, or the objects of a list.
func (f *locatedFile) add(node *yaml.Node) {
	kind := scalarAt(node, "kind")
	if items := childOf(node, "items"); items != nil && strings.HasSuffix(kind, "List") {
		for _, item := range items.value.Content {
			f.add(item)
		}
		return
	}
	o := &locatedObject{kind: kind, node: node}
	if metadata := childOf(node, "metadata"); metadata != nil {
		o.namespace, o.name = scalarAt(metadata.value, "namespace"), scalarAt(metadata.value, "name")
	}
	f.objects = append(f.objects, o)
}

// take returns the text of an object. A file that has the object twice returns one after the
// other.
func (f *locatedFile) take(o *unstructured.Unstructured) *yaml.Node {
	var found *locatedObject
	for _, candidate := range f.objects {
		if candidate.kind != o.GetKind() || candidate.name != o.GetName() || candidate.namespace != "" && candidate.namespace != o.GetNamespace() {
			continue
		}
		found = candidate
		if !candidate.taken {
			break
		}
	}
	if found == nil {
		return nil
	}
	found.taken = true
	return found.node
}

// entry is a key of a map or an item of a list, and its value. An item is its own key.
type entry struct{ key, value *yaml.Node }

// positionOf returns the place of a field of an object. If the text does not have the field, it
// is the place of the nearest field around it; for an empty path, of the object.
func positionOf(object *yaml.Node, path string) Position {
	if object == nil {
		return Position{}
	}
	at := entry{object, object}
	for path != "" {
		child, rest := descend(at.value, path)
		if child == nil {
			break
		}
		at, path = *child, rest
	}
	return Position{at.key.Line, at.key.Column}
}

// descend returns the first part of a path below a node, and the rest of the path. A part is a
// key, or a key, an index or a name in brackets. A colon begins the path inside a podTemplate.
func descend(node *yaml.Node, path string) (*entry, string) {
	path = strings.TrimPrefix(strings.TrimPrefix(path, ": "), ".")
	if inside, rest, closed := strings.Cut(strings.TrimPrefix(path, "["), "]"); closed && strings.HasPrefix(path, "[") {
		if resolved(node).Kind == yaml.SequenceNode {
			return itemOf(resolved(node), inside), rest
		}
		return childOf(node, inside), rest
	}
	var found *entry
	longest := 0
	for _, child := range entries(node) {
		key := child.key.Value
		if len(key) >= longest && beginsWith(path, key) {
			found, longest = &child, len(key)
		}
	}
	return found, path[longest:]
}

// beginsWith reports whether a key is the first part of a path. A key may contain dots.
func beginsWith(path, key string) bool {
	rest, found := strings.CutPrefix(path, key)
	return found && key != "" && (rest == "" || rest[0] == '.' || rest[0] == '[' || strings.HasPrefix(rest, ": "))
}

// itemOf returns the item of a list with an index or a name; nil if there is none.
func itemOf(list *yaml.Node, identity string) *entry {
	if i, err := strconv.Atoi(identity); err == nil {
		if i < 0 || i >= len(list.Content) {
			return nil
		}
		return &entry{list.Content[i], list.Content[i]}
	}
	for _, item := range list.Content {
		if identity != "" && scalarAt(item, "name") == identity {
			return &entry{item, item}
		}
	}
	return nil
}

// childOf returns the entry of a map with a key; nil if there is none.
func childOf(node *yaml.Node, key string) *entry {
	for _, child := range entries(node) {
		if child.key.Value == key {
			return &child
		}
	}
	return nil
}

// scalarAt returns the text of an entry of a map; empty if there is none.
func scalarAt(node *yaml.Node, key string) string {
	if child := childOf(node, key); child != nil {
		return resolved(child.value).Value
	}
	return ""
}

// mergeKey adds the entries of another map.
const mergeKey = "<<"

// entries returns the entries of a map; none for another node. Those of merged maps follow its own.
func entries(node *yaml.Node) []entry {
	node = resolved(node)
	if node.Kind != yaml.MappingNode {
		return nil
	}
	var own, merged []entry
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Value != mergeKey {
			own = append(own, entry{key, value})
			continue
		}
		if maps := resolved(value); maps.Kind == yaml.SequenceNode {
			for _, m := range maps.Content {
				merged = append(merged, entries(m)...)
			}
		}
		merged = append(merged, entries(value)...)
	}
	return append(own, merged...)
}

// resolved returns the node that an alias stands for.
func resolved(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}
