package main

import (
	"context"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"
)

func TestDialReachesWhatAnswers(t *testing.T) {
	port := freePort(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- echo(ctx, []string{port}) }()
	deadline := time.Now().Add(10 * time.Second)
	for !answers(ctx, "tcp", "127.0.0.1:"+port) || !answers(ctx, "udp", "127.0.0.1:"+port) {
		if time.Now().After(deadline) {
			t.Fatal("the server does not answer")
		}
	}

	closed := freePort(t)
	wanted := []string{"tcp/127.0.0.1:" + port, "udp/127.0.0.1:" + port}
	var got []string
	if err := dial(ctx, append(slices.Clone(wanted), "tcp/127.0.0.1:"+closed, "udp/127.0.0.1:"+closed), func(address string) { got = append(got, address) }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if !slices.Equal(got, wanted) {
		t.Errorf("dial reached %q, want %q", got, wanted)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("echo failed: %v", err)
	}
}

func TestDialRefusesOtherNetworks(t *testing.T) {
	for _, address := range []string{"127.0.0.1:80", "sctp/127.0.0.1:80"} {
		if err := dial(t.Context(), []string{address}, func(string) { t.Errorf("it reached %s", address) }); err == nil {
			t.Errorf("dial accepted %q", address)
		}
	}
}

// freePort returns a port that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}
