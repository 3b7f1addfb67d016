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

// runSupervise opens the ports on the host, starts the node in namespaces of its
// own and stays as its parent: when the supervisor ends, however it ends, the
// kernel ends the node, and with the node every process, mount and interface.
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

	// The kernel watches the thread that starts the child, not the process.
	runtime.LockOSThread()

	last, err := c.readRecord()
	if err != nil {
		return err
	}
	current := record{Ports: last.Ports.or(defaultPorts), Started: time.Now()}
	listeners, err := current.Ports.listen()
	if err != nil {
		return err
	}
	if current.Supervisor, err = identify(os.Getpid()); err != nil {
		return err
	}
	if err := c.writeRecord(current); err != nil {
		return fmt.Errorf("recording the supervisor: %w", err)
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
			return fmt.Errorf("handing on a listener: %w", err)
		}
		node.ExtraFiles = append(node.ExtraFiles, file)
	}
	if err := node.Start(); err != nil {
		return fmt.Errorf("starting the node in its namespaces: %w", err)
	}
	if current.Node, err = identify(node.Process.Pid); err != nil {
		return errors.Join(err, node.Process.Kill())
	}
	if err := c.writeRecord(current); err != nil {
		return errors.Join(err, node.Process.Kill())
	}
	// From here on the node alone accepts.
	for i, listener := range listeners {
		listener.Close()
		node.ExtraFiles[i].Close()
	}
	return fmt.Errorf("the node ended: %w", node.Wait())
}

// detached takes a process out of the caller's session: neither its terminal nor
// an interrupt from the keyboard reaches it.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
