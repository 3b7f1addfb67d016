// Command payments accepts payments for the orders of the shop and delivers each payment to the orders service.
package main

import (
	_ "embed"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/atoll-dev/atoll/services/internal/peer"
	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/service"
	"github.com/atoll-dev/atoll/services/payments/internal/api"
	"github.com/atoll-dev/atoll/services/payments/internal/orders"
	"github.com/atoll-dev/atoll/services/payments/internal/relay"
	"github.com/atoll-dev/atoll/services/payments/internal/store"
	"github.com/atoll-dev/atoll/services/payments/migrations"
)

//go:embed openapi.yaml
var openAPI []byte

// settings has all settings of the service.
type settings struct {
	service.Settings
	Orders peer.Config  `envPrefix:"ORDERS_"`
	Relay  relay.Config `envPrefix:"RELAY_"`
}

var payments = service.Service[settings]{Name: "payments", Migrations: migrations.Files, Prepare: prepare}

func main() { payments.Main() }

func prepare(s settings) (service.Build, error) {
	ordersPeer, err := peer.New("orders", s.Orders)
	if err != nil {
		return nil, err
	}
	return func(db *postgres.DB, registry prometheus.Registerer) service.Parts {
		ordersPeer.MustRegister(registry)
		payments, ordersClient := store.New(db), orders.New(ordersPeer)
		outbox := relay.New(s.Relay, payments, ordersClient, registry)
		return service.Parts{API: api.New(payments, ordersClient, outbox.Wake, openAPI), Background: outbox.Run}
	}, nil
}
