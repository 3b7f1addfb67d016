package api

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/services/internal/postgrestest"
	"github.com/atoll-dev/atoll/services/internal/problem"
	"github.com/atoll-dev/atoll/services/users/internal/store"
)

const ada = `{"name": "Ada Lovelace", "email": "ada@example.com"}`

func TestCreatedUserIsFoundAtItsLocation(t *testing.T) {
	service := newService(t)

	created := service.send(http.MethodPost, "/users", ada)
	user := decode[store.User](t, created, http.StatusCreated)
	if user.Name != "Ada Lovelace" || user.Email != "ada@example.com" || user.CreatedAt.IsZero() {
		t.Errorf("created %+v from %s", user, ada)
	}
	if version := user.ID.Version(); version != 7 {
		t.Errorf("the id has version %d, want 7", version)
	}
	read := decode[store.User](t, service.send(http.MethodGet, created.header.Get("Location"), ""), http.StatusOK)
	if diff := cmp.Diff(user, read); diff != "" {
		t.Errorf("read another user than was created (-created +read):\n%s", diff)
	}
}

func TestEmailIsUniqueWhateverItsCase(t *testing.T) {
	service := newService(t)
	decode[store.User](t, service.send(http.MethodPost, "/users", ada), http.StatusCreated)

	again := service.send(http.MethodPost, "/users", `{"name": "Another Ada", "email": "ADA@example.com"}`)
	refused := decode[problem.Problem](t, again, http.StatusConflict)
	if want := "https://atoll.dev/problems/email-taken"; refused.Type != want {
		t.Errorf("got problem type %q, want %q", refused.Type, want)
	}
	if diff := cmp.Diff([]problem.FieldError{{Pointer: "/email", Detail: "must be unique"}}, refused.Errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestOfEqualUsersAtOnceOneWins(t *testing.T) {
	service := newService(t)
	statuses := make([]int, 8)
	var requests sync.WaitGroup
	for i := range statuses {
		requests.Go(func() { statuses[i] = service.send(http.MethodPost, "/users", ada).status })
	}
	requests.Wait()

	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	want := map[int]int{http.StatusCreated: 1, http.StatusConflict: len(statuses) - 1}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("answers by status (-want +got):\n%s", diff)
	}
}

func TestPagesShowEveryUserOnceNewestFirst(t *testing.T) {
	service := newService(t)
	var want []string
	for i := range 5 {
		body := fmt.Sprintf(`{"name": "User %d", "email": "user%d@example.com"}`, i, i)
		user := decode[store.User](t, service.send(http.MethodPost, "/users", body), http.StatusCreated)
		want = append([]string{user.Name}, want...)
	}

	var got []string
	var sizes []int
	for path := "/users?limit=2"; path != ""; {
		page := decode[userList](t, service.send(http.MethodGet, path, ""), http.StatusOK)
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

func TestListOfNoneIsAnEmptyArray(t *testing.T) {
	got := newService(t).send(http.MethodGet, "/users", "")
	if want := `{"users":[]}` + "\n"; string(got.body) != want {
		t.Errorf("got %q, want %q", got.body, want)
	}
}

func TestOpenAPIIsServed(t *testing.T) {
	got := newService(t).send(http.MethodGet, "/openapi.yaml", "")
	if got.status != http.StatusOK || string(got.body) != string(openAPI(t)) {
		t.Errorf("got status %d and %d bytes", got.status, len(got.body))
	}
}

func TestBadRequestsSayWhatToDo(t *testing.T) {
	const unknownID = "01890a5d-ac96-774b-bcce-b302099a8057"
	tests := map[string]struct {
		method, path, body string
		contentType        string
		wantStatus         int
		wantDetail         string
		wantErrors         []problem.FieldError
	}{
		"unknown route": {
			method: http.MethodGet, path: "/nothing", wantStatus: http.StatusNotFound,
			wantDetail: "Nothing is served at /nothing; see /openapi.yaml.",
		},
		"wrong method": {
			method: http.MethodDelete, path: "/users", wantStatus: http.StatusMethodNotAllowed,
			wantDetail: "DELETE is not possible here; use GET, HEAD, POST.",
		},
		"unknown user": {
			method: http.MethodGet, path: "/users/" + unknownID, wantStatus: http.StatusNotFound,
			wantDetail: `No user has the id "` + unknownID + `".`,
		},
		"id that is no UUID": {
			method: http.MethodGet, path: "/users/42", wantStatus: http.StatusNotFound,
			wantDetail: `No user has the id "42".`,
		},
		"content type of a form": {
			method: http.MethodPost, path: "/users", body: ada, contentType: "application/x-www-form-urlencoded",
			wantStatus: http.StatusUnsupportedMediaType,
			wantDetail: "Send the body as application/json and say so in Content-Type.",
		},
		"body over the limit": {
			method: http.MethodPost, path: "/users", body: `{"name": "` + strings.Repeat("a", 65<<10) + `"}`,
			wantStatus: http.StatusRequestEntityTooLarge, wantDetail: "The body may have 65536 bytes at most.",
		},
		"truncated JSON": {
			method: http.MethodPost, path: "/users", body: `{"name": "Ada"`, wantStatus: http.StatusBadRequest,
			wantDetail: "The body is not one JSON value; at byte 14: unexpected end of JSON input.",
		},
		"two JSON values": {
			method: http.MethodPost, path: "/users", body: `{} {}`, wantStatus: http.StatusBadRequest,
			wantDetail: "The body is not one JSON value; at byte 4: invalid character '{' after top-level value.",
		},
		"unknown field": {
			method: http.MethodPost, path: "/users", body: `{"name": "Ada", "email": "ada@example.com", "admin": true}`,
			wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{{Pointer: "/admin", Detail: "is not a known field; remove it"}},
		},
		"field of another type": {
			method: http.MethodPost, path: "/users", body: `{"name": 7, "email": "ada@example.com"}`,
			wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{{Pointer: "/name", Detail: "must be a string, not number"}},
		},
		"body of another type": {
			method: http.MethodPost, path: "/users", body: `[]`, wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{{Detail: "must be an object, not array"}},
		},
		"every field missing": {
			method: http.MethodPost, path: "/users", body: `{}`, wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{
				{Pointer: "/name", Detail: "must have 1 to 200 printable characters, and not only spaces"},
				{Pointer: "/email", Detail: "must be one email address, such as ada@example.com"},
			},
		},
		"name with a zero byte, which PostgreSQL cannot store": {
			method: http.MethodPost, path: "/users", body: `{"name": "A\u0000", "email": "ada@example.com"}`,
			wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{
				{Pointer: "/name", Detail: "must have 1 to 200 printable characters, and not only spaces"},
			},
		},
		"email with a display name": {
			method: http.MethodPost, path: "/users", body: `{"name": "Ada", "email": "Ada <ada@example.com>"}`,
			wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{
				{Pointer: "/email", Detail: "must be one email address, such as ada@example.com"},
			},
		},
		"limit and cursor that are neither": {
			method: http.MethodGet, path: "/users?limit=1000&cursor=x", wantStatus: http.StatusBadRequest,
			wantErrors: []problem.FieldError{
				{Parameter: "limit", Detail: "must be a whole number from 1 to 200"},
				{Parameter: "cursor", Detail: "must be the next_cursor of the page before"},
			},
		},
	}
	service := newService(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			contentType := "application/json"
			if test.contentType != "" {
				contentType = test.contentType
			}
			got := service.send(test.method, test.path, test.body, "Content-Type", contentType)
			refused := decode[problem.Problem](t, got, test.wantStatus)

			if want := problem.ContentType; got.header.Get("Content-Type") != want {
				t.Errorf("got content type %q, want %q", got.header.Get("Content-Type"), want)
			}
			path, _, _ := strings.Cut(test.path, "?")
			if refused.Status != test.wantStatus || refused.Instance != path || refused.Title == "" || refused.Type == "" {
				t.Errorf("incomplete problem: %+v", refused)
			}
			if test.wantDetail != "" && refused.Detail != test.wantDetail {
				t.Errorf("got detail %q, want %q", refused.Detail, test.wantDetail)
			}
			if diff := cmp.Diff(test.wantErrors, refused.Errors); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDatabaseThatGoesAwayIsSaidSo(t *testing.T) {
	database := postgrestest.NewOutage(t)
	database.End(t)
	service := newServiceOn(t, database.URL)
	decode[userList](t, service.send(http.MethodGet, "/users", ""), http.StatusOK)

	database.Begin(t)
	got := service.send(http.MethodGet, "/users", "")
	decode[problem.Problem](t, got, http.StatusServiceUnavailable)
	if !regexp.MustCompile(`^[1-9][0-9]*$`).MatchString(got.header.Get("Retry-After")) {
		t.Errorf("got Retry-After %q, want seconds", got.header.Get("Retry-After"))
	}
}
