package main

import (
	"io"
	"net"
	"testing"
)

func TestProxyForwardsHalfClose(t *testing.T) {
	target := listenLocal(t)
	go func() {
		conn, err := target.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		// ReadAll returns after the client closes its write side.
		data, _ := io.ReadAll(conn)
		_, _ = conn.Write(append([]byte("got "), data...))
	}()
	front := listenLocal(t)
	go serveProxy(front, target.Addr().String())

	conn, err := net.Dial("tcp", front.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	response, err := io.ReadAll(conn)
	if err != nil || string(response) != "got hello" {
		t.Errorf("the response is %q, %v", response, err)
	}
}

func TestProxyClosesConnectionWithoutTarget(t *testing.T) {
	closed := listenLocal(t)
	address := closed.Addr().String()
	closed.Close()
	front := listenLocal(t)
	go serveProxy(front, address)
	conn, err := net.Dial("tcp", front.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes, want an error", n)
	}
}

func TestListenReplacesPortInUse(t *testing.T) {
	taken := listenLocal(t).Addr().(*net.TCPAddr).Port
	wanted := ports{API: taken}
	listeners, err := wanted.listen()
	if err != nil {
		t.Fatal(err)
	}
	for _, listener := range listeners {
		listener.Close()
	}
	if wanted.API == taken || wanted.API == 0 {
		t.Errorf("the API port is %d, want a free port other than %d", wanted.API, taken)
	}
}

func TestRecordedPortsOverrideDefaults(t *testing.T) {
	got := ports{HTTP: 9999}.withDefaults(defaultPorts)
	want := defaultPorts
	want.HTTP = 9999
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func listenLocal(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}
