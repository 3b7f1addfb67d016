// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/atoll-dev/atoll/internal/apply"
)

// Activity counts what the operator does. It implements apply.Recorder.
type Activity struct {
	// Skipped counts reconciles that read nothing new.
	Skipped prometheus.Counter
	// Unchanged counts reconciles that built everything and wrote nothing.
	Unchanged prometheus.Counter
	// Changed counts reconciles that wrote.
	Changed prometheus.Counter

	applied, reconciled *prometheus.CounterVec
}

// NewActivity returns counters that are zero. kinds are those of the objects that Atoll writes:
// each has its series from the start, because Prometheus can't see the first increase of a
// series that was absent.
func NewActivity(kinds ...string) *Activity {
	a := &Activity{applied: counters(&applies), reconciled: counters(&reconciles)}
	a.Skipped = a.reconciled.WithLabelValues("skipped")
	a.Unchanged = a.reconciled.WithLabelValues("unchanged")
	a.Changed = a.reconciled.WithLabelValues("changed")
	for _, kind := range kinds {
		for _, result := range apply.Results {
			a.applied.WithLabelValues(kind, string(result))
		}
	}
	return a
}

// Record counts an object that was written, or could not be.
func (a *Activity) Record(kind string, result apply.Result) {
	a.applied.WithLabelValues(kind, string(result)).Inc()
}

// Describe implements prometheus.Collector.
func (a *Activity) Describe(descs chan<- *prometheus.Desc) {
	a.applied.Describe(descs)
	a.reconciled.Describe(descs)
}

// Collect implements prometheus.Collector.
func (a *Activity) Collect(metrics chan<- prometheus.Metric) {
	a.applied.Collect(metrics)
	a.reconciled.Collect(metrics)
}

func counters(m *Metric) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}
