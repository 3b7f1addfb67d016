// Command users stores the users of the shop: their names and email addresses.
package main

import (
	_ "embed"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/service"
	"github.com/atoll-dev/atoll/services/users/internal/api"
	"github.com/atoll-dev/atoll/services/users/internal/store"
	"github.com/atoll-dev/atoll/services/users/migrations"
)

//go:embed openapi.yaml
var openAPI []byte

var users = service.Service[service.Settings]{
	Name:       "users",
	Migrations: migrations.Files,
	Prepare: func(service.Settings) (service.Build, error) {
		return build, nil
	},
}

func main() { users.Main() }

func build(db *postgres.DB, _ prometheus.Registerer) service.Parts {
	return service.Parts{API: api.New(store.New(db), openAPI)}
}
