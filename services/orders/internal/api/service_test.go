package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atoll-dev/atoll/services/internal/observability"
	"github.com/atoll-dev/atoll/services/internal/peer"
	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/postgrestest"
	"github.com/atoll-dev/atoll/services/orders/internal/store"
	"github.com/atoll-dev/atoll/services/orders/internal/users"
	"github.com/atoll-dev/atoll/services/orders/migrations"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// service is the API on a database of its own, called through the contract.
type service struct {
	t      *testing.T
	url    string
	client *http.Client
	db     *postgres.DB
	users  *fakeUsers
}

// budget is what checking a user may take here, less than by default to keep the tests fast.
const budget = 600 * time.Millisecond

func newService(t *testing.T) service {
	t.Helper()
	fake := newFakeUsers(t)
	usersPeer, err := peer.New("users", peer.Config{
		URL: fake.url, Budget: budget, AttemptTimeout: budget / 4, BreakerDelay: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	db := postgrestest.Open(t, postgrestest.NewDatabase(t), migrations.Files)
	orders := store.New(db)
	registry := observability.NewRegistry(db.Pool())
	server := httptest.NewServer(observability.Instrument(New(orders, users.New(usersPeer), openAPI(t)), registry))
	t.Cleanup(server.Close)
	return service{
		t: t, url: server.URL, client: &http.Client{Transport: newContract(t)},
		db: db, users: fake,
	}
}

// fakeUsers has every user but one, until it is told to fail.
type fakeUsers struct {
	url     url.URL
	asked   atomic.Int64
	failure atomic.Pointer[http.HandlerFunc]
}

// nobody is the id of no user.
const nobody = "01890a5d-ac96-774b-bcce-b302099a8057"

func newFakeUsers(t *testing.T) *fakeUsers {
	t.Helper()
	f := &fakeUsers{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.asked.Add(1)
		if failure := f.failure.Load(); failure != nil {
			(*failure)(w, r)
			return
		}
		if r.URL.Path == "/users/"+nobody {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	f.url = *address
	return f
}

func (f *fakeUsers) fail(how http.HandlerFunc) { f.failure.Store(&how) }

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
