// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// objectNames holds who makes an object.
type objectNames map[reference][]objectOwner

// adoptable are the kinds of the database's objects that users restore by hand. Atoll
// takes them over.
var adoptable = map[string]bool{"Secret": true, "PersistentVolumeClaim": true}

// objectOwner is what makes an object. An empty one means that the files contain it.
type objectOwner struct{ kind, name string }

func (o objectOwner) String() string {
	if o.kind == "" {
		return "an object of the files"
	}
	return fmt.Sprintf("%s %q", o.kind, o.name)
}

func (n objectNames) add(of reference, owner objectOwner) {
	if !slices.Contains(n[of], owner) {
		n[of] = append(n[of], owner)
	}
}

// sameNames reports the services that Atoll would make an object of for which another one
// has taken the name, such as the database of users and a service called users-db. Each of
// them is reported. In the cluster the first one keeps the name.
func (l *linter) sameNames() {
	for _, of := range slices.SortedFunc(maps.Keys(l.names), func(a, b reference) int {
		return cmp.Or(cmp.Compare(a.String(), b.String()), cmp.Compare(a.kind, b.kind))
	}) {
		owners := l.names[of]
		if len(owners) < 2 {
			continue
		}
		for _, owner := range owners {
			if owner.kind == "" {
				continue
			}
			other := owners[slices.IndexFunc(owners, func(o objectOwner) bool { return o != owner })]
			l.find(owner.kind, of.Namespace, owner.name, SeverityError, v1alpha1.ReasonNotOwned, "metadata.name",
				condition.Message{Cause: fmt.Sprintf("needs the name of %s %q, and so does %s", of.kind, of.Name, other), Remedy: "rename one of them"}.String())
		}
	}
}
