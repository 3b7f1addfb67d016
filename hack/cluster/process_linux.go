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

// identify reads the identity of a living process.
func identify(pid int) (process, error) {
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

// startTime is field 22 of /proc/<pid>/stat. Field 2, the program's name, may
// hold blanks and brackets, so that counting begins after its last bracket.
func startTime(stat string) (uint64, error) {
	end := strings.LastIndexByte(stat, ')')
	if end < 0 {
		return 0, errors.New("no program name in it")
	}
	fields := strings.Fields(stat[end+1:])
	const startTimeField = 22 - 3
	if len(fields) <= startTimeField {
		return 0, errors.New("too few fields in it")
	}
	return strconv.ParseUint(fields[startTimeField], 10, 64)
}

// alive tells whether this very process still runs.
func (p process) alive() bool {
	if p.PID <= 0 {
		return false
	}
	now, err := identify(p.PID)
	if err != nil || now != p {
		return false
	}
	// A process that has ended but was not yet waited for no longer runs.
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	if err != nil {
		return false
	}
	rest := strings.TrimSpace(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// kill ends this very process and waits until it is gone. The descriptor is
// taken before the check, so that the signal can't reach another process which
// got the same pid in between.
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
		return fmt.Errorf("ending process %d: %w", p.PID, err)
	}
	deadline := time.Now().Add(timeout)
	for p.alive() {
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d did not end within %s", p.PID, timeout)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}
