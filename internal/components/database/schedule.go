// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// parseSchedule reads a schedule as the CronJob controller does.
func parseSchedule(schedule string) (cron.Schedule, error) {
	parsed, err := cron.ParseStandard(schedule)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", schedule, err)
	}
	return parsed, nil
}

// scheduleAdvice is the remedy for a schedule that is no cron expression.
const scheduleAdvice = `write minute, hour, day of month, month and day of week, such as "0 3 * * *"`

// checkSchedule says why a schedule is invalid; nil if it is valid.
func checkSchedule(schedule string) *condition.Problem {
	if _, err := parseSchedule(schedule); err != nil {
		return &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Message: condition.Message{Field: "database.backup.schedule", Cause: err.Error(), Remedy: scheduleAdvice}, Stalled: true}
	}
	return nil
}

// NextRun returns the next time of a schedule, in UTC, after a time; zero if there
// is none.
func NextRun(schedule string, after time.Time) time.Time {
	parsed, err := parseSchedule(schedule)
	if err != nil {
		return time.Time{}
	}
	return parsed.Next(after.UTC())
}

// Interval returns the longest time between two runs of a schedule. It counts from
// a fixed day, so that the result never changes.
func Interval(schedule string) time.Duration {
	const runs = 60
	longest := time.Duration(0)
	at := NextRun(schedule, time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC))
	for range runs {
		next := NextRun(schedule, at)
		if at.IsZero() || next.IsZero() {
			break
		}
		longest = max(longest, next.Sub(at))
		at = next
	}
	return longest
}

// graceAfterRun returns how long a backup may take before it is missing: an hour,
// or the interval of the schedule if that is shorter.
func graceAfterRun(schedule string) time.Duration { return min(time.Hour, Interval(schedule)) }

// OverdueAt returns the time after which a backup is overdue, if the last one
// started, or the database exists, since a time.
func OverdueAt(schedule string, last time.Time) time.Time {
	next := NextRun(schedule, last)
	if next.IsZero() {
		return next
	}
	return next.Add(graceAfterRun(schedule))
}
