package main

import (
	"errors"
	"net"
	"path/filepath"
	"testing"
)

func TestWaitUntilListening(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	exited := make(chan error, 1)
	exited <- errors.New("exit status 1")
	if err := waitUntilListening(socket, exited); err == nil {
		t.Error("waitUntilListening returned no error for a server that exited")
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := waitUntilListening(socket, exited); err != nil {
		t.Errorf("waitUntilListening returned %v", err)
	}
}
