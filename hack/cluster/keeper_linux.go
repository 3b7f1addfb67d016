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
	// steady is how long a component must have run for its backoff to start anew.
	steady = 30 * time.Second
)

// keeper keeps the components running. As process 1 it also inherits every
// orphan of the node, so one loop waits for all children and tells those who
// started them.
type keeper struct {
	logDir string

	mu      sync.Mutex
	waiting map[int]chan syscall.WaitStatus
	born    chan struct{}
}

func newKeeper(logDir string) *keeper {
	return &keeper{logDir: logDir, waiting: map[int]chan syscall.WaitStatus{}, born: make(chan struct{}, 1)}
}

// run starts the components and never returns.
func (k *keeper) run(components []component) error {
	if err := os.MkdirAll(k.logDir, 0o755); err != nil {
		return err
	}
	for _, comp := range components {
		go k.keep(comp)
	}
	k.reap()
	return nil
}

// keep starts a component again and again, with a growing pause in between.
func (k *keeper) keep(comp component) {
	backoff := minBackoff
	for {
		for comp.waitFor != "" && !exists(comp.waitFor) {
			time.Sleep(50 * time.Millisecond)
		}
		began := time.Now()
		status, err := k.runOnce(comp)
		if time.Since(began) > steady {
			backoff = minBackoff
		}
		log.Printf("Component %s ended (%s); starting it again in %s", comp.name, describe(status, err), backoff)
		time.Sleep(backoff)
		backoff = min(2*backoff, maxBackoff)
	}
}

// runOnce runs a component until it ends.
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
	ended, err := k.start(program, append([]string{comp.name}, comp.args...), &syscall.ProcAttr{
		Dir:   "/",
		Env:   nodeEnv(),
		Files: []uintptr{null.Fd(), logFile.Fd(), logFile.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, err
	}
	return <-ended, nil
}

// start registers the child before the reaper can see its end.
func (k *keeper) start(program string, argv []string, attr *syscall.ProcAttr) (<-chan syscall.WaitStatus, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	pid, err := syscall.ForkExec(program, argv, attr)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	ended := make(chan syscall.WaitStatus, 1)
	k.waiting[pid] = ended
	select {
	case k.born <- struct{}{}:
	default:
	}
	return ended, nil
}

// reap waits for children, its own and the orphans it was left, for ever.
func (k *keeper) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			<-k.born // No child at all: wait for the next one.
			continue
		}
		k.mu.Lock()
		if ended, ok := k.waiting[pid]; ok {
			ended <- status
			delete(k.waiting, pid)
		}
		k.mu.Unlock()
	}
}

func describe(status syscall.WaitStatus, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case status.Signaled():
		return "signal: " + status.Signal().String()
	default:
		return fmt.Sprintf("exit status %d", status.ExitStatus())
	}
}

// nodeEnv is the whole environment of the components: nothing of the shell that
// called up, such as a proxy or a KUBECONFIG, reaches them.
func nodeEnv() []string {
	return []string{
		"PATH=" + nodePath + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		"LANG=C.UTF-8",
	}
}
