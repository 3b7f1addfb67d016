package main

import (
	"errors"
	"io"
	"log"
	"net"
	"sync"
	"time"
)

// serveProxy forwards the connections of a listener to a target.
func serveProxy(listener net.Listener, target string) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// The process probably has too many open files until connections end.
			log.Printf("Accepting for %s failed: %v", target, err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go proxyConnection(conn, target)
	}
}

// proxyConnection connects to the target and copies both directions. It forwards a
// half-close, so that the other side can still respond.
func proxyConnection(conn net.Conn, target string) {
	defer conn.Close()
	upstream, err := net.DialTimeout("tcp", target, 5*time.Second)
	if err != nil {
		return
	}
	defer upstream.Close()

	var both sync.WaitGroup
	both.Go(func() { copyStream(upstream, conn) })
	both.Go(func() { copyStream(conn, upstream) })
	both.Wait()
}

// copyStream copies until the source closes its write side, and then closes the write
// side of the destination. An error closes both connections.
func copyStream(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		from.Close()
		return
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
