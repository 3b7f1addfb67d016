package api

import (
	"os"
	"testing"

	"github.com/atoll-dev/atoll/services/internal/apitest"
	"github.com/atoll-dev/atoll/services/internal/postgrestest"
	"github.com/atoll-dev/atoll/services/users/internal/store"
	"github.com/atoll-dev/atoll/services/users/migrations"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

func newService(t *testing.T) apitest.API {
	t.Helper()
	return newServiceOn(t, postgrestest.NewDatabase(t))
}

func newServiceOn(t *testing.T, databaseURL string) apitest.API {
	t.Helper()
	db := postgrestest.Open(t, databaseURL, migrations.Files)
	return apitest.Serve(t, New(store.New(db), apitest.OpenAPI(t)), db)
}
