package main

import (
	"fmt"
	"net"
)

// ports are where the host reaches the cluster, all on 127.0.0.1.
type ports struct {
	API      int `json:"api"`
	Registry int `json:"registry"`
	HTTP     int `json:"http"`
	HTTPS    int `json:"https"`
}

// defaultPorts are taken when they are free.
var defaultPorts = ports{API: 6443, Registry: 5000, HTTP: 8080, HTTPS: 8443}

// entrance is a port on the host and the address inside the node that it leads to.
type entrance struct {
	port   *int
	target string
}

// entrances lists the ports in the order in which their listeners are handed on.
func (p *ports) entrances() []entrance {
	return []entrance{
		{&p.API, "127.0.0.1:" + apiPort},
		{&p.Registry, "127.0.0.1:" + registryPort},
		{&p.HTTP, gatewayIP + ":80"},
		{&p.HTTPS, gatewayIP + ":443"},
	}
}

// or takes the ports of another set where this one names none.
func (p ports) or(other ports) ports {
	have, fallback := p.entrances(), other.entrances()
	out := p
	for i, e := range out.entrances() {
		if *have[i].port == 0 {
			*e.port = *fallback[i].port
		}
	}
	return out
}

// listen opens every port on the host's loopback. One that is taken is replaced
// by a free one.
func (p *ports) listen() ([]*net.TCPListener, error) {
	var listeners []*net.TCPListener
	for _, e := range p.entrances() {
		listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: *e.port})
		if err != nil {
			listener, err = net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		}
		if err != nil {
			return nil, fmt.Errorf("listening for %s: %w", e.target, err)
		}
		*e.port = listener.Addr().(*net.TCPAddr).Port
		listeners = append(listeners, listener)
	}
	return listeners, nil
}

func (p ports) server() string   { return fmt.Sprintf("https://127.0.0.1:%d", p.API) }
func (p ports) gateway() string  { return fmt.Sprintf("http://127.0.0.1:%d", p.HTTP) }
func (p ports) registry() string { return fmt.Sprintf("localhost:%d", p.Registry) }
