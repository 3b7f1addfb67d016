// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/duration"
)

// text returns a table of all objects, and for each service what becomes of them.
func (o *leftoversOptions) text(found []leftovers) string {
	t := &table{}
	row := func(namespace string, texts ...string) {
		var cells []cell
		if o.allNamespaces {
			cells = append(cells, cell{text: namespace})
		}
		for _, text := range texts {
			cells = append(cells, cell{text: text})
		}
		t.add(cells...)
	}
	row("NAMESPACE", "MICROSERVICE", "OBJECT", "AGE", "SIZE", "HOLDS")
	for _, of := range found {
		for _, object := range of.Objects {
			row(of.Namespace, of.Microservice, object.Kind+"/"+object.Name, duration.HumanDuration(o.now().Sub(object.Created)), orDash(object.Size), object.Holds)
		}
	}
	var s strings.Builder
	s.WriteString(t.text(o.terminal))
	for _, of := range found {
		name := o.terminal.bold(of.Microservice)
		if of.Removed == removedDatabase {
			name += " (its database was removed)"
		}
		fmt.Fprintf(&s, "\n%s, namespace %s\n  %s\n", name, of.Namespace, wrap(of.Adoption, o.terminal.textWidth(), "  "))
		// A command that is broken into lines could not be copied.
		fmt.Fprintf(&s, "  To delete all of it, with the data: %s\n", of.Delete)
	}
	return s.String()
}
