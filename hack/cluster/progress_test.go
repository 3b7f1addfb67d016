package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestRemaining(t *testing.T) {
	p := &progress{tasks: []task{
		{label: "a", expected: time.Minute}, {label: "b", expected: 4 * time.Minute}, {label: "c", expected: 5 * time.Minute},
	}}
	tests := map[string]struct {
		index         int
		before, spent time.Duration
		want          time.Duration
	}{
		"nothing has run: the expected times":              {index: 0, want: 10 * time.Minute},
		"the first task runs":                              {index: 0, spent: 30 * time.Second, want: 9*time.Minute + 30*time.Second},
		"the machine is as fast as expected":               {index: 1, before: time.Minute, want: 9 * time.Minute},
		"the machine takes twice as long":                  {index: 1, before: 2 * time.Minute, want: 18 * time.Minute},
		"a task that takes too long leaves the later ones": {index: 1, before: time.Minute, spent: time.Hour, want: 5 * time.Minute},
		"the last task":                                    {index: 2, before: 5 * time.Minute, spent: 4 * time.Minute, want: time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := p.remaining(test.index, test.before, test.spent); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestRunTasks(t *testing.T) {
	var out bytes.Buffer
	failure := errors.New("no disk")
	later := false
	clock := time.Unix(0, 0)
	p := &progress{out: &out, now: func() time.Time { return clock }, tasks: []task{
		{label: "building etcd", expected: 80 * time.Second, run: func() error { clock = clock.Add(160 * time.Second); return nil }},
		{label: "building kubelet", expected: 25 * time.Second, run: func() error { return failure }},
		{label: "starting the node", run: func() error { later = true; return nil }},
	}}
	err := p.run()
	if !errors.Is(err, failure) || !strings.Contains(err.Error(), "step 2 of 3, building kubelet") {
		t.Errorf("got error %v", err)
	}
	if later {
		t.Error("a task ran after a failure")
	}
	want := "[ 1/3] building etcd (about 2 minutes left)\n[ 1/3] building etcd: 2m40s\n[ 2/3] building kubelet (about 1 minute left)\n"
	if out.String() != want {
		t.Errorf("got output\n%s\nwant\n%s", out.String(), want)
	}
}
