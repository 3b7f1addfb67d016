// Command orders stores the orders of the shop: their items, totals and payments.
package main

import (
	_ "embed"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/atoll-dev/atoll/services/internal/peer"
	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/service"
	"github.com/atoll-dev/atoll/services/orders/internal/api"
	"github.com/atoll-dev/atoll/services/orders/internal/store"
	"github.com/atoll-dev/atoll/services/orders/internal/users"
	"github.com/atoll-dev/atoll/services/orders/migrations"
)

//go:embed openapi.yaml
var openAPI []byte

// settings has all settings of the service.
type settings struct {
	service.Settings
	Users peer.Config `envPrefix:"USERS_"`
}

var orders = service.Service[settings]{Name: "orders", Migrations: migrations.Files, Prepare: prepare}

func main() { orders.Main() }

func prepare(s settings) (service.Build, error) {
	usersPeer, err := peer.New("users", s.Users)
	if err != nil {
		return nil, err
	}
	return func(db *postgres.DB, registry prometheus.Registerer) service.Parts {
		usersPeer.MustRegister(registry)
		public, internal := api.New(store.New(db), users.New(usersPeer), openAPI)
		return service.Parts{API: public, Internal: internal}
	}, nil
}
