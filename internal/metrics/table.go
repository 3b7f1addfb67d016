// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics has Atoll's own metrics: the state of Microservices and Topologies, and what
// the operator does. controller-runtime has those of queues, workers, requests and the election.
package metrics

import (
	"fmt"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/atoll-dev/atoll/internal/apply"
)

// Metric is a row of the table of metrics.
type Metric struct {
	// Name and Help are as Prometheus shows them.
	Name, Help string
	// Type is gauge or counter.
	Type string
	// Labels are the names of the labels.
	Labels []string
	// Series says how many series there are. docs/metrics.md shows it.
	Series string
}

const (
	gauge   = "gauge"
	counter = "counter"
)

const (
	forEachCondition = "namespaces × conditions × 3"
	forWhatIsWrong   = "one for each condition that is not as it should be"
	forEachVersion   = "namespaces × versions in use"
	forEachBackup    = "one for each service with a backup"
)

var (
	microserviceCondition, microserviceAbnormal = conditionMetrics("microservice", "Microservice", "Microservices", " What spec.suspend stopped has no series.")
	topologyCondition, topologyAbnormal         = conditionMetrics("topology", "Topology", "Topologies", "")

	databaseDeclared = Metric{
		Name: "atoll_database_declared", Type: gauge, Labels: []string{"namespace", "engine", "provider", "version"}, Series: forEachVersion,
		Help: "Number of Microservices with a database. The version is empty if the database is External.",
	}
	databaseReady = Metric{
		Name: "atoll_database_ready", Type: gauge, Labels: []string{"namespace", "engine", "provider", "version"}, Series: forEachVersion,
		Help: "Number of Microservices with a database whose condition DatabaseReady is True.",
	}
	backupLastSuccess = Metric{
		Name: "atoll_backup_last_success_timestamp_seconds", Type: gauge, Labels: []string{"namespace", "name"}, Series: forEachBackup,
		Help: "Time when the newest verified backup of a Microservice's database started, in seconds since the epoch.",
	}
	backupLastSize = Metric{
		Name: "atoll_backup_last_size_bytes", Type: gauge, Labels: []string{"namespace", "name"}, Series: forEachBackup,
		Help: "Size of the newest verified backup of a Microservice's database. CloudNativePG does not report it.",
	}
	applies = Metric{
		Name: "atoll_apply_total", Type: counter, Labels: []string{"kind", "result"}, Series: fmt.Sprintf("kinds × %d", len(apply.Results)),
		Help: "Number of objects that Atoll tried to write, by kind and result. An object that is as desired is not written and not counted.",
	}
	reconciles = Metric{
		Name: "atoll_reconcile_outcomes_total", Type: counter, Labels: []string{"outcome"}, Series: strconv.Itoa(len(outcomes)),
		Help: "Number of reconciles of Microservices, by what they did: skipped (nothing was read that differs from the last reconcile), unchanged (built, and nothing to write), changed or failed.",
	}
)

// conditionMetrics returns the metrics of the conditions of a kind. note ends the help of the second.
func conditionMetrics(prefix, kind, plural, note string) (counts, abnormal Metric) {
	return Metric{
			Name: "atoll_" + prefix + "_condition", Type: gauge, Labels: []string{"namespace", "condition", "status"}, Series: forEachCondition,
			Help: fmt.Sprintf("Number of %s with a condition, by its status. A %s that Atoll has not observed has the condition Ready with the status Unknown.", plural, kind),
		}, Metric{
			Name: "atoll_" + prefix + "_abnormal_since_timestamp_seconds", Type: gauge, Labels: []string{"namespace", "name", "condition", "reason"}, Series: forWhatIsWrong,
			Help: fmt.Sprintf("Time since when a condition of a %s is not as it should be, in seconds since the epoch.%s", kind, note),
		}
}

// Table lists Atoll's own metrics.
var Table = []*Metric{
	&microserviceCondition, &microserviceAbnormal, &topologyCondition, &topologyAbnormal,
	&databaseDeclared, &databaseReady, &backupLastSuccess, &backupLastSize,
	&applies, &reconciles,
}

// desc returns the metric as the client library describes it.
func (m *Metric) desc() *prometheus.Desc { return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil) }

// Register registers the collectors of Atoll's metrics.
func Register(registry prometheus.Registerer, activity *Activity, state *State) error {
	for _, collector := range []prometheus.Collector{activity, state} {
		if err := registry.Register(collector); err != nil {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}
