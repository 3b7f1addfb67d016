// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// listTimeout ends a scrape that waits for a cache.
const listTimeout = 5 * time.Second

var (
	microserviceDescs = conditionDescs{counts: microserviceCondition.desc(), abnormal: microserviceAbnormal.desc()}
	topologyDescs     = conditionDescs{counts: topologyCondition.desc(), abnormal: topologyAbnormal.desc()}
)

// State collects the state of Microservices and Topologies. It lists the cache at each scrape,
// so no series outlives its object, and no request is sent.
type State struct {
	// Cache has the Microservices and Topologies.
	Cache client.Reader
	// Elected is closed when this manager becomes the leader. The others report nothing, so
	// that no object counts twice.
	Elected <-chan struct{}
}

// Describe implements prometheus.Collector.
func (s *State) Describe(descs chan<- *prometheus.Desc) {
	for _, m := range Table {
		if m.Type == gauge {
			descs <- m.desc()
		}
	}
}

// Collect implements prometheus.Collector.
func (s *State) Collect(metrics chan<- prometheus.Metric) {
	select {
	case <-s.Elected:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), listTimeout)
	defer cancel()
	s.collectMicroservices(ctx, metrics)
	s.collectTopologies(ctx, metrics)
}

func (s *State) collectMicroservices(ctx context.Context, metrics chan<- prometheus.Metric) {
	var list v1alpha1.MicroserviceList
	if err := s.Cache.List(ctx, &list); err != nil {
		metrics <- prometheus.NewInvalidMetric(microserviceDescs.counts, err)
		return
	}
	conditions, databases := newConditionCounts(microserviceDescs), databaseCounts{}
	for i := range list.Items {
		ms := &list.Items[i]
		conditions.add(ms, ms.Status.Conditions, metrics)
		databases.add(ms)
		collectBackup(ms, metrics)
	}
	conditions.collect(metrics)
	databases.collect(metrics)
}

func (s *State) collectTopologies(ctx context.Context, metrics chan<- prometheus.Metric) {
	var list v1alpha1.TopologyList
	if err := s.Cache.List(ctx, &list); err != nil {
		metrics <- prometheus.NewInvalidMetric(topologyDescs.counts, err)
		return
	}
	conditions := newConditionCounts(topologyDescs)
	for i := range list.Items {
		conditions.add(&list.Items[i], list.Items[i].Status.Conditions, metrics)
	}
	conditions.collect(metrics)
}

// gaugeOf returns a sample of a gauge.
func gaugeOf(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}
