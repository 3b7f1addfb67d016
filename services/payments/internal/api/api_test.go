package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/services/internal/problem"
	"github.com/atoll-dev/atoll/services/payments/internal/orderstest"
	"github.com/atoll-dev/atoll/services/payments/internal/store"
)

const (
	oneOrder     = "01890a5d-ac96-774b-bcce-b302099a8001"
	anotherOrder = "01890a5d-ac96-774b-bcce-b302099a8002"
)

func paymentOf(orderID string) string {
	return fmt.Sprintf(`{"order_id": %q, "amount_cents": %d, "currency": %q}`,
		orderID, orderstest.TotalCents, orderstest.Currency)
}

func (s service) pay(key, body string) answer {
	s.t.Helper()
	return s.send(http.MethodPost, "/payments", body, keyHeader, key)
}

// decide delivers the next payment with an outcome.
func (s service) decide(outcome store.Outcome) {
	s.t.Helper()
	found, err := s.store.DeliverNext(s.t.Context(), func(context.Context, store.Delivery) store.Outcome { return outcome })
	if err != nil || !found {
		s.t.Fatalf("delivering: found %v, error %v", found, err)
	}
}

func (s service) list(path string) []store.Payment {
	s.t.Helper()
	return decode[paymentList](s.t, s.send(http.MethodGet, path, ""), http.StatusOK).Payments
}

func TestCreatedPaymentIsFoundAtItsLocation(t *testing.T) {
	service := newService(t)

	created := service.pay("key", paymentOf(oneOrder))
	payment := decode[store.Payment](t, created, http.StatusCreated)
	if payment.Status != store.Accepted || payment.OrderID.String() != oneOrder || payment.AmountCents != 1499 {
		t.Errorf("created %+v from %s", payment, paymentOf(oneOrder))
	}
	if version := payment.ID.Version(); version != 7 {
		t.Errorf("the id has version %d, want 7", version)
	}
	if got := service.accepted.Load(); got != 1 {
		t.Errorf("the relay was woken %d times, want once", got)
	}
	read := decode[store.Payment](t, service.send(http.MethodGet, created.header.Get("Location"), ""), http.StatusOK)
	if diff := cmp.Diff(payment, read); diff != "" {
		t.Errorf("read another payment than was created (-created +read):\n%s", diff)
	}
}

func TestRepeatedRequestGetsTheFirstAnswer(t *testing.T) {
	tests := map[string]func(service){
		"at once":              func(service) {},
		"after it was settled": func(s service) { s.decide(store.Outcome{Status: store.Settled}) },
		"after it was refused": func(s service) { s.decide(store.Outcome{Status: store.Rejected, Reason: "no"}) },
		"with orders away": func(s service) {
			s.orders.OnRead(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		},
	}
	for name, meanwhile := range tests {
		t.Run(name, func(t *testing.T) {
			service := newService(t)
			first := service.pay("key", paymentOf(oneOrder))
			decode[store.Payment](t, first, http.StatusCreated)
			meanwhile(service)

			// Neither the order of the fields nor spaces make another request.
			again := service.pay("key", fmt.Sprintf(`{"currency":"EUR","amount_cents":1499,"order_id":%q}`, oneOrder))
			if again.status != http.StatusCreated {
				t.Errorf("got status %d, want %d", again.status, http.StatusCreated)
			}
			if diff := cmp.Diff(string(first.body), string(again.body)); diff != "" {
				t.Errorf("the answers differ (-first +second):\n%s", diff)
			}
			if first.header.Get("Location") != again.header.Get("Location") {
				t.Errorf("the locations differ: %q and %q", first.header.Get("Location"), again.header.Get("Location"))
			}
			if first.header.Get(replayedHeader) != "" || again.header.Get(replayedHeader) != "true" {
				t.Errorf("%s is %q, then %q", replayedHeader, first.header.Get(replayedHeader), again.header.Get(replayedHeader))
			}
			if got := service.list("/payments"); len(got) != 1 {
				t.Errorf("there are %d payments, want 1", len(got))
			}
		})
	}
}

func TestKeyOfAnotherBodyIsRefused(t *testing.T) {
	service := newService(t)
	decode[store.Payment](t, service.pay("key", paymentOf(oneOrder)), http.StatusCreated)

	refused := decode[problem.Problem](t, service.pay("key", paymentOf(anotherOrder)), http.StatusUnprocessableEntity)
	if want := "https://atoll.dev/problems/idempotency-key-reused"; refused.Type != want {
		t.Errorf("got problem type %q, want %q", refused.Type, want)
	}
}

func TestRefusedRequestLeavesItsKeyUnused(t *testing.T) {
	service := newService(t)
	service.orders.OnRead(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	decode[problem.Problem](t, service.pay("key", paymentOf(oneOrder)), http.StatusServiceUnavailable)

	service.orders.OnRead(nil)
	decode[store.Payment](t, service.pay("key", paymentOf(oneOrder)), http.StatusCreated)
}

func TestEqualRequestsAtOncePayOnce(t *testing.T) {
	service := newService(t)
	ids := make([]string, 16)
	var requests sync.WaitGroup
	for i := range ids {
		requests.Go(func() {
			answer := service.pay("key", paymentOf(oneOrder))
			if answer.status != http.StatusCreated {
				t.Errorf("got status %d, want %d: %s", answer.status, http.StatusCreated, answer.body)
			}
			ids[i] = answer.header.Get("Location")
		})
	}
	requests.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("got payments %s and %s", ids[0], id)
		}
	}
	if got := service.list("/payments"); len(got) != 1 {
		t.Errorf("there are %d payments, want 1", len(got))
	}
}

