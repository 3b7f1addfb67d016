// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/atoll-dev/atoll/internal/apply"
)

// The outcomes of a reconcile of a Microservice.
const (
	// Skipped means that nothing was read that differs from the last reconcile.
	Skipped = "skipped"
	// Unchanged means that everything was built, and that there was nothing to write.
	Unchanged = "unchanged"
	// Changed means that something was written.
	Changed = "changed"
	// Failed means that something could not be read, built or written.
	Failed = "failed"
)

// outcomes lists all outcomes.
var outcomes = []string{Skipped, Unchanged, Changed, Failed}

// Activity counts what the operator does. It implements apply.Recorder.
type Activity struct {
	applied, reconciled *prometheus.CounterVec
	// counters are those of the outcomes: a lookup by labels would allocate in each reconcile.
	counters map[string]prometheus.Counter
}

// NewActivity returns counters that are zero. kinds are those of the objects that Atoll writes:
// each has its series from the start, because Prometheus can't see the first increase of a
// series that was absent.
func NewActivity(kinds ...string) *Activity {
	a := &Activity{applied: counters(&applies), reconciled: counters(&reconciles), counters: map[string]prometheus.Counter{}}
	for _, outcome := range outcomes {
		a.counters[outcome] = a.reconciled.WithLabelValues(outcome)
	}
	for _, kind := range kinds {
		for _, result := range apply.Results {
			a.applied.WithLabelValues(kind, string(result))
		}
	}
	return a
}

// Reconciled counts a reconcile by its outcome.
func (a *Activity) Reconciled(outcome string) { a.counters[outcome].Inc() }

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
