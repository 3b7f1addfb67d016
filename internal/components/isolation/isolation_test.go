// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

func TestIsolationAnnotation(t *testing.T) {
	for value, want := range map[string]struct{ audited, invalid bool }{
		"": {}, "audit": {audited: true}, "Audit": {audited: true}, "audited": {invalid: true}, "off": {invalid: true},
	} {
		topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.AnnotationIsolation: value}}}
		if got := Audited(topology); got != want.audited {
			t.Errorf("%q: audited is %t", value, got)
		}
		if got := InvalidAnnotation(topology); (got != nil) != want.invalid {
			t.Errorf("%q: the report is %q", value, got)
		}
	}
}
