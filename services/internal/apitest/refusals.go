package apitest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/services/internal/problem"
)

// BadRequest is a request that the API rejects, and the expected problem.
type BadRequest struct {
	Method, Path, Body string
	// Headers are pairs of a name and a value, beside the headers of every request.
	Headers    []string
	WantStatus int
	WantDetail string
	WantErrors []problem.FieldError
}

// Refuses sends each request with headers, and checks the problem in the response.
func (a API) Refuses(t *testing.T, tests map[string]BadRequest, headers ...string) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := a.Send(test.Method, test.Path, test.Body, append(slices.Clone(headers), test.Headers...)...)
			refused := Decode[problem.Problem](t, got, test.WantStatus)

			if want := problem.ContentType; got.Header.Get("Content-Type") != want {
				t.Errorf("got content type %q, want %q", got.Header.Get("Content-Type"), want)
			}
			path, _, _ := strings.Cut(test.Path, "?")
			if refused.Status != test.WantStatus || refused.Instance != path || refused.Title == "" || refused.Type == "" {
				t.Errorf("incomplete problem: %+v", refused)
			}
			if test.WantDetail != "" && refused.Detail != test.WantDetail {
				t.Errorf("got detail %q, want %q", refused.Detail, test.WantDetail)
			}
			if diff := cmp.Diff(test.WantErrors, refused.Errors); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

// RefusesMalformed checks the requests that every service rejects: an unknown route, and bodies that are not a JSON
// object or too large. creation is a valid body for a POST to collection.
func (a API) RefusesMalformed(t *testing.T, collection, creation string, headers ...string) {
	t.Helper()
	a.Refuses(t, map[string]BadRequest{
		"unknown route": {
			Method: http.MethodGet, Path: "/nothing", WantStatus: http.StatusNotFound,
			WantDetail: "Nothing is served at /nothing; see /openapi.yaml.",
		},
		"content type of a form": {
			Method: http.MethodPost, Path: collection, Body: creation,
			Headers:    []string{"Content-Type", "application/x-www-form-urlencoded"},
			WantStatus: http.StatusUnsupportedMediaType,
			WantDetail: "Send the body as application/json and say so in Content-Type.",
		},
		"content type of text": {
			Method: http.MethodPost, Path: collection, Body: creation, Headers: []string{"Content-Type", "text/plain"},
			WantStatus: http.StatusUnsupportedMediaType,
			WantDetail: "Send the body as application/json and say so in Content-Type.",
		},
		"body over the limit": {
			Method: http.MethodPost, Path: collection, Body: `{"name": "` + strings.Repeat("a", 65<<10) + `"}`,
			WantStatus: http.StatusRequestEntityTooLarge, WantDetail: "The body may have 65536 bytes at most.",
		},
		"no body": {
			Method: http.MethodPost, Path: collection, WantStatus: http.StatusBadRequest,
			WantDetail: "The body is not one JSON value; at byte 0: unexpected end of JSON input.",
		},
		"truncated JSON": {
			Method: http.MethodPost, Path: collection, Body: `{"name": "Ada"`, WantStatus: http.StatusBadRequest,
			WantDetail: "The body is not one JSON value; at byte 14: unexpected end of JSON input.",
		},
		"two JSON values": {
			Method: http.MethodPost, Path: collection, Body: `{} {}`, WantStatus: http.StatusBadRequest,
			WantDetail: "The body is not one JSON value; at byte 4: invalid character '{' after top-level value.",
		},
		"body of another type": {
			Method: http.MethodPost, Path: collection, Body: `[]`, WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{{Detail: "must be an object, not array"}},
		},
	}, headers...)
}
