package main

import (
	"fmt"
	"net"
)

// ports holds the host's ports on 127.0.0.1 that lead to the cluster.
type ports struct {
	API      int `json:"api"`
	Registry int `json:"registry"`
	HTTP     int `json:"http"`
	HTTPS    int `json:"https"`
}

// defaultPorts holds the ports that are used if they are free.
var defaultPorts = ports{API: 6443, Registry: 5000, HTTP: 8080, HTTPS: 8443}

// portForward is a port on the host and its target address inside the node.
type portForward struct {
	port   *int
	target string
}

// forwards returns the forwarded ports in the order in which process 1 inherits their
// listeners.
func (p *ports) forwards() []portForward {
	return []portForward{
		{&p.API, "127.0.0.1:" + apiPort},
		{&p.Registry, "127.0.0.1:" + registryPort},
		{&p.HTTP, gatewayIP + ":80"},
		{&p.HTTPS, gatewayIP + ":443"},
	}
}

// withDefaults replaces unset ports with the defaults.
func (p ports) withDefaults(defaults ports) ports {
	have, fallback := p.forwards(), defaults.forwards()
	out := p
	for i, f := range out.forwards() {
		if *have[i].port == 0 {
			*f.port = *fallback[i].port
		}
	}
	return out
}

// listen opens every port on the host's loopback address. It replaces a port that is
// in use with a free one.
func (p *ports) listen() ([]*net.TCPListener, error) {
	var listeners []*net.TCPListener
	for _, f := range p.forwards() {
		listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: *f.port})
		if err != nil {
			listener, err = net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		}
		if err != nil {
			return nil, fmt.Errorf("listening for %s: %w", f.target, err)
		}
		*f.port = listener.Addr().(*net.TCPAddr).Port
		listeners = append(listeners, listener)
	}
	return listeners, nil
}

func (p ports) server() string   { return fmt.Sprintf("https://127.0.0.1:%d", p.API) }
func (p ports) gateway() string  { return fmt.Sprintf("http://127.0.0.1:%d", p.HTTP) }
func (p ports) registry() string { return fmt.Sprintf("localhost:%d", p.Registry) }
