package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"
)

// dnsQuery asks a name server for the address of the root. An echo server sends it back.
const dnsQuery = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01"

// echo sends back what arrives on ports, by TCP and UDP, until ctx ends.
func echo(ctx context.Context, ports []string) error {
	var config net.ListenConfig
	for _, port := range ports {
		tcp, err := config.Listen(ctx, "tcp", ":"+port)
		if err != nil {
			return fmt.Errorf("listening: %w", err)
		}
		defer tcp.Close()
		udp, err := config.ListenPacket(ctx, "udp", ":"+port)
		if err != nil {
			return fmt.Errorf("listening: %w", err)
		}
		defer udp.Close()
		go echoStreams(tcp)
		go echoPackets(udp)
	}
	slog.Info("Listening", "ports", ports)
	<-ctx.Done()
	return nil
}

func echoStreams(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			_, _ = io.Copy(conn, conn)
		}()
	}
}

func echoPackets(conn net.PacketConn) {
	packet := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(packet)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			_, _ = conn.WriteTo(packet[:n], from)
		}
	}
}

// dial tries to reach all addresses at once and reports each one that it reaches. An address
// is like tcp/10.0.0.1:80. TCP reaches it if it accepts the connection, and UDP if it answers.
func dial(ctx context.Context, addresses []string, reached func(address string)) error {
	for _, address := range addresses {
		if network, _, found := strings.Cut(address, "/"); !found || network != "tcp" && network != "udp" {
			return fmt.Errorf("usage: notes dial tcp/host:port|udp/host:port..., got %q", address)
		}
	}
	var mu sync.Mutex
	var calls sync.WaitGroup
	for _, address := range addresses {
		network, at, _ := strings.Cut(address, "/")
		calls.Go(func() {
			if answers(ctx, network, at) {
				mu.Lock()
				defer mu.Unlock()
				reached(address)
			}
		})
	}
	calls.Wait()
	return nil
}

func answers(ctx context.Context, network, address string) bool {
	dialer := net.Dialer{Timeout: hostTimeout}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return false
	}
	defer conn.Close()
	if network == "tcp" {
		return true
	}
	// A packet may be lost, so it is sent three times.
	packet := make([]byte, 1500)
	for range 3 {
		_ = conn.SetDeadline(time.Now().Add(hostTimeout / 3))
		if _, err := io.WriteString(conn, dnsQuery); err != nil {
			continue
		}
		if _, err := conn.Read(packet); err == nil {
			return true
		}
	}
	return false
}
