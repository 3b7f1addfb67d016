package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/atoll-dev/atoll/hack/cluster/image/firststart"
)

// withTemporaryServer runs a server while use runs. The server listens only on a private
// socket, so that no client takes it for the real one; env points clients to the socket.
func withTemporaryServer(given []string, dir string, more []string, use func(env []string) error) error {
	private, err := os.MkdirTemp("", "init-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(private)
	socket := filepath.Join(private, "mysqld.sock")

	args := append(withoutDataFolder(given), "--datadir="+dir, "--socket="+socket, "--pid-file="+filepath.Join(private, "mysqld.pid"), "--skip-networking", "--skip-slave-start")
	cmd := firststart.Program{Name: server, Args: append(args, more...)}.Cmd()
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()

	if err := waitUntilListening(socket, exited); err != nil {
		return err
	}
	err = use([]string{"MYSQL_UNIX_PORT=" + socket})
	if stopErr := cmd.Process.Signal(syscall.SIGTERM); stopErr != nil {
		return errors.Join(err, stopErr)
	}
	return errors.Join(err, <-exited)
}

// waitUntilListening waits until a server listens on a socket or exits.
func waitUntilListening(socket string, exited <-chan error) error {
	for {
		if conn, err := net.Dial("unix", socket); err == nil {
			return conn.Close()
		}
		select {
		case err := <-exited:
			return errors.Join(errors.New(server+" exited before it listened"), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
