package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/atoll-dev/atoll/services/internal/observability"
	"github.com/atoll-dev/atoll/services/internal/postgrestest"
	"github.com/atoll-dev/atoll/services/users/internal/store"
	"github.com/atoll-dev/atoll/services/users/migrations"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// service is the API on a database of its own, called through the contract.
type service struct {
	t      *testing.T
	url    string
	client *http.Client
}

func newService(t *testing.T) service {
	t.Helper()
	return newServiceOn(t, postgrestest.NewDatabase(t))
}

func newServiceOn(t *testing.T, databaseURL string) service {
	t.Helper()
	db := postgrestest.Open(t, databaseURL, migrations.Files)
	users := store.New(db)
	handler := observability.Instrument(New(users, openAPI(t)), observability.NewRegistry(db.Pool()))
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return service{t: t, url: server.URL, client: &http.Client{Transport: newContract(t)}}
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send calls the service; headers are pairs that come on top of a JSON content type.
func (s service) send(method, path, body string, headers ...string) answer {
	s.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, content)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	received, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{status: response.StatusCode, header: response.Header, body: received}
}

// decode reads the answer, which must have the status, into a T.
func decode[T any](t *testing.T, a answer, status int) T {
	t.Helper()
	if a.status != status {
		t.Fatalf("got status %d, want %d: %s", a.status, status, a.body)
	}
	var value T
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("decoding %s: %v", a.body, err)
	}
	return value
}
