// Package peertest runs a fake peer for the tests of its caller.
package peertest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// Serve serves a peer until the end of the test, and returns its URL.
func Serve(t testing.TB, peer http.Handler) url.URL {
	t.Helper()
	server := httptest.NewServer(peer)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return *address
}