func TestOrderIsPaidByOneOfManyPayments(t *testing.T) {
	service := newService(t)
	statuses := make([]int, 16)
	var requests sync.WaitGroup
	for i := range statuses {
		requests.Go(func() { statuses[i] = service.pay("key-"+strconv.Itoa(i), paymentOf(oneOrder)).status })
	}
	requests.Wait()

	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	want := map[int]int{http.StatusCreated: 1, http.StatusConflict: len(statuses) - 1}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("answers by status (-want +got):\n%s", diff)
	}
}

func TestOrderOfARejectedPaymentMayBePaidAgain(t *testing.T) {
	service := newService(t)
	rejected := service.pay("first", paymentOf(oneOrder))
	decode[store.Payment](t, rejected, http.StatusCreated)
	service.decide(store.Outcome{Status: store.Rejected, Reason: "The order is closed."})

	read := decode[store.Payment](t, service.send(http.MethodGet, rejected.header.Get("Location"), ""), http.StatusOK)
	if read.Status != store.Rejected || read.Reason == nil || *read.Reason != "The order is closed." {
		t.Errorf("the rejected payment is %+v", read)
	}
	decode[store.Payment](t, service.pay("second", paymentOf(oneOrder)), http.StatusCreated)
}

func TestPaymentWithOrdersAway(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"orders hang": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"orders fail": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	}
	for name, failure := range tests {
		t.Run(name, func(t *testing.T) {
			service := newService(t)
			service.orders.OnRead(failure)

			begin := time.Now()
			got := service.pay("key", paymentOf(oneOrder))
			took := time.Since(begin)
			refused := decode[problem.Problem](t, got, http.StatusServiceUnavailable)
			if want := "https://atoll.dev/problems/orders-unavailable"; refused.Type != want {
				t.Errorf("got problem type %q, want %q", refused.Type, want)
			}
			if seconds, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || seconds < 1 {
				t.Errorf("got Retry-After %q, want seconds", got.header.Get("Retry-After"))
			}
			if took > 2*budget {
				t.Errorf("the answer took %v with a budget of %v", took, budget)
			}
			if got := service.list("/payments"); len(got) != 0 {
				t.Errorf("there are payments: %+v", got)
			}
		})
	}
}

