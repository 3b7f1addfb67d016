package processtest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/atoll-dev/atoll/services/internal/eventually"
)

func (s Service) requestsAreLoggedTracedAndCounted(t *testing.T) {
	process := s.start(t, Migrated(t))
	eventually.Holds(t, "ready", process.Ready(t))
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	const unknown = "/01890a5d-ac96-774b-bcce-b302099a8057"
	request, err := http.NewRequest(http.MethodGet, "http://"+process.Address+s.Collection+unknown, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()

	eventually.Holds(t, "one access log line, and none of probes", func() bool { return len(process.Logged("Answered")) == 1 })
	line := process.Logged("Answered")[0]
	want := map[string]any{"method": "GET", "route": s.Collection + "/{id}", "status": 404.0, "trace_id": traceID}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("the access log has %s %v, want %v", key, line[key], value)
		}
	}
	_, metrics := process.Get(t, "/metrics")
	for _, series := range []string{
		`http_request_duration_seconds_count{code="404",method="get",route="` + s.Collection + `/{id}"} 1`,
		"http_requests_in_flight 0",
		"pgxpool_max_conns 10",
	} {
		if !strings.Contains(metrics, "\n"+series+"\n") {
			t.Errorf("/metrics does not have %s", series)
		}
	}
}
