// Package api handles the requests that openapi.yaml describes.
package api

import (
	"errors"
	"net/http"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/problem"
	"github.com/atoll-dev/atoll/services/internal/rest"
	"github.com/atoll-dev/atoll/services/users/internal/store"
)

const (
	maxName  = 200
	maxEmail = 254 // RFC 5321, section 4.5.3.1.3.
)

// API serves users.
type API struct {
	store *store.Store
}

// New returns the handler of the API. It also serves the document openAPI.
func New(users *store.Store, openAPI []byte) http.Handler {
	api := API{store: users}
	router := rest.NewRouter(postgres.Unavailable)
	router.Handle("POST /users", api.create)
	router.Handle("GET /users", api.list)
	router.Handle("GET /users/{id}", rest.Resource("user", store.ErrNotFound, users.User))
	router.Handle("GET /openapi.yaml", rest.Document(openAPI))
	return router
}

type userRequest struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type userList struct {
	Users      []store.User `json:"users"`
	NextCursor string       `json:"next_cursor,omitempty"`
}

func (a API) create(w http.ResponseWriter, r *http.Request) error {
	var request userRequest
	if err := rest.Decode(r, &request); err != nil {
		return err
	}
	if err := request.validate(); err != nil {
		return err
	}
	user, err := a.store.CreateUser(r.Context(), request.Name, request.Email)
	if errors.Is(err, store.ErrEmailTaken) {
		taken := problem.Typed(http.StatusConflict, "email-taken", "Email address taken",
			"Another user has this email address; use a different one.")
		taken.Errors = []problem.FieldError{{Pointer: "/email", Detail: "must be unique"}}
		return taken
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/users/"+user.ID.String())
	return rest.Write(w, http.StatusCreated, user)
}

func (a API) list(w http.ResponseWriter, r *http.Request) error {
	page, err := rest.PageOf(r)
	if err != nil {
		return err
	}
	users, err := a.store.Users(r.Context(), page.Before, page.Limit+1)
	if err != nil {
		return err
	}
	shown, next := rest.Cut(page, users, func(user store.User) uuid.UUID { return user.ID })
	return rest.Write(w, http.StatusOK, userList{Users: shown, NextCursor: next})
}

func (u userRequest) validate() error {
	var fields rest.Validation
	fields.Check(validName(u.Name), "/name", "must have 1 to 200 printable characters, and not only spaces")
	fields.Check(validEmail(u.Email), "/email", "must be one email address, such as ada@example.com")
	return fields.Err()
}

func validName(name string) bool {
	return strings.TrimSpace(name) != "" && utf8.RuneCountInString(name) <= maxName && printable(name)
}

// validEmail checks only the syntax. Only a delivered mail proves that the address exists.
func validEmail(email string) bool {
	address, err := mail.ParseAddress(email)
	return err == nil && address.Address == email && len(email) <= maxEmail && printable(email)
}

// printable is false for U+0000 too, which PostgreSQL cannot store.
func printable(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
