package main

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestStartTime(t *testing.T) {
	const rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20 21"
	tests := map[string]struct {
		stat    string
		want    uint64
		wantErr bool
	}{
		"a plain name":                  {stat: "12 (etcd)" + rest, want: 4242},
		"a name with blank and bracket": {stat: "12 (a) b (c)" + rest, want: 4242},
		"no name":                       {stat: "12 etcd", wantErr: true},
		"cut short":                     {stat: "12 (etcd) S 1 2", wantErr: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := startTime(tc.stat)
			if (err != nil) != tc.wantErr || got != tc.want {
				t.Errorf("startTime returned %d, %v; want %d, error %t", got, err, tc.want, tc.wantErr)
			}
		})
	}
}

func TestReusedPIDIsNeverEnded(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		if err := <-ended; err == nil {
			t.Error("the process ended before it was killed")
		}
	})

	child, err := identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]process{
		"an earlier start": {PID: child.PID, StartTime: child.StartTime - 1, Boot: child.Boot},
		"an earlier boot":  {PID: child.PID, StartTime: child.StartTime, Boot: "other"},
		"no process":       {},
	} {
		if other.alive() {
			t.Errorf("%s counts as alive", name)
		}
		if err := other.kill(time.Second); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !child.alive() {
		t.Fatal("the process was ended for another one's record")
	}
	if err := child.kill(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	if child.alive() {
		t.Error("the process still counts as alive")
	}
}

func TestOwnProcessIsAlive(t *testing.T) {
	me, err := identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !me.alive() {
		t.Error("this very process does not count as alive")
	}
}
