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

// withServer runs a server for as long as use takes. It listens on a socket of
// its own alone, so that nobody takes it for the real one; env leads clients there.
func withServer(given []string, dir string, more []string, use func(env []string) error) error {
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
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	if err := listening(socket, ended); err != nil {
		return err
	}
	err = use([]string{"MYSQL_UNIX_PORT=" + socket})
	if stopErr := cmd.Process.Signal(syscall.SIGTERM); stopErr != nil {
		return errors.Join(err, stopErr)
	}
	return errors.Join(err, <-ended)
}

// listening waits until a server listens on a socket, or has ended.
func listening(socket string, ended <-chan error) error {
	for {
		if conn, err := net.Dial("unix", socket); err == nil {
			return conn.Close()
		}
		select {
		case err := <-ended:
			return errors.Join(errors.New(server+" ended before it listened"), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
