package api

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/services/internal/apitest"
	"github.com/atoll-dev/atoll/services/internal/postgrestest"
	"github.com/atoll-dev/atoll/services/internal/problem"
	"github.com/atoll-dev/atoll/services/users/internal/store"
)

const ada = `{"name": "Ada Lovelace", "email": "ada@example.com"}`

func TestCreatedUserIsFoundAtItsLocation(t *testing.T) {
	service := newService(t)

	created := service.Send(http.MethodPost, "/users", ada)
	user := apitest.FoundAtItsLocation[store.User](t, service, created)
	if user.Name != "Ada Lovelace" || user.Email != "ada@example.com" || user.CreatedAt.IsZero() {
		t.Errorf("created %+v from %s", user, ada)
	}
	if version := user.ID.Version(); version != 7 {
		t.Errorf("the id has version %d, want 7", version)
	}
}

func TestEmailIsUniqueIgnoringCase(t *testing.T) {
	service := newService(t)
	apitest.Decode[store.User](t, service.Send(http.MethodPost, "/users", ada), http.StatusCreated)

	again := service.Send(http.MethodPost, "/users", `{"name": "Another Ada", "email": "ADA@example.com"}`)
	refused := apitest.Decode[problem.Problem](t, again, http.StatusConflict)
	if want := "https://atoll.dev/problems/email-taken"; refused.Type != want {
		t.Errorf("got problem type %q, want %q", refused.Type, want)
	}
	if diff := cmp.Diff([]problem.FieldError{{Pointer: "/email", Detail: "must be unique"}}, refused.Errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestOnlyOneOfEqualConcurrentUsersIsCreated(t *testing.T) {
	service := newService(t)
	got := apitest.AtOnce(8, func(int) apitest.Answer { return service.Send(http.MethodPost, "/users", ada) })
	want := map[int]int{http.StatusCreated: 1, http.StatusConflict: 7}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("responses by status (-want +got):\n%s", diff)
	}
}

func TestPagesListEveryUserOnceNewestFirst(t *testing.T) {
	service := newService(t)
	var want []string
	for i := range 5 {
		body := fmt.Sprintf(`{"name": "User %d", "email": "user%d@example.com"}`, i, i)
		user := apitest.Decode[store.User](t, service.Send(http.MethodPost, "/users", body), http.StatusCreated)
		want = append([]string{user.Name}, want...)
	}

	var got []string
	var sizes []int
	for path := "/users?limit=2"; path != ""; {
		page := apitest.Decode[userList](t, service.Send(http.MethodGet, path, ""), http.StatusOK)
		for _, user := range page.Users {
			got = append(got, user.Name)
		}
		sizes = append(sizes, len(page.Users))
		path = ""
		if page.NextCursor != "" {
			path = "/users?limit=2&cursor=" + page.NextCursor
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("users over all pages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{2, 2, 1}, sizes); diff != "" {
		t.Errorf("page sizes (-want +got):\n%s", diff)
	}
}

func TestEmptyListIsAnEmptyArray(t *testing.T) {
	got := newService(t).Send(http.MethodGet, "/users", "")
	if want := `{"users":[]}` + "\n"; string(got.Body) != want {
		t.Errorf("got %q, want %q", got.Body, want)
	}
}

func TestOpenAPIIsServed(t *testing.T) {
	got := newService(t).Send(http.MethodGet, "/openapi.yaml", "")
	if got.Status != http.StatusOK || string(got.Body) != string(apitest.OpenAPI(t)) {
		t.Errorf("got status %d and %d bytes", got.Status, len(got.Body))
	}
}

func TestBadRequestsAreRejectedWithAdvice(t *testing.T) {
	const unknownID = "01890a5d-ac96-774b-bcce-b302099a8057"
	tests := map[string]apitest.BadRequest{
		"wrong method": {
			Method: http.MethodDelete, Path: "/users", WantStatus: http.StatusMethodNotAllowed,
			WantDetail: "DELETE is not possible here; use GET, HEAD, POST.",
		},
		"unknown user": {
			Method: http.MethodGet, Path: "/users/" + unknownID, WantStatus: http.StatusNotFound,
			WantDetail: `No user has the id "` + unknownID + `".`,
		},
		"id that is not a UUID": {
			Method: http.MethodGet, Path: "/users/42", WantStatus: http.StatusNotFound,
			WantDetail: `No user has the id "42".`,
		},
		"unknown field": {
			Method: http.MethodPost, Path: "/users", Body: `{"name": "Ada", "email": "ada@example.com", "admin": true}`,
			WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{{Pointer: "/admin", Detail: "is not a known field; remove it"}},
		},
		"field of another type": {
			Method: http.MethodPost, Path: "/users", Body: `{"name": 7, "email": "ada@example.com"}`,
			WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{{Pointer: "/name", Detail: "must be a string, not number"}},
		},
		"every field missing": {
			Method: http.MethodPost, Path: "/users", Body: `{}`, WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{
				{Pointer: "/name", Detail: "must have 1 to 200 printable characters, and not only spaces"},
				{Pointer: "/email", Detail: "must be one email address, such as ada@example.com"},
			},
		},
		"name with a zero byte, which PostgreSQL cannot store": {
			Method: http.MethodPost, Path: "/users", Body: `{"name": "A\u0000", "email": "ada@example.com"}`,
			WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{
				{Pointer: "/name", Detail: "must have 1 to 200 printable characters, and not only spaces"},
			},
		},
		"email with a display name": {
			Method: http.MethodPost, Path: "/users", Body: `{"name": "Ada", "email": "Ada <ada@example.com>"}`,
			WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{
				{Pointer: "/email", Detail: "must be one email address, such as ada@example.com"},
			},
		},
		"invalid limit and cursor": {
			Method: http.MethodGet, Path: "/users?limit=1000&cursor=x", WantStatus: http.StatusBadRequest,
			WantErrors: []problem.FieldError{
				{Parameter: "limit", Detail: "must be a whole number from 1 to 200"},
				{Parameter: "cursor", Detail: "must be the next_cursor of the page before"},
			},
		},
	}
	service := newService(t)
	service.Refuses(t, tests)
	service.RefusesMalformed(t, "/users", ada)
}

func TestDatabaseOutageIsReported(t *testing.T) {
	database := postgrestest.NewOutage(t)
	database.End(t)
	service := newServiceOn(t, database.URL)
	apitest.Decode[userList](t, service.Send(http.MethodGet, "/users", ""), http.StatusOK)

	database.Begin(t)
	got := service.Send(http.MethodGet, "/users", "")
	apitest.Decode[problem.Problem](t, got, http.StatusServiceUnavailable)
	if !regexp.MustCompile(`^[1-9][0-9]*$`).MatchString(got.Header.Get("Retry-After")) {
		t.Errorf("got Retry-After %q, want seconds", got.Header.Get("Retry-After"))
	}
}
