//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// logs are the logs of the controllers that run.
var logs []string

// startProcess starts a controller, and ends it when the calling container ends. The kernel ends it
// if the suite dies first.
func startProcess(name string, env []string, program string, args ...string) {
	GinkgoHelper()
	log, err := os.Create(filepath.Join(logFolder(), name+".log"))
	Expect(err).NotTo(HaveOccurred())
	command := exec.Command(program, args...)
	command.Stdout, command.Stderr = log, log
	command.Env = append(os.Environ(), env...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	Expect(command.Start()).To(Succeed())
	logs = append(logs, log.Name())
	exited := make(chan struct{})
	var ended error
	go func() {
		ended = command.Wait()
		close(exited)
	}()
	DeferCleanup(func(SpecContext) {
		defer log.Close()
		logs = nil
		select {
		case <-exited:
			Fail(name + " exited before the suite ended it: " + errors.Join(ended, errors.New(lastLines(log.Name()))).Error())
		default:
		}
		Expect(command.Process.Signal(syscall.SIGTERM)).To(Succeed())
		select {
		case <-exited:
		case <-time.After(20 * time.Second):
			Expect(command.Process.Kill()).To(Succeed())
			<-exited
		}
	}, NodeTimeout(time.Minute))
}

// printLogs prints the end of each log.
func printLogs() {
	for _, path := range logs {
		GinkgoWriter.Println(lastLines(path))
	}
}

// logFolder is the folder with the logs of the controllers, which stays.
func logFolder() string {
	GinkgoHelper()
	folder := filepath.Join(os.TempDir(), "atoll-test-gitops")
	Expect(os.MkdirAll(folder, 0o755)).To(Succeed())
	return folder
}

// lastLines returns the end of a file.
func lastLines(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return path + ":\n" + strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// freeAddress returns an address of the loopback interface without a listener.
func freeAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	return listener.Addr().String()
}
