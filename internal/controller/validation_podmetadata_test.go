// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import "strings"

// podMetadata are the mistakes that can be made wherever pods get labels and annotations.
var podMetadata = map[string]struct{ accepted, refused, field, message string }{
	"a label of a Gateway": {
		accepted: `labels: {networking.k8s.io/team: shop}`, refused: `labels: {gateway.networking.k8s.io/gateway-name: shop}`,
		field: "labels", message: "labels must not begin with atoll.dev/, app.kubernetes.io/, batch.kubernetes.io/, cnpg.io/ or gateway.networking.k8s.io/, nor be job-name or controller-uid: controllers find the pods by these",
	},
	"a label of Atoll": {
		accepted: `labels: {sidecar.istio.io/inject: "false", team: orders}`, refused: `labels: {app.kubernetes.io/component: proxy}`,
		field: "labels", message: "labels must not begin with atoll.dev/, app.kubernetes.io/, batch.kubernetes.io/, cnpg.io/ or gateway.networking.k8s.io/, nor be job-name or controller-uid: controllers find the pods by these",
	},
	"a label with a space": {
		accepted: `labels: {a-b_c.d: ""}`, refused: `labels: {"a b": c}`,
		field: "labels", message: "labels must have names of at most 63 letters, digits, '-', '_' and '.', such as sidecar.istio.io/inject",
	},
	"a label's value with a slash": {
		accepted: `labels: {team: or-d_e.r}`, refused: `labels: {team: a/b}`,
		field: "labels[team]", message: "a label's value must consist of letters, digits, '-', '_' and '.', and begin and end with a letter or digit",
	},
	"an annotation of Atoll": {
		accepted: `annotations: {linkerd.io/inject: disabled, Upper: "any text/at all"}`, refused: `annotations: {atoll.dev/restored: x}`,
		field: "annotations", message: "annotations must not begin with atoll.dev/, app.kubernetes.io/, batch.kubernetes.io/ or cnpg.io/: controllers use them",
	},
	"an annotation with a space": {
		accepted: `annotations: {a.b/c: d}`, refused: `annotations: {"a b": c}`,
		field: "annotations", message: "annotations must have names of at most 63 letters, digits, '-', '_' and '.', such as linkerd.io/inject",
	},
}

// inPodMetadata adds the mistakes with the metadata of pods to others.
func inPodMetadata(all map[string]validation) map[string]validation {
	for name, m := range podMetadata {
		for where, text := range map[string]string{
			"spec.database":          `spec: {image: users, database: {engine: PostgreSQL, podMetadata: {%s}}}`,
			"spec.defaults.database": `{kind: Topology, spec: {defaults: {database: {podMetadata: {%s}}}}}`,
		} {
			all[name+" in "+where] = validation{
				accepted: strings.Replace(text, "%s", m.accepted, 1),
				refused:  strings.Replace(text, "%s", m.refused, 1),
				field:    where + ".podMetadata." + m.field, message: m.message,
			}
		}
	}
	return all
}
