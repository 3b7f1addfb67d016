// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var (
	declaredDesc    = databaseDeclared.desc()
	readyDesc       = databaseReady.desc()
	lastSuccessDesc = backupLastSuccess.desc()
	lastSizeDesc    = backupLastSize.desc()
)

// databaseCounts counts databases by what they are.
type databaseCounts map[countedDatabase]*struct{ declared, ready int }

type countedDatabase struct {
	namespace string
	engine    v1alpha1.DatabaseEngine
	provider  v1alpha1.DatabaseProvider
	version   string
}

// add counts the database of a Microservice. Until Atoll has observed it, its version is not known.
func (c databaseCounts) add(ms *v1alpha1.Microservice) {
	spec := ms.Spec.Database
	if spec == nil {
		return
	}
	key := countedDatabase{namespace: ms.Namespace, engine: spec.Engine, provider: cmp.Or(spec.Provider, v1alpha1.ProviderBuiltIn)}
	if ms.Status.Database != nil {
		key.version = ms.Status.Database.Version
	}
	counts, found := c[key]
	if !found {
		counts = &struct{ declared, ready int }{}
		c[key] = counts
	}
	counts.declared++
	if meta.IsStatusConditionTrue(ms.Status.Conditions, v1alpha1.ConditionDatabaseReady) {
		counts.ready++
	}
}

func (c databaseCounts) collect(metrics chan<- prometheus.Metric) {
	for key, counts := range c {
		labels := []string{key.namespace, string(key.engine), string(key.provider), key.version}
		metrics <- gaugeOf(declaredDesc, float64(counts.declared), labels...)
		metrics <- gaugeOf(readyDesc, float64(counts.ready), labels...)
	}
}

// collectBackup collects the newest backup of a service that is still backed up.
func collectBackup(ms *v1alpha1.Microservice, metrics chan<- prometheus.Metric) {
	spec, status := ms.Spec.Database, ms.Status.Database
	if spec == nil || spec.Backup == nil || status == nil || status.LastBackup == nil {
		return
	}
	metrics <- gaugeOf(lastSuccessDesc, float64(status.LastBackup.Time.Unix()), ms.Namespace, ms.Name)
	if size := status.LastBackup.Size; size > 0 {
		metrics <- gaugeOf(lastSizeDesc, float64(size), ms.Namespace, ms.Name)
	}
}
