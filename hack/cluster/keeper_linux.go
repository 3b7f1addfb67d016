package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	minBackoff = 300 * time.Millisecond
	maxBackoff = 5 * time.Second
	// backoffResetAfter is the run time after which a component's backoff is reset.
	backoffResetAfter = 30 * time.Second
)

// keeper restarts components that exit. Process 1 also inherits all orphaned processes
// of the node, so one loop waits for all children and forwards their exit status.
type keeper struct {
	logDir string

	mu sync.Mutex
	// exits has a channel for the exit status of each component, by pid.
	exits map[int]chan syscall.WaitStatus
	// started wakes up reap when it has no children.
	started chan struct{}
}

func newKeeper(logDir string) *keeper {
	return &keeper{logDir: logDir, exits: map[int]chan syscall.WaitStatus{}, started: make(chan struct{}, 1)}
}

// run starts the components and returns only an error.
func (k *keeper) run(components []component) error {
	if err := os.MkdirAll(k.logDir, 0o755); err != nil {
		return err
	}
	for _, comp := range components {
		go k.keepRunning(comp)
	}
	k.reap()
	return nil
}

// keepRunning restarts a component with exponential backoff.
func (k *keeper) keepRunning(comp component) {
	backoff := minBackoff
	for {
		for comp.waitFor != "" && !exists(comp.waitFor) {
			time.Sleep(50 * time.Millisecond)
		}
		begin := time.Now()
		status, err := k.runOnce(comp)
		if time.Since(begin) > backoffResetAfter {
			backoff = minBackoff
		}
		log.Printf("Component %s exited (%s); restarting it in %s", comp.name, describeExit(status, err), backoff)
		time.Sleep(backoff)
		backoff = min(2*backoff, maxBackoff)
	}
}

// runOnce runs a component until it exits.
func (k *keeper) runOnce(comp component) (syscall.WaitStatus, error) {
	logFile, err := os.OpenFile(filepath.Join(k.logDir, comp.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer logFile.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()

	program := filepath.Join(nodePath, comp.name)
	if comp.self {
		program = "/proc/self/exe"
	}
	exited, err := k.start(program, append([]string{comp.name}, comp.args...), &syscall.ProcAttr{
		Dir:   "/",
		Env:   nodeEnv(),
		Files: []uintptr{null.Fd(), logFile.Fd(), logFile.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, err
	}
	return <-exited, nil
}

// start starts a child. It holds the lock, so that reap can't see the exit first.
func (k *keeper) start(program string, argv []string, attr *syscall.ProcAttr) (<-chan syscall.WaitStatus, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	pid, err := syscall.ForkExec(program, argv, attr)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	exited := make(chan syscall.WaitStatus, 1)
	k.exits[pid] = exited
	select {
	case k.started <- struct{}{}:
	default:
	}
	return exited, nil
}

// reap waits for started children and inherited orphans in an endless loop.
func (k *keeper) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			<-k.started // There is no child; wait for the next one.
			continue
		}
		k.mu.Lock()
		if exited, ok := k.exits[pid]; ok {
			exited <- status
			delete(k.exits, pid)
		}
		k.mu.Unlock()
	}
}

func describeExit(status syscall.WaitStatus, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case status.Signaled():
		return "signal: " + status.Signal().String()
	default:
		return fmt.Sprintf("exit code %d", status.ExitStatus())
	}
}

// nodeEnv returns the complete environment of the components. They inherit nothing from
// the shell that ran up, such as a proxy or KUBECONFIG.
func nodeEnv() []string {
	return []string{
		"PATH=" + nodePath + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		"LANG=C.UTF-8",
	}
}
