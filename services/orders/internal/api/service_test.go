package api

import (
	"net/http"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atoll-dev/atoll/services/internal/apitest"
	"github.com/atoll-dev/atoll/services/internal/eventually"
	"github.com/atoll-dev/atoll/services/internal/peer"
	"github.com/atoll-dev/atoll/services/internal/peertest"
	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/postgrestest"
	"github.com/atoll-dev/atoll/services/orders/internal/store"
	"github.com/atoll-dev/atoll/services/orders/internal/users"
	"github.com/atoll-dev/atoll/services/orders/migrations"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// service is the API with its own database.
type service struct {
	apitest.API
	// internal is what other services call.
	internal apitest.API
	db       *postgres.DB
	users    *fakeUsers
}

// newService returns a service with a budget that also suffices on a busy machine.
func newService(t *testing.T) service {
	t.Helper()
	return newServiceWithin(t, eventually.Patience)
}

// newServiceWithin returns a service with a budget for the check of a user.
func newServiceWithin(t *testing.T, budget time.Duration) service {
	t.Helper()
	fake := newFakeUsers(t)
	usersPeer, err := peer.New("users", peer.Config{
		URL: fake.url, Budget: budget, AttemptTimeout: budget / 4, BreakerDelay: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	db := postgrestest.Open(t, postgrestest.NewDatabase(t), migrations.Files)
	public, internal := New(store.New(db), users.New(usersPeer), apitest.OpenAPI(t))
	return service{API: apitest.Serve(t, public, db), internal: apitest.Serve(t, internal, db), db: db, users: fake}
}

// fakeUsers is a users service that has every user except unknownUser. A test can make it fail.
type fakeUsers struct {
	url     url.URL
	asked   atomic.Int64
	failure atomic.Pointer[http.HandlerFunc]
}

// unknownUser is an id that no user has.
const unknownUser = "01890a5d-ac96-774b-bcce-b302099a8057"

func newFakeUsers(t *testing.T) *fakeUsers {
	t.Helper()
	f := &fakeUsers{}
	f.url = peertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.asked.Add(1)
		if failure := f.failure.Load(); failure != nil {
			(*failure)(w, r)
			return
		}
		if r.URL.Path == "/users/"+unknownUser {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	return f
}

func (f *fakeUsers) fail(how http.HandlerFunc) { f.failure.Store(&how) }
