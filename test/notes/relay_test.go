package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// startRelay serves a relay on loopback and returns its URLs for HTTP and gRPC.
func startRelay(t *testing.T, pod string, to ...string) (overHTTP, overGRPC string) {
	t.Helper()
	r, err := newRelay(pod, strings.Join(to, ","))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	web := httptest.NewServer(r.handler())
	t.Cleanup(web.Close)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := r.grpcServer()
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return web.URL, "dns:///" + listener.Addr().String()
}

func TestRelay(t *testing.T) {
	_, leaf := startRelay(t, "leaf")
	_, inner := startRelay(t, "inner", leaf)
	plain, _ := startRelay(t, "plain")
	_, broken := startRelay(t, "broken", "dns:///127.0.0.1:1")
	for name, test := range map[string]struct {
		to         []string
		wantStatus int
		want       string
	}{
		"calls no service":             {nil, http.StatusOK, "{}\n"},
		"calls over HTTP":              {[]string{plain}, http.StatusOK, `{"` + plain + `":"plain"}` + "\n"},
		"calls over gRPC, and further": {[]string{inner}, http.StatusOK, `{"` + inner + `":"inner"}` + "\n"},
		"reports a failure far away":   {[]string{plain, broken}, http.StatusBadGateway, "calling dns:///127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := newRelay("root", strings.Join(test.to, ","))
			if err != nil {
				t.Fatal(err)
			}
			defer r.close()
			status, body := call(t, r.handler(), http.MethodGet, "/relay", "")
			if status != test.wantStatus || !strings.Contains(body, test.want) {
				t.Errorf("got %d %q, want %d and %q", status, body, test.wantStatus, test.want)
			}
		})
	}
}

func TestRelayRefusesOtherURLs(t *testing.T) {
	if _, err := newRelay("root", "tcp://users:80"); err == nil {
		t.Error("newRelay accepted tcp://users:80")
	}
}
