package apitest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/services/internal/problem"
)

// BadRequest is a request that the API refuses, and how.
type BadRequest struct {
	Method, Path, Body string
	// Headers are pairs that come on top of those of every request.
	Headers    []string
	WantStatus int
	WantDetail string
	WantErrors []problem.FieldError
}

// Refuses sends each request, with headers, and checks the problem that answers it.
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
