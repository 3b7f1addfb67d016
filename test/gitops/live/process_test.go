//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// startProcess starts a controller, and ends it when the calling container ends. The kernel ends it
// if the suite dies first. A failure prints the end of its log.
func startProcess(name string, env []string, program string, args ...string) {
	GinkgoHelper()
	log, err := os.Create(filepath.Join(logFolder(), name+".log"))
	Expect(err).NotTo(HaveOccurred())
	command := exec.Command(program, args...)
	command.Stdout, command.Stderr = log, log
	command.Env = append(os.Environ(), env...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	Expect(command.Start()).To(Succeed())
	exited := make(chan error, 1)
	go func() { exited <- command.Wait() }()
	DeferCleanup(func(ctx SpecContext) {
		defer log.Close()
		if CurrentSpecReport().Failed() {
			AddReportEntry("the end of the log of "+name+" ("+log.Name()+")", lastLines(log.Name()))
		}
		select {
		case err := <-exited:
			Fail(name + " exited before the suite ended it: " + errors.Join(err, errors.New(lastLines(log.Name()))).Error())
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

// logFolder is the folder with the logs of the controllers, which stays.
func logFolder() string {
	GinkgoHelper()
	folder := filepath.Join(os.TempDir(), "atoll-test-gitops")
	Expect(os.MkdirAll(folder, 0o755)).To(Succeed())
	return folder
}

func lastLines(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// freeAddress returns an address of the loopback interface without a listener.
func freeAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	return listener.Addr().String()
}

// eventuallyListens waits until a process listens.
func eventuallyListens(ctx context.Context, address string) {
	GinkgoHelper()
	Eventually(ctx, func() error {
		connection, err := net.Dial("tcp4", address)
		if err == nil {
			err = connection.Close()
		}
		return err
	}).WithTimeout(time.Minute).Should(Succeed(), "nothing listens on "+address)
}

func portOf(address string) int {
	_, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	return number
}
