// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"fmt"
	"time"
)

const day = 24 * time.Hour

// burnRate is a speed at which the budget of an objective is used up. The budget is what may fail in
// the window of the objective.
type burnRate struct {
	// budget is the part of the budget that is used up in the long window. Zero means what the
	// objective permits for that time.
	budget float64
	// The short window ends the alert soon after the failures end.
	long, short time.Duration
}

// factor returns how much faster than permitted failures occur at the burn rate. It is at least 1:
// below that, the objective is kept.
func (b burnRate) factor(window time.Duration) float64 {
	return max(1, b.budget*float64(window)/float64(b.long))
}

// severity is a group of burn rates that call for the same reaction.
type severity struct {
	name   string
	effect string
	// interval is how often Prometheus evaluates the rules; empty means its default. Long windows
	// cost more and change slowly.
	interval  string
	burnRates []burnRate
}

// severities are the burn rates that Google's SRE workbook recommends
// (https://sre.google/workbook/alerting-on-slos/, "Multiwindow, Multi-Burn-Rate Alerts"). Its
// factors 14.4, 6 and 3 are these parts of a budget of 30 days. The last one is 1 for each window, so
// that no objective is missed without an alert.
var severities = []severity{
	{name: "critical", effect: "At this rate the budget of the objective is used up within days.", burnRates: []burnRate{
		{budget: 0.02, long: time.Hour, short: 5 * time.Minute},
		{budget: 0.05, long: 6 * time.Hour, short: 30 * time.Minute},
	}},
	{name: "warning", effect: "At this rate the objective will be missed.", interval: "2m", burnRates: []burnRate{
		{budget: 0.10, long: day, short: 2 * time.Hour},
		{long: 3 * day, short: 6 * time.Hour},
	}},
}

// promDuration writes a duration as Prometheus does, in the largest unit without a remainder.
func promDuration(d time.Duration) string {
	switch {
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dm", d/time.Minute)
}
