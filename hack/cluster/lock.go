package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lock locks out other runs of this tool on the same cache and prints a message when it
// must wait. The kernel releases the lock when this process dies.
func (c cache) lock(name string) (unlock func(), err error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return nil, fmt.Errorf("creating the cache folder: %w; set ATOLL_CACHE to choose another", err)
	}
	file, err := os.OpenFile(c.path(name), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	fd := int(file.Fd())
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err == unix.EWOULDBLOCK {
		fmt.Fprintf(os.Stderr, "waiting for another run of this tool that uses %s\n", c.dir)
		for {
			err = unix.Flock(fd, unix.LOCK_EX)
			if err != unix.EINTR {
				break
			}
		}
		if err != nil {
			file.Close()
			return nil, fmt.Errorf("waiting for the lock: %w", err)
		}
	} else if err != nil {
		file.Close()
		return nil, fmt.Errorf("taking the lock: %w", err)
	}
	return func() { file.Close() }, nil
}
