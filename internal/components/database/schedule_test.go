// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"
	"time"
)

func date(month time.Month, day, hour, minute int) time.Time {
	return time.Date(2026, month, day, hour, minute, 0, 0, time.UTC)
}

func TestSchedule(t *testing.T) {
	const day = 24 * time.Hour
	from := date(time.January, 30, 12, 0)
	for name, tc := range map[string]struct {
		schedule     string
		wantNext     time.Time
		wantInterval time.Duration
		// wantOverdue is the time after which a backup is overdue, if the last one
		// started at from.
		wantOverdue time.Time
	}{
		"each night":              {"0 3 * * *", date(time.January, 31, 3, 0), day, date(time.January, 31, 4, 0)},
		"by name":                 {"@daily", date(time.January, 31, 0, 0), day, date(time.January, 31, 1, 0)},
		"each hour":               {"@hourly", date(time.January, 30, 13, 0), time.Hour, date(time.January, 30, 14, 0)},
		"each quarter of an hour": {"*/15 * * * *", date(time.January, 30, 12, 15), 15 * time.Minute, date(time.January, 30, 12, 30)},
		"each week":               {"@weekly", date(time.February, 1, 0, 0), 7 * day, date(time.February, 1, 1, 0)},
		"working days: the weekend is the longest": {"30 22 * * 1-5", date(time.January, 30, 22, 30), 3 * day, date(time.January, 30, 23, 30)},
		"each month: the longest has 31 days":      {"0 0 1 * *", date(time.February, 1, 0, 0), 31 * day, date(time.February, 1, 1, 0)},
		"a day that some months lack":              {"0 0 31 * *", date(time.January, 31, 0, 0), 61 * day, date(time.January, 31, 1, 0)},
		"a day that most years lack":               {"0 0 29 2 *", time.Date(2028, time.February, 29, 0, 0, 0, 0, time.UTC), (4*365 + 1) * day, time.Date(2028, time.February, 29, 1, 0, 0, 0, time.UTC)},
		"each year":                                {"@yearly", time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC), 366 * day, time.Date(2027, time.January, 1, 1, 0, 0, 0, time.UTC)},
		"a day that never comes":                   {schedule: "0 0 30 2 *"},
		"an invalid minute":                        {schedule: "61 * * * *"},
		"too few fields":                           {schedule: "0 3 * *"},
		"nothing":                                  {schedule: ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := NextRun(tc.schedule, from); !got.Equal(tc.wantNext) {
				t.Errorf("next run is %s, want %s", got, tc.wantNext)
			}
			if got := Interval(tc.schedule); got != tc.wantInterval {
				t.Errorf("interval is %s, want %s", got, tc.wantInterval)
			}
			if got := OverdueAt(tc.schedule, from); !got.Equal(tc.wantOverdue) {
				t.Errorf("overdue at %s, want %s", got, tc.wantOverdue)
			}
		})
	}
}

// TestScheduleIsInUTC starts in another time zone, where it is another day.
func TestScheduleIsInUTC(t *testing.T) {
	zone := time.FixedZone("UTC+14", 14*60*60)
	got := NextRun("0 3 * * *", date(time.January, 30, 12, 0).In(zone))
	if want := date(time.January, 31, 3, 0); !got.Equal(want) {
		t.Errorf("next run is %s, want %s", got, want)
	}
}

func TestRecoveryWindow(t *testing.T) {
	for name, tc := range map[string]struct {
		schedule string
		keep     int32
		want     string
	}{
		"a week of nights":       {"0 3 * * *", 7, "7d"},
		"a day of hours":         {"@hourly", 24, "1d"},
		"a day and an hour":      {"@hourly", 25, "2d"},
		"a single hour is a day": {"@hourly", 1, "1d"},
		"weeks":                  {"@weekly", 4, "28d"},
		"never is a day":         {"0 0 30 2 *", 7, "1d"},
		"working days":           {"0 3 * * 1-5", 2, "6d"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := recoveryWindow(backup(tc.schedule, tc.keep)); got != tc.want {
				t.Errorf("window is %s, want %s", got, tc.want)
			}
		})
	}
}
