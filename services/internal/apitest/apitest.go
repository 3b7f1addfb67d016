// Package apitest calls the API of a service in tests, and checks each response against openapi.yaml.
package apitest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/atoll-dev/atoll/services/internal/observability"
	"github.com/atoll-dev/atoll/services/internal/postgres"
)

// API is a running API. Each call is checked against the contract.
type API struct {
	t      *testing.T
	url    string
	client *http.Client
}

// Serve serves an API on its database until the end of the test.
func Serve(t *testing.T, api http.Handler, db *postgres.DB) API {
	t.Helper()
	server := httptest.NewServer(observability.Instrument(observability.NewRegistry(db.Pool()))(api))
	t.Cleanup(server.Close)
	return API{t: t, url: server.URL, client: &http.Client{Transport: newContract(t)}}
}

// Answer is a response with its body.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send sends a request with a JSON content type. headers are pairs of a name and a value, and may replace it.
func (a API) Send(method, path, body string, headers ...string) Answer {
	a.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, content)
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := a.client.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	received, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: received}
}

// Decode checks the status of the answer and decodes its body as a T.
func Decode[T any](t *testing.T, a Answer, status int) T {
	t.Helper()
	if a.Status != status {
		t.Fatalf("got status %d, want %d: %s", a.Status, status, a.Body)
	}
	var value T
	decoder := json.NewDecoder(bytes.NewReader(a.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("decoding %s: %v", a.Body, err)
	}
	return value
}
