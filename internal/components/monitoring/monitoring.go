// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring builds what the Prometheus operator reads of a service: where its metrics are,
// and the rules that measure its objectives.
package monitoring

import (
	"maps"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// settings returns the monitoring of a member's Topology; nil if there is none.
func settings(in *inputs.Inputs) *v1alpha1.Monitoring {
	if in.Topology == nil {
		return nil
	}
	return in.Topology.Spec.Monitoring
}

// labels returns the labels of an object for the Prometheus operator: Atoll's, and those by which
// the user's Prometheus selects it.
func labels(in *inputs.Inputs) map[string]string {
	all := map[string]string{}
	if monitoring := settings(in); monitoring != nil {
		for key, value := range monitoring.Labels {
			all[key] = string(value)
		}
	}
	maps.Copy(all, names.Labels(in.Microservice, v1alpha1.ComponentService))
	return all
}
