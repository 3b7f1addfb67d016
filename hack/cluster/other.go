//go:build !linux

package main

import (
	"context"
	"errors"
	"syscall"
	"time"
)

var errLinuxOnly = errors.New("the local cluster runs on Linux only")

func runSupervise(context.Context, []string) error { return errLinuxOnly }

func runInit(context.Context, []string) error { return errLinuxOnly }

func (p process) alive() bool { return false }

func (p process) kill(time.Duration) error { return nil }

func cgroupRoots() []string { return nil }

func detached() *syscall.SysProcAttr { return nil }
