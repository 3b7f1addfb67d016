// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package enginetest runs the scripts of engines with fake servers.
package enginetest

import (
	"bytes"
	_ "embed"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

var (
	//go:embed fake-engine.sh
	fakeEngine string
	//go:embed fake-entrypoint.sh
	fakeEntryPoint string
)

// Machine is a folder in which scripts run as they would in their container.
type Machine struct {
	T   *testing.T
	Dir string
}

// NewMachine returns a machine with the commands of all engines.
func NewMachine(t *testing.T) *Machine {
	t.Helper()
	for _, tool := range []string{"sh", "sha256sum", "find", "gzip", "cut", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the scripts need %s: install it", tool)
		}
	}
	m := &Machine{t, t.TempDir()}
	for _, folder := range []string{"bin", "backup", "scratch", "home"} {
		if err := os.Mkdir(filepath.Join(m.Dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.install("docker-entrypoint.sh", fakeEntryPoint)
	for _, command := range []string{"date", "id", "sleep", "psql", "pg_dump", "pg_restore", "mariadb", "mariadb-dump", "valkey-cli", "valkey-server", "valkey-check-rdb", "pg_isready", "mariadb-admin", "rclone"} {
		m.install(command, fakeEngine)
	}
	return m
}

func (m *Machine) install(command, script string) {
	m.T.Helper()
	if err := os.WriteFile(filepath.Join(m.Dir, "bin", command), []byte(script), 0o755); err != nil {
		m.T.Fatal(err)
	}
}

// Run runs a container, with more variables, and returns its output and whether it
// succeeded.
func (m *Machine) Run(c *corev1.Container, env ...string) (output string, succeeded bool) {
	m.T.Helper()
	script := strings.NewReplacer(
		"/backup/", m.Dir+"/backup/", "/scratch/", m.Dir+"/scratch/", "dir /scratch", "dir "+m.Dir+"/scratch", "/dev/termination-log", m.Dir+"/report",
	).Replace(c.Command[2])
	// The arguments follow the script's name.
	args := append([]string{c.Command[1], script, "container"}, c.Args...)
	command := exec.CommandContext(m.T.Context(), c.Command[0], args...)
	command.Env = []string{"PATH=" + m.Dir + "/bin:" + os.Getenv("PATH"), "FAKE=" + m.Dir}
	for _, v := range c.Env {
		value := v.Value
		if v.ValueFrom != nil {
			value = "secret"
		}
		command.Env = append(command.Env, v.Name+"="+value)
	}
	command.Env = append(command.Env, env...)
	var all bytes.Buffer
	command.Stdout, command.Stderr = &all, &all
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.T.Fatal(err)
	}
	return all.String(), err == nil
}

// Read returns the content of a file; empty if it does not exist.
func (m *Machine) Read(path ...string) string {
	m.T.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{m.Dir}, path...)...))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.T.Fatal(err)
	}
	return string(text)
}

// Write writes a file and creates its folder.
func (m *Machine) Write(text string, path ...string) {
	m.T.Helper()
	file := filepath.Join(append([]string{m.Dir}, path...)...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		m.T.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		m.T.Fatal(err)
	}
}