func TestListIsOfOneOrderPageByPage(t *testing.T) {
	service := newService(t)
	var want []string
	for i := range 3 {
		payment := decode[store.Payment](t, service.pay("key-"+strconv.Itoa(i), paymentOf(oneOrder)), http.StatusCreated)
		want = append([]string{payment.ID.String()}, want...)
		service.decide(store.Outcome{Status: store.Rejected, Reason: "no"})
	}
	decode[store.Payment](t, service.pay("other", paymentOf(anotherOrder)), http.StatusCreated)

	first := decode[paymentList](t, service.send(http.MethodGet, "/payments?limit=2&order_id="+oneOrder, ""), http.StatusOK)
	second := service.list("/payments?limit=2&order_id=" + oneOrder + "&cursor=" + first.NextCursor)
	var got []string
	for _, payment := range append(first.Payments, second...) {
		got = append(got, payment.ID.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("payments of one order (-want +got):\n%s", diff)
	}
}

func TestBadRequestsSayWhatToDo(t *testing.T) {
	service := newService(t)
	unknown := orderstest.Unknown.String()
	const advice = "must be a header of 1 to 255 visible characters, new for every payment and the same for its repeats"

	tests := map[string]struct {
		method, path, body string
		header             [2]string
		wantStatus         int
		wantDetail         string
		wantErrors         []problem.FieldError
	}{
		"unknown route": {
			method: http.MethodGet, path: "/nothing", wantStatus: http.StatusNotFound,
			wantDetail: "Nothing is served at /nothing; see /openapi.yaml.",
		},
		"wrong method": {
			method: http.MethodPatch, path: "/payments/" + unknown, wantStatus: http.StatusMethodNotAllowed,
			wantDetail: "PATCH is not possible here; use GET, HEAD.",
		},
		"unknown payment": {
			method: http.MethodGet, path: "/payments/" + unknown, wantStatus: http.StatusNotFound,
			wantDetail: `No payment has the id "` + unknown + `".`,
		},
		"no key": {
			method: http.MethodPost, path: "/payments", body: paymentOf(oneOrder), header: [2]string{keyHeader, ""},
			wantStatus: http.StatusBadRequest, wantErrors: []problem.FieldError{{Parameter: keyHeader, Detail: advice}},
		},
		"key that is too long": {
			method: http.MethodPost, path: "/payments", body: paymentOf(oneOrder),
			header:     [2]string{keyHeader, strings.Repeat("k", 256)},
			wantStatus: http.StatusBadRequest, wantErrors: []problem.FieldError{{Parameter: keyHeader, Detail: advice}},
		},
		"content type of text": {
			method: http.MethodPost, path: "/payments", body: paymentOf(oneOrder),
			header: [2]string{"Content-Type", "text/plain"}, wantStatus: http.StatusUnsupportedMediaType,
			wantDetail: "Send the body as application/json and say so in Content-Type.",
		},
		"body over the limit": {
			method: http.MethodPost, path: "/payments", body: `{"order_id": "` + strings.Repeat("a", 65<<10) + `"}`,
			wantStatus: http.StatusRequestEntityTooLarge, wantDetail: "The body may have 65536 bytes at most.",
		},
		"truncated JSON": {
			method: http.MethodPost, path: "/payments", body: `{"order_id"`, wantStatus: http.StatusBadRequest,
			wantDetail: "The body is not one JSON value; at byte 11: unexpected end of JSON input.",
		},
		"every field missing": {
			method: http.MethodPost, path: "/payments", body: `{}`, wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{
				{Pointer: "/order_id", Detail: "must be a UUID"},
				{Pointer: "/amount_cents", Detail: "must be 1 or more"},
				{Pointer: "/currency", Detail: "must be an ISO 4217 code of three capitals, such as EUR"},
			},
		},
		"unknown field": {
			method: http.MethodPost, path: "/payments", body: `{"card": "4242"}`, wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{{Pointer: "/card", Detail: "is not a known field; remove it"}},
		},
		"amount that is text": {
			method: http.MethodPost, path: "/payments", body: `{"amount_cents": "1499"}`,
			wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{{Pointer: "/amount_cents", Detail: "must be a whole number, not string"}},
		},
		"unknown order": {
			method: http.MethodPost, path: "/payments", body: paymentOf(unknown), wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{
				{Pointer: "/order_id", Detail: `no order has the id "` + unknown + `"; create the order first`},
			},
		},
		"too little in another currency": {
			method: http.MethodPost, path: "/payments",
			body:       `{"order_id": "` + oneOrder + `", "amount_cents": 1, "currency": "USD"}`,
			wantStatus: http.StatusUnprocessableEntity,
			wantErrors: []problem.FieldError{
				{Pointer: "/amount_cents", Detail: "must be the order's total, 1499"},
				{Pointer: "/currency", Detail: "must be the order's, EUR"},
			},
		},
		"filter that is no id": {
			method: http.MethodGet, path: "/payments?order_id=1", wantStatus: http.StatusBadRequest,
			wantErrors: []problem.FieldError{{Parameter: "order_id", Detail: "must be a UUID"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			headers := []string{keyHeader, "key"}
			if test.header[0] != "" {
				headers = append(headers, test.header[:]...)
			}
			got := service.send(test.method, test.path, test.body, headers...)
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
