package apitest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// contract is a transport that checks each call against openapi.yaml. The document must describe each response,
// except 404 and 405 for an operation that it does not have. It must permit each request that succeeds.
type contract struct {
	t      *testing.T
	router routers.Router
}

func newContract(t *testing.T) contract {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(OpenAPI(t))
	if err != nil {
		t.Fatalf("loading openapi.yaml: %v", err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatalf("openapi.yaml is not valid: %v", err)
	}
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		t.Fatalf("building a router from openapi.yaml: %v", err)
	}
	return contract{t: t, router: router}
}

// OpenAPI returns the openapi.yaml of the service. Call it from a test in <service>/internal/api.
func OpenAPI(t *testing.T) []byte {
	t.Helper()
	document, err := os.ReadFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// RoundTrip implements http.RoundTripper.
func (c contract) RoundTrip(request *http.Request) (*http.Response, error) {
	var sent []byte
	if request.Body != nil {
		var err error
		if sent, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(bytes.NewReader(sent))
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	received, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(received))
	c.check(request, sent, response, received)
	return response, nil
}

func (c contract) check(request *http.Request, sent []byte, response *http.Response, received []byte) {
	c.t.Helper()
	described := request.Clone(c.t.Context())
	described.URL.Scheme, described.URL.Host = "", ""
	described.Body = io.NopCloser(bytes.NewReader(sent))
	route, parameters, err := c.router.FindRoute(described)
	if err != nil {
		if response.StatusCode != http.StatusNotFound && response.StatusCode != http.StatusMethodNotAllowed {
			c.t.Errorf("%s %s returned %d, but openapi.yaml does not describe this operation: %v",
				request.Method, request.URL.Path, response.StatusCode, err)
		}
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: described, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if response.StatusCode < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(c.t.Context(), input); err != nil {
			c.t.Errorf("%s %s returned %d, but openapi.yaml forbids the request: %v",
				request.Method, request.URL.Path, response.StatusCode, err)
		}
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 response.StatusCode,
		Header:                 response.Header,
		Options:                input.Options,
	}
	if err := openapi3filter.ValidateResponse(c.t.Context(), answer.SetBodyBytes(received)); err != nil {
		c.t.Errorf("the response to %s %s does not match openapi.yaml: %v", request.Method, request.URL.Path, err)
	}
}
