package api

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/atoll-dev/atoll/services/internal/apitest"
	"github.com/atoll-dev/atoll/services/internal/eventually"
	"github.com/atoll-dev/atoll/services/internal/problem"
	"github.com/atoll-dev/atoll/services/orders/internal/store"
)

const (
	ada   = "01890a5d-ac96-774b-bcce-b302099a8001"
	grace = "01890a5d-ac96-774b-bcce-b302099a8002"

	onePayment     = "01890a5d-ac96-774b-bcce-b302099a8011"
	anotherPayment = "01890a5d-ac96-774b-bcce-b302099a8012"
)

func orderOf(userID string) string {
	return fmt.Sprintf(`{"user_id": %q, "currency": "EUR", "items": [
		{"sku": "tea", "quantity": 2, "unit_price_cents": 250}, {"sku": "cup", "quantity": 1, "unit_price_cents": 999}]}`, userID)
}

func paymentOf(id string, cents int, currency string) string {
	return fmt.Sprintf(`{"payment_id": %q, "amount_cents": %d, "currency": %q}`, id, cents, currency)
}

func TestCreatedOrderIsFoundAtItsLocation(t *testing.T) {
	service := newService(t)

	created := service.Send(http.MethodPost, "/orders", orderOf(ada))
	order := apitest.FoundAtItsLocation[store.Order](t, service.API, created)
	if order.TotalCents != 2*250+999 || order.Status != store.Pending || order.UserID.String() != ada {
		t.Errorf("created %+v from %s", order, orderOf(ada))
	}
	if version := order.ID.Version(); version != 7 {
		t.Errorf("the id has version %d, want 7", version)
	}
}

