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
		"plain name":                   {stat: "12 (etcd)" + rest, want: 4242},
		"name with space and brackets": {stat: "12 (a) b (c)" + rest, want: 4242},
		"no name":                      {stat: "12 etcd", wantErr: true},
		"truncated":                    {stat: "12 (etcd) S 1 2", wantErr: true},
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

func TestKillSparesReusedPID(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		if err := <-exited; err == nil {
			t.Error("the process exited before it was killed")
		}
	})

	child, err := readProcess(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]process{
		"earlier start": {PID: child.PID, StartTime: child.StartTime - 1, Boot: child.Boot},
		"earlier boot":  {PID: child.PID, StartTime: child.StartTime, Boot: "other"},
		"no process":    {},
	} {
		if other.alive() {
			t.Errorf("%s: alive returned true", name)
		}
		if err := other.kill(time.Second); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !child.alive() {
		t.Fatal("kill killed a process with another identity")
	}
	if err := child.kill(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	if child.alive() {
		t.Error("the killed process is still alive")
	}
}

func TestOwnProcessIsAlive(t *testing.T) {
	me, err := readProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !me.alive() {
		t.Error("alive returned false for this process")
	}
}
