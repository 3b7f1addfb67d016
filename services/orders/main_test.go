package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/atoll-dev/atoll/services/internal/processtest"
)

var underTest = processtest.Service{
	Name:       "orders",
	Run:        orders.Run,
	Collection: "/orders",
	Creation: `{
		"user_id": "01890a5d-ac96-774b-bcce-b302099a8057",
		"items": [{"sku": "tea", "quantity": 2, "unit_price_cents": 250}],
		"currency": "EUR"
	}`,
	// The fake users service has every user.
	Peers: func(t *testing.T) []string {
		users := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		t.Cleanup(users.Close)
		return []string{"USERS_URL=" + users.URL}
	},
	PeerVariable: "USERS_URL",
}

func TestMain(m *testing.M) { os.Exit(underTest.Main(m)) }

func TestProcess(t *testing.T) { underTest.Test(t) }