func TestOrderIsRejectedWhileUsersIsUnavailable(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"users hangs":                     func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"users fails":                     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"users closes the connection":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"users never finishes a response": func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); <-r.Context().Done() },
	}
	for name, failure := range tests {
		t.Run(name, func(t *testing.T) {
			const budget = 600 * time.Millisecond
			service := newServiceWithin(t, budget)
			before := apitest.Decode[store.Order](t, service.Send(http.MethodPost, "/orders", orderOf(ada)), http.StatusCreated)
			service.users.fail(failure)

			apitest.PeerUnavailable(t, func() apitest.Answer { return service.Send(http.MethodPost, "/orders", orderOf(ada)) },
				"https://atoll.dev/problems/users-unavailable", budget)

			list := apitest.Decode[orderList](t, service.Send(http.MethodGet, "/orders", ""), http.StatusOK)
			if diff := cmp.Diff([]store.Order{before}, list.Orders); diff != "" {
				t.Errorf("orders without users (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOpenBreakerStopsCallsToUsers(t *testing.T) {
	service := newService(t)
	service.users.fail(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	asked := int64(-1)
	for range 10 { // More calls than the breaker needs to open.
		if now := service.users.asked.Load(); now == asked {
			break
		}
		asked = service.users.asked.Load()
		service.Send(http.MethodPost, "/orders", orderOf(ada))
	}

	got := service.Send(http.MethodPost, "/orders", orderOf(ada))
	apitest.Decode[problem.Problem](t, got, http.StatusServiceUnavailable)
	if service.users.asked.Load() != asked {
		t.Error("users is still called")
	}
	if want := "3600"; got.Header.Get("Retry-After") != want {
		t.Errorf("got Retry-After %q, want the breaker's delay, %s", got.Header.Get("Retry-After"), want)
	}
}

func TestFailedCallToUsersIsRetried(t *testing.T) {
	service := newService(t)
	service.users.fail(func(w http.ResponseWriter, _ *http.Request) {
		service.users.failure.Store(nil)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	apitest.Decode[store.Order](t, service.Send(http.MethodPost, "/orders", orderOf(ada)), http.StatusCreated)
	if asked := service.users.asked.Load(); asked != 2 {
		t.Errorf("users was called %d times, want 2", asked)
	}
}

func TestPaymentIsRecordedOnce(t *testing.T) {
	service := newService(t)
	order := apitest.Decode[store.Order](t, service.Send(http.MethodPost, "/orders", orderOf(ada)), http.StatusCreated)
	path := "/orders/" + order.ID.String() + "/payment"

	paid := apitest.Decode[store.Order](t, service.internal.Send(http.MethodPut, path, paymentOf(onePayment, 1499, "EUR")), http.StatusOK)
	if paid.Status != store.Paid || paid.PaymentID == nil || paid.PaymentID.String() != onePayment || paid.PaidAt == nil {
		t.Errorf("the paid order is %+v", paid)
	}
	again := apitest.Decode[store.Order](t, service.internal.Send(http.MethodPut, path, paymentOf(onePayment, 1499, "EUR")), http.StatusOK)
	if diff := cmp.Diff(paid, again); diff != "" {
		t.Errorf("the same payment again changed the order (-first +second):\n%s", diff)
	}
	refused := apitest.Decode[problem.Problem](t, service.internal.Send(http.MethodPut, path, paymentOf(anotherPayment, 1499, "EUR")),
		http.StatusConflict)
	if want := "https://atoll.dev/problems/already-paid"; refused.Type != want {
		t.Errorf("got problem type %q, want %q", refused.Type, want)
	}
}

func TestOnlyOneOfTwoConcurrentPaymentsIsAccepted(t *testing.T) {
	service := newService(t)
	order := apitest.Decode[store.Order](t, service.Send(http.MethodPost, "/orders", orderOf(ada)), http.StatusCreated)

	// A lock on the order makes both payments wait until both requests have arrived.
	tx, err := service.db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM orders FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	statuses := make([]int, 2)
	var requests sync.WaitGroup
	for i := range statuses {
		requests.Go(func() {
			statuses[i] = service.internal.Send(http.MethodPut, "/orders/"+order.ID.String()+"/payment",
				paymentOf(uuid.NewString(), 1499, "EUR")).Status
		})
	}
	eventually.Holds(t, "both payments wait for the order", func() (both bool) {
		if err := service.db.Pool().QueryRow(t.Context(), `SELECT count(*) = $1 FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`, len(statuses)).Scan(&both); err != nil {
			t.Fatal(err)
		}
		return both
	})
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	requests.Wait()

	slices.Sort(statuses)
	if diff := cmp.Diff([]int{http.StatusOK, http.StatusConflict}, statuses); diff != "" {
		t.Errorf("responses (-want +got):\n%s", diff)
	}
}

func TestListIsFilteredByUserAndPaged(t *testing.T) {
	service := newService(t)
	var want []string
	for _, user := range []string{ada, grace, ada, ada} {
		order := apitest.Decode[store.Order](t, service.Send(http.MethodPost, "/orders", orderOf(user)), http.StatusCreated)
		if user == ada {
			want = append([]string{order.ID.String()}, want...)
		}
	}
	first := apitest.Decode[orderList](t, service.Send(http.MethodGet, "/orders?limit=2&user_id="+ada, ""), http.StatusOK)
	second := apitest.Decode[orderList](t,
		service.Send(http.MethodGet, "/orders?limit=2&user_id="+ada+"&cursor="+first.NextCursor, ""), http.StatusOK)
	var got []string
	for _, order := range append(first.Orders, second.Orders...) {
		got = append(got, order.ID.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("orders of one user (-want +got):\n%s", diff)
	}
	if second.NextCursor != "" {
		t.Errorf("the last page has the cursor %q", second.NextCursor)
	}
}

func TestBadRequestsAreRejectedWithAdvice(t *testing.T) {
	service := newService(t)
	tests := map[string]apitest.BadRequest{
		"unknown order": {
			Method: http.MethodGet, Path: "/orders/" + unknownUser, WantStatus: http.StatusNotFound,
			WantDetail: `No order has the id "` + unknownUser + `".`,
		},
		"unknown user": {
			Method: http.MethodPost, Path: "/orders", Body: orderOf(unknownUser), WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{
				{Pointer: "/user_id", Detail: `no user has the id "` + unknownUser + `"; create the user first`},
			},
		},
		"every field missing": {
			Method: http.MethodPost, Path: "/orders", Body: `{}`, WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{
				{Pointer: "/user_id", Detail: "must be a UUID"},
				{Pointer: "/items", Detail: "must have 1 to 100 items"},
				{Pointer: "/currency", Detail: "must be an ISO 4217 code of three capitals, such as EUR"},
			},
		},
		"invalid item after a valid one": {
			Method: http.MethodPost, Path: "/orders",
			Body: `{"user_id": "` + ada + `", "currency": "EUR", "items": [
				{"sku": "tea", "quantity": 1, "unit_price_cents": 1}, {"sku": "", "quantity": 0, "unit_price_cents": -1}]}`,
			WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{
				{
					Pointer: "/items/1/sku",
					Detail:  "must have 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first",
				},
				{Pointer: "/items/1/quantity", Detail: "must be from 1 to 10000"},
				{Pointer: "/items/1/unit_price_cents", Detail: "must be from 1 to 100000000"},
			},
		},
		"item with an unknown field": {
			Method: http.MethodPost, Path: "/orders", Body: `{"items": [{"sku": "tea"}, {"colour": "green"}]}`,
			WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{{Pointer: "/items/1/colour", Detail: "is not a known field; remove it"}},
		},
		"item with a fractional quantity": {
			Method: http.MethodPost, Path: "/orders", Body: `{"items": [{"quantity": 0.5}]}`,
			WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{
				{Pointer: "/items/0/quantity", Detail: "must be a whole number, not number 0.5"},
			},
		},
		"items that are not an array": {
			Method: http.MethodPost, Path: "/orders", Body: `{"items": "tea"}`, WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{{Pointer: "/items", Detail: "must be an array"}},
		},
		"a total from the caller": {
			Method: http.MethodPost, Path: "/orders", Body: `{"total_cents": 1}`, WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{{Pointer: "/total_cents", Detail: "is not a known field; remove it"}},
		},
		"filter that is not an id": {
			Method: http.MethodGet, Path: "/orders?user_id=ada", WantStatus: http.StatusBadRequest,
			WantErrors: []problem.FieldError{{Parameter: "user_id", Detail: "must be a UUID"}},
		},
	}
	service.Refuses(t, tests)
	service.RefusesMalformed(t, "/orders", orderOf(ada))
}

func TestBadPaymentsAreRejectedWithAdvice(t *testing.T) {
	service := newService(t)
	order := apitest.Decode[store.Order](t, service.Send(http.MethodPost, "/orders", orderOf(ada)), http.StatusCreated)
	payment := "/orders/" + order.ID.String() + "/payment"

	service.internal.Refuses(t, map[string]apitest.BadRequest{
		"wrong method": {
			Method: http.MethodPost, Path: payment, WantStatus: http.StatusMethodNotAllowed,
			WantDetail: "POST is not possible here; use PUT.",
		},
		"payment of an unknown order": {
			Method: http.MethodPut, Path: "/orders/" + unknownUser + "/payment", Body: paymentOf(onePayment, 1, "EUR"),
			WantStatus: http.StatusNotFound, WantDetail: `No order has the id "` + unknownUser + `".`,
		},
		"payment of too little": {
			Method: http.MethodPut, Path: payment, Body: paymentOf(onePayment, 1498, "EUR"),
			WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{{Pointer: "/amount_cents", Detail: "must be the order's total, 1499"}},
		},
		"payment in another currency": {
			Method: http.MethodPut, Path: payment, Body: paymentOf(onePayment, 1499, "USD"),
			WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{{Pointer: "/currency", Detail: "must be the order's, EUR"}},
		},
		"payment without an id": {
			Method: http.MethodPut, Path: payment, Body: paymentOf("", 0, ""), WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{
				{Pointer: "/payment_id", Detail: "must be a UUID"},
				{Pointer: "/amount_cents", Detail: "must be 1 or more"},
				{Pointer: "/currency", Detail: "must be an ISO 4217 code of three capitals, such as EUR"},
			},
		},
	})
}

// A client that can set an order to paid pays nothing for it.
func TestOnlyOtherServicesHaveAnOrderPaid(t *testing.T) {
	service := newService(t)
	order := apitest.Decode[store.Order](t, service.Send(http.MethodPost, "/orders", orderOf(ada)), http.StatusCreated)
	path := "/orders/" + order.ID.String()

	service.Refuses(t, map[string]apitest.BadRequest{"payment by a client": {
		Method: http.MethodPut, Path: path + "/payment", Body: paymentOf(onePayment, 1499, "EUR"),
		WantStatus: http.StatusNotFound, WantDetail: "Nothing is served at " + path + "/payment; see /openapi.yaml.",
	}})
	if got := apitest.Decode[store.Order](t, service.Send(http.MethodGet, path, ""), http.StatusOK); got.Status != store.Pending {
		t.Errorf("the order is %s, want %s", got.Status, store.Pending)
	}
}
