package api

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

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

	created := service.send(http.MethodPost, "/orders", orderOf(ada))
	order := decode[store.Order](t, created, http.StatusCreated)
	if order.TotalCents != 2*250+999 || order.Status != store.Pending || order.UserID.String() != ada {
		t.Errorf("created %+v from %s", order, orderOf(ada))
	}
	if version := order.ID.Version(); version != 7 {
		t.Errorf("the id has version %d, want 7", version)
	}
	read := decode[store.Order](t, service.send(http.MethodGet, created.header.Get("Location"), ""), http.StatusOK)
	if diff := cmp.Diff(order, read); diff != "" {
		t.Errorf("read another order than was created (-created +read):\n%s", diff)
	}
}

func TestOrderWithUsersAway(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"users hang":              func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"users fail":              func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"users cut the line":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"users never end a reply": func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); <-r.Context().Done() },
	}
	for name, failure := range tests {
		t.Run(name, func(t *testing.T) {
			service := newService(t)
			before := decode[store.Order](t, service.send(http.MethodPost, "/orders", orderOf(ada)), http.StatusCreated)
			service.users.fail(failure)

			begin := time.Now()
			got := service.send(http.MethodPost, "/orders", orderOf(ada))
			took := time.Since(begin)
			refused := decode[problem.Problem](t, got, http.StatusServiceUnavailable)
			if want := "https://atoll.dev/problems/users-unavailable"; refused.Type != want {
				t.Errorf("got problem type %q, want %q", refused.Type, want)
			}
			if seconds, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || seconds < 1 {
				t.Errorf("got Retry-After %q, want seconds", got.header.Get("Retry-After"))
			}
			if took > 2*budget {
				t.Errorf("the answer took %v with a budget of %v", took, budget)
			}

			list := decode[orderList](t, service.send(http.MethodGet, "/orders", ""), http.StatusOK)
			if diff := cmp.Diff([]store.Order{before}, list.Orders); diff != "" {
				t.Errorf("orders without users (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUsersThatStayAwayAreNotAskedAnymore(t *testing.T) {
	service := newService(t)
	service.users.fail(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	asked := int64(-1)
	for range 10 { // More than the breaker takes to open.
		if now := service.users.asked.Load(); now == asked {
			break
		}
		asked = service.users.asked.Load()
		service.send(http.MethodPost, "/orders", orderOf(ada))
	}

	got := service.send(http.MethodPost, "/orders", orderOf(ada))
	decode[problem.Problem](t, got, http.StatusServiceUnavailable)
	if service.users.asked.Load() != asked {
		t.Error("users are still asked")
	}
	if want := "3600"; got.header.Get("Retry-After") != want {
		t.Errorf("got Retry-After %q, want the breaker's delay, %s", got.header.Get("Retry-After"), want)
	}
}

func TestUsersThatFailOnceAreAskedAgain(t *testing.T) {
	service := newService(t)
	service.users.fail(func(w http.ResponseWriter, _ *http.Request) {
		service.users.failure.Store(nil)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	decode[store.Order](t, service.send(http.MethodPost, "/orders", orderOf(ada)), http.StatusCreated)
	if asked := service.users.asked.Load(); asked != 2 {
		t.Errorf("users were asked %d times, want 2", asked)
	}
}

func TestPaymentIsRecordedOnce(t *testing.T) {
	service := newService(t)
	order := decode[store.Order](t, service.send(http.MethodPost, "/orders", orderOf(ada)), http.StatusCreated)
	path := "/orders/" + order.ID.String() + "/payment"

	paid := decode[store.Order](t, service.send(http.MethodPut, path, paymentOf(onePayment, 1499, "EUR")), http.StatusOK)
	if paid.Status != store.Paid || paid.PaymentID == nil || paid.PaymentID.String() != onePayment || paid.PaidAt == nil {
		t.Errorf("the paid order is %+v", paid)
	}
	again := decode[store.Order](t, service.send(http.MethodPut, path, paymentOf(onePayment, 1499, "EUR")), http.StatusOK)
	if diff := cmp.Diff(paid, again); diff != "" {
		t.Errorf("the same payment again changed the order (-first +second):\n%s", diff)
	}
	refused := decode[problem.Problem](t, service.send(http.MethodPut, path, paymentOf(anotherPayment, 1499, "EUR")),
		http.StatusConflict)
	if want := "https://atoll.dev/problems/already-paid"; refused.Type != want {
		t.Errorf("got problem type %q, want %q", refused.Type, want)
	}
}

func TestOfTwoPaymentsAtOnceOneWins(t *testing.T) {
	service := newService(t)
	order := decode[store.Order](t, service.send(http.MethodPost, "/orders", orderOf(ada)), http.StatusCreated)

	// A lock on the order holds both payments back until both are there.
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
			statuses[i] = service.send(http.MethodPut, "/orders/"+order.ID.String()+"/payment",
				paymentOf(uuid.NewString(), 1499, "EUR")).status
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
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func TestListIsOfOneUserPageByPage(t *testing.T) {
	service := newService(t)
	var want []string
	for _, user := range []string{ada, grace, ada, ada} {
		order := decode[store.Order](t, service.send(http.MethodPost, "/orders", orderOf(user)), http.StatusCreated)
		if user == ada {
			want = append([]string{order.ID.String()}, want...)
		}
	}
	first := decode[orderList](t, service.send(http.MethodGet, "/orders?limit=2&user_id="+ada, ""), http.StatusOK)
	second := decode[orderList](t,
		service.send(http.MethodGet, "/orders?limit=2&user_id="+ada+"&cursor="+first.NextCursor, ""), http.StatusOK)
	var got []string
	for _, order := range append(first.Orders, second.Orders...) {
		got = append(got, order.ID.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("orders of one user (-want +got):\n%s", diff)
	}
	if second.NextCursor != "" {
		t.Errorf("the last page leads to %q", second.NextCursor)
	}
}

func TestBadRequestsSayWhatToDo(t *testing.T) {
	service := newService(t)
	order := decode[store.Order](t, service.send(http.MethodPost, "/orders", orderOf(ada)), http.StatusCreated)
	payment := "/orders/" + order.ID.String() + "/payment"

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
			method: http.MethodPost, path: payment, wantStatus: http.StatusMethodNotAllowed,
			wantDetail: "POST is not possible here; use PUT.",
		},
		"unknown order": {
			method: http.MethodGet, path: "/orders/" + nobody, wantStatus: http.StatusNotFound,
			wantDetail: `No order has the id "` + nobody + `".`,
		},
		"payment of an unknown order": {
			method: http.MethodPut, path: "/orders/" + nobody + "/payment", body: paymentOf(onePayment, 1, "EUR"),
			wantStatus: http.StatusNotFound, wantDetail: `No order has the id "` + nobody + `".`,
		},
		"content type of text": {
			method: http.MethodPost, path: "/orders", body: orderOf(ada), contentType: "text/plain",
			wantStatus: http.StatusUnsupportedMediaType,
			wantDetail: "Send the body as application/json and say so in Content-Type.",
		},
		"body over the limit": {
			method: http.MethodPost, path: "/orders", body: `{"user_id": "` + strings.Repeat("a", 65<<10) + `"}`,
			wantStatus: http.StatusRequestEntityTooLarge, wantDetail: "The body may have 65536 bytes at most.",
		},
		"no body": {
			method: http.MethodPost, path: "/orders", wantStatus: http.StatusBadRequest,
			wantDetail: "The body is not one JSON value; at byte 0: unexpected end of JSON input.",
		},
		"unknown user": {
			method: http.MethodPost, path: "/orders", body: orderOf(nobody), wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{
				{Pointer: "/user_id", Detail: `no user has the id "` + nobody + `"; create the user first`},
			},
		},
		"every field missing": {
			method: http.MethodPost, path: "/orders", body: `{}`, wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{
				{Pointer: "/user_id", Detail: "must be a UUID"},
				{Pointer: "/items", Detail: "must have 1 to 100 items"},
				{Pointer: "/currency", Detail: "must be an ISO 4217 code of three capitals, such as EUR"},
			},
		},
		"bad item after a good one": {
			method: http.MethodPost, path: "/orders",
			body: `{"user_id": "` + ada + `", "currency": "EUR", "items": [
				{"sku": "tea", "quantity": 1, "unit_price_cents": 1}, {"sku": "", "quantity": 0, "unit_price_cents": -1}]}`,
			wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{
				{
					Pointer: "/items/1/sku",
					Detail:  "must have 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first",
				},
				{Pointer: "/items/1/quantity", Detail: "must be from 1 to 10000"},
				{Pointer: "/items/1/unit_price_cents", Detail: "must be from 1 to 100000000"},
			},
		},
		"item with an unknown field": {
			method: http.MethodPost, path: "/orders", body: `{"items": [{"sku": "tea"}, {"colour": "green"}]}`,
			wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{{Pointer: "/items/1/colour", Detail: "is not a known field; remove it"}},
		},
		"item with half a quantity": {
			method: http.MethodPost, path: "/orders", body: `{"items": [{"quantity": 0.5}]}`,
			wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{
				{Pointer: "/items/0/quantity", Detail: "must be a whole number, not number 0.5"},
			},
		},
		"items that are no array": {
			method: http.MethodPost, path: "/orders", body: `{"items": "tea"}`, wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{{Pointer: "/items", Detail: "must be an array"}},
		},
		"a total from the caller": {
			method: http.MethodPost, path: "/orders", body: `{"total_cents": 1}`, wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{{Pointer: "/total_cents", Detail: "is not a known field; remove it"}},
		},
		"payment of too little": {
			method: http.MethodPut, path: payment, body: paymentOf(onePayment, 1498, "EUR"),
			wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{{Pointer: "/amount_cents", Detail: "must be the order's total, 1499"}},
		},
		"payment in another currency": {
			method: http.MethodPut, path: payment, body: paymentOf(onePayment, 1499, "USD"),
			wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{{Pointer: "/currency", Detail: "must be the order's, EUR"}},
		},
		"payment without an id": {
			method: http.MethodPut, path: payment, body: paymentOf("", 0, ""), wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{
				{Pointer: "/payment_id", Detail: "must be a UUID"},
				{Pointer: "/amount_cents", Detail: "must be 1 or more"},
				{Pointer: "/currency", Detail: "must be an ISO 4217 code of three capitals, such as EUR"},
			},
		},
		"filter that is no id": {
			method: http.MethodGet, path: "/orders?user_id=ada", wantStatus: http.StatusBadRequest,
			wantErrors: []problem.FieldError{{Parameter: "user_id", Detail: "must be a UUID"}},
		},
	}
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
