// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring tests the alerts and the dashboard in config/prometheus, with Prometheus'
// own promtool and engine. It is a module of its own, so that the operator does not depend on
// Prometheus.
package monitoring
