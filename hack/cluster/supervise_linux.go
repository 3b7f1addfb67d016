package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// runSupervise opens the ports on the host, starts the node in its own namespaces and
// remains its parent. When the supervisor exits for any reason, the kernel kills the
// node, and with it all processes, mounts and interfaces.
func runSupervise(context.Context, []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	unlock, err := c.lock("supervisor.lock")
	if err != nil {
		return err
	}
	defer unlock()

	// Pdeathsig is sent when the thread that started the child exits.
	runtime.LockOSThread()

	last, err := c.readRecord()
	if err != nil {
		return err
	}
	policies, err := wantsPolicies()
	if err != nil {
		return err
	}
	current := record{Ports: last.Ports.withDefaults(defaultPorts), Started: time.Now(), Policies: policies}
	listeners, err := current.Ports.listen()
	if err != nil {
		return err
	}
	if current.Supervisor, err = readProcess(os.Getpid()); err != nil {
		return err
	}
	if err := c.writeRecord(current); err != nil {
		return fmt.Errorf("writing the supervisor's record: %w", err)
	}

	node := exec.Command("/proc/self/exe", "init")
	node.Env = append(os.Environ(), "ATOLL_CACHE="+c.dir)
	node.Stdout, node.Stderr = os.Stdout, os.Stderr
	node.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
		Setsid:     true,
	}
	for _, listener := range listeners {
		file, err := listener.File()
		if err != nil {
			return fmt.Errorf("passing a listener to the node: %w", err)
		}
		node.ExtraFiles = append(node.ExtraFiles, file)
	}
	if err := node.Start(); err != nil {
		return fmt.Errorf("starting the node in its namespaces: %w", err)
	}
	if current.Node, err = readProcess(node.Process.Pid); err != nil {
		return errors.Join(err, node.Process.Kill())
	}
	if err := c.writeRecord(current); err != nil {
		return errors.Join(err, node.Process.Kill())
	}
	// Only the node accepts connections from here on.
	for i, listener := range listeners {
		listener.Close()
		node.ExtraFiles[i].Close()
	}
	return fmt.Errorf("the node exited: %w", node.Wait())
}

// detached starts a process in a new session, so that the caller's terminal can't
// interrupt it.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
