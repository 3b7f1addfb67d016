package processtest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/atoll-dev/atoll/services/internal/eventually"
)

func (s Service) requestInFlightFinishesAfterSIGTERM(t *testing.T) {
	var exported sync.Map
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		exported.Store(r.URL.Path, true)
	}))
	defer collector.Close()
	process := s.start(t, Migrated(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL)
	eventually.Holds(t, "ready", process.Ready(t))

	request := process.SendHalf(t, s.Collection, s.Creation, s.Headers...)
	eventually.Holds(t, "the request is in flight", process.answering(t))
	process.Terminate(t)
	eventually.Holds(t, "no new connections", func() bool {
		connection, err := net.Dial("tcp", process.Address)
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	})
	if status := request.Finish(t); status != http.StatusCreated {
		t.Errorf("the request in flight got status %d, want 201", status)
	}
	if err := process.Wait(t); err != nil {
		t.Errorf("the service exited with %v, want success", err)
	}
	if _, ok := exported.Load("/v1/traces"); !ok {
		t.Error("the trace of the request was not exported before the exit")
	}
}

func (s Service) unfinishedRequestDoesNotDelayTheExit(t *testing.T) {
	process := s.start(t, Migrated(t), "SHUTDOWN_TIMEOUT=10ms")
	process.SendHalf(t, s.Collection, s.Creation, s.Headers...)
	eventually.Holds(t, "the request is in flight", process.answering(t))
	process.Terminate(t)
	if err := process.Wait(t); err == nil {
		t.Error("the service exited with success although it aborted a request")
	}
}

// answering returns a condition that holds while one request is in flight.
func (p *Process) answering(t *testing.T) func() bool {
	return func() bool {
		_, metrics := p.Get(t, "/metrics")
		return strings.Contains(metrics, "\nhttp_requests_in_flight 1\n")
	}
}
