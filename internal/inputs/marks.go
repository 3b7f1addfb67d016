// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// Labels and annotations of what holds a database's data (the built-in provider's
// claim, CloudNativePG's Cluster) that say what became of the data.
const (
	// LabelEngine is the engine whose data it is, in lower case.
	LabelEngine = "atoll.dev/database-engine"
	// LabelMajorVersion is the major version of the engine that wrote the data.
	LabelMajorVersion = "atoll.dev/database-major-version"
	// AnnotationVersion is the last version of the engine that ran.
	AnnotationVersion = "atoll.dev/database-version"
	// AnnotationBase is the operating system of the images that run the data, as their
	// tags name it. Data without it runs on the tag that names none.
	AnnotationBase = "atoll.dev/database-base"
	// AnnotationPodUser is the user of the pods that own the files. Data without it belongs to
	// the user of the engine's image.
	AnnotationPodUser = "atoll.dev/database-pod-user"
	// AnnotationRestored says which restore filled it.
	AnnotationRestored = "atoll.dev/restored"
	// AnnotationInUse says that the service works with the data: nothing is restored
	// over it any more.
	AnnotationInUse = "atoll.dev/database-in-use"
	// AnnotationUser is the user that the service was given last. While it is there,
	// the Secret with its password must be too; one that is restored need not name it.
	AnnotationUser = "atoll.dev/database-user"
)

const inUse = "true"

// Marks are what annotations remember of a database's data. What is not known is
// empty.
type Marks struct {
	Version, Restored, User string
	InUse                   bool
}

// MarksOf reads them.
func MarksOf(annotations map[string]string) Marks {
	return Marks{
		Version:  annotations[AnnotationVersion],
		Restored: annotations[AnnotationRestored],
		User:     annotations[AnnotationUser],
		InUse:    annotations[AnnotationInUse] == inUse,
	}
}

// Ran notes the version that runs now. One that is less exact than what is known,
// such as 17 after 17.4, says nothing new.
func (m *Marks) Ran(version string) {
	if !strings.HasPrefix(m.Version, version+".") {
		m.Version = version
	}
}

// On adds the marks to annotations.
func (m *Marks) On(annotations map[string]string) map[string]string {
	marks := map[string]string{AnnotationVersion: m.Version, AnnotationRestored: m.Restored, AnnotationUser: m.User}
	if m.InUse {
		marks[AnnotationInUse] = inUse
	}
	for name, value := range marks {
		if value == "" {
			continue
		}
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[name] = value
	}
	return annotations
}

// Holder is what holds a database's data: another one of its name, which has
// another UID, is another database.
type Holder struct {
	UID   types.UID
	Marks Marks
}

// Unbound says that a Cluster has no user for the service yet: what the binding
// Secret holds, if anything, is of another database.
func (s *State) Unbound() bool {
	if s.Cluster == nil {
		return false
	}
	marks := MarksOf(s.Cluster.GetAnnotations())
	if s.Binding == nil {
		// One that it was given and whose password is lost is no new one's case.
		return marks.User == ""
	}
	return s.Binding.Server != s.Cluster.GetUID()
}

// Holder is the claim or the Cluster; nil while there is none.
func (s *State) Holder() *Holder {
	switch {
	case s.Cluster != nil:
		return &Holder{s.Cluster.GetUID(), MarksOf(s.Cluster.GetAnnotations())}
	case s.Claim != nil:
		return &Holder{s.Claim.UID, MarksOf(s.Claim.Annotations)}
	}
	return nil
}
