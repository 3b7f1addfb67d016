package main

import (
	"errors"
	"net"
	"path/filepath"
	"testing"
)

func TestListening(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	ended := make(chan error, 1)
	ended <- errors.New("exit status 1")
	if err := listening(socket, ended); err == nil {
		t.Error("a server that has ended listens")
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := listening(socket, ended); err != nil {
		t.Errorf("listening returned %v", err)
	}
}
