package main

import (
	"errors"
	"io"
	"log"
	"net"
	"sync"
	"time"
)

// serveProxy copies bytes between the connections of a listener and a target.
func serveProxy(listener net.Listener, target string) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of descriptors, most likely: it passes when connections end.
			log.Printf("Accepting for %s failed: %v", target, err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go forward(conn, target)
	}
}

// forward joins a connection to a new one to the target. One side's end of
// writing is passed on alone, so that an answer may still come back.
func forward(conn net.Conn, target string) {
	defer conn.Close()
	upstream, err := net.DialTimeout("tcp", target, 5*time.Second)
	if err != nil {
		return
	}
	defer upstream.Close()

	var both sync.WaitGroup
	both.Go(func() { pump(upstream, conn) })
	both.Go(func() { pump(conn, upstream) })
	both.Wait()
}

// pump copies until the source ends its writing, and then ends that of the
// destination. When the destination is gone, the source is told to stop.
func pump(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		from.Close()
		return
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
