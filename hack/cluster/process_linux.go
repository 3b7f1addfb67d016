package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// readProcess reads the identity of a running process.
func readProcess(pid int) (process, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	start, err := startTime(string(stat))
	if err != nil {
		return process{}, fmt.Errorf("reading the start time of process %d: %w", pid, err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return process{}, err
	}
	return process{PID: pid, StartTime: start, Boot: strings.TrimSpace(string(boot))}, nil
}

// startTime returns field 22 of /proc/<pid>/stat. Field 2, the program's name, may
// contain spaces and parentheses, so counting starts after the last parenthesis.
func startTime(stat string) (uint64, error) {
	end := strings.LastIndexByte(stat, ')')
	if end < 0 {
		return 0, errors.New("no program name")
	}
	fields := strings.Fields(stat[end+1:])
	const startTimeField = 22 - 3
	if len(fields) <= startTimeField {
		return 0, errors.New("too few fields")
	}
	return strconv.ParseUint(fields[startTimeField], 10, 64)
}

// alive reports whether this process still runs, and not a later one with its pid.
func (p process) alive() bool {
	if p.PID <= 0 {
		return false
	}
	current, err := readProcess(p.PID)
	if err != nil || current != p {
		return false
	}
	// A zombie no longer runs.
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	if err != nil {
		return false
	}
	rest := strings.TrimSpace(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// kill sends SIGKILL to this process and waits for its end. It opens the pidfd before it
// checks the identity, so that a later process with the same pid never gets the signal.
func (p process) kill(timeout time.Duration) error {
	if p.PID <= 0 {
		return nil
	}
	fd, err := unix.PidfdOpen(p.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening process %d: %w", p.PID, err)
	}
	defer unix.Close(fd)
	if !p.alive() {
		return nil
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("killing process %d: %w", p.PID, err)
	}
	deadline := time.Now().Add(timeout)
	for p.alive() {
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d still runs %s after SIGKILL", p.PID, timeout)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}
