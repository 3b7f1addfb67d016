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

	"github.com/atoll-dev/atoll/services/internal/apitest"
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

func (s service) pay(key, body string) apitest.Answer {
	s.t.Helper()
	return s.Send(http.MethodPost, "/payments", body, keyHeader, key)
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
	return apitest.Decode[paymentList](s.t, s.Send(http.MethodGet, path, ""), http.StatusOK).Payments
}

func TestCreatedPaymentIsFoundAtItsLocation(t *testing.T) {
	service := newService(t)

	created := service.pay("key", paymentOf(oneOrder))
	payment := apitest.Decode[store.Payment](t, created, http.StatusCreated)
	if payment.Status != store.Accepted || payment.OrderID.String() != oneOrder || payment.AmountCents != 1499 {
		t.Errorf("created %+v from %s", payment, paymentOf(oneOrder))
	}
	if version := payment.ID.Version(); version != 7 {
		t.Errorf("the id has version %d, want 7", version)
	}
	if got := service.accepted.Load(); got != 1 {
		t.Errorf("the relay was woken %d times, want once", got)
	}
	read := apitest.Decode[store.Payment](t, service.Send(http.MethodGet, created.Header.Get("Location"), ""), http.StatusOK)
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
			apitest.Decode[store.Payment](t, first, http.StatusCreated)
			meanwhile(service)

			// Neither the order of the fields nor spaces make another request.
			again := service.pay("key", fmt.Sprintf(`{"currency":"EUR","amount_cents":1499,"order_id":%q}`, oneOrder))
			if again.Status != http.StatusCreated {
				t.Errorf("got status %d, want %d", again.Status, http.StatusCreated)
			}
			if diff := cmp.Diff(string(first.Body), string(again.Body)); diff != "" {
				t.Errorf("the answers differ (-first +second):\n%s", diff)
			}
			if first.Header.Get("Location") != again.Header.Get("Location") {
				t.Errorf("the locations differ: %q and %q", first.Header.Get("Location"), again.Header.Get("Location"))
			}
			if first.Header.Get(replayedHeader) != "" || again.Header.Get(replayedHeader) != "true" {
				t.Errorf("%s is %q, then %q", replayedHeader, first.Header.Get(replayedHeader), again.Header.Get(replayedHeader))
			}
			if got := service.list("/payments"); len(got) != 1 {
				t.Errorf("there are %d payments, want 1", len(got))
			}
		})
	}
}

func TestKeyOfAnotherBodyIsRefused(t *testing.T) {
	service := newService(t)
	apitest.Decode[store.Payment](t, service.pay("key", paymentOf(oneOrder)), http.StatusCreated)

	refused := apitest.Decode[problem.Problem](t, service.pay("key", paymentOf(anotherOrder)), http.StatusUnprocessableEntity)
	if want := "https://atoll.dev/problems/idempotency-key-reused"; refused.Type != want {
		t.Errorf("got problem type %q, want %q", refused.Type, want)
	}
}

func TestRefusedRequestLeavesItsKeyUnused(t *testing.T) {
	service := newService(t)
	service.orders.OnRead(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	apitest.Decode[problem.Problem](t, service.pay("key", paymentOf(oneOrder)), http.StatusServiceUnavailable)

	service.orders.OnRead(nil)
	apitest.Decode[store.Payment](t, service.pay("key", paymentOf(oneOrder)), http.StatusCreated)
}

func TestEqualRequestsAtOncePayOnce(t *testing.T) {
	service := newService(t)
	ids := make([]string, 16)
	var requests sync.WaitGroup
	for i := range ids {
		requests.Go(func() {
			answer := service.pay("key", paymentOf(oneOrder))
			if answer.Status != http.StatusCreated {
				t.Errorf("got status %d, want %d: %s", answer.Status, http.StatusCreated, answer.Body)
			}
			ids[i] = answer.Header.Get("Location")
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
		requests.Go(func() { statuses[i] = service.pay("key-"+strconv.Itoa(i), paymentOf(oneOrder)).Status })
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
	apitest.Decode[store.Payment](t, rejected, http.StatusCreated)
	service.decide(store.Outcome{Status: store.Rejected, Reason: "The order is closed."})

	read := apitest.Decode[store.Payment](t, service.Send(http.MethodGet, rejected.Header.Get("Location"), ""), http.StatusOK)
	if read.Status != store.Rejected || read.Reason == nil || *read.Reason != "The order is closed." {
		t.Errorf("the rejected payment is %+v", read)
	}
	apitest.Decode[store.Payment](t, service.pay("second", paymentOf(oneOrder)), http.StatusCreated)
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
			refused := apitest.Decode[problem.Problem](t, got, http.StatusServiceUnavailable)
			if want := "https://atoll.dev/problems/orders-unavailable"; refused.Type != want {
				t.Errorf("got problem type %q, want %q", refused.Type, want)
			}
			if seconds, err := strconv.Atoi(got.Header.Get("Retry-After")); err != nil || seconds < 1 {
				t.Errorf("got Retry-After %q, want seconds", got.Header.Get("Retry-After"))
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
		payment := apitest.Decode[store.Payment](t, service.pay("key-"+strconv.Itoa(i), paymentOf(oneOrder)), http.StatusCreated)
		want = append([]string{payment.ID.String()}, want...)
		service.decide(store.Outcome{Status: store.Rejected, Reason: "no"})
	}
	apitest.Decode[store.Payment](t, service.pay("other", paymentOf(anotherOrder)), http.StatusCreated)

	first := apitest.Decode[paymentList](t, service.Send(http.MethodGet, "/payments?limit=2&order_id="+oneOrder, ""), http.StatusOK)
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

	tests := map[string]apitest.BadRequest{
		"unknown route": {
			Method: http.MethodGet, Path: "/nothing", WantStatus: http.StatusNotFound,
			WantDetail: "Nothing is served at /nothing; see /openapi.yaml.",
		},
		"wrong method": {
			Method: http.MethodPatch, Path: "/payments/" + unknown, WantStatus: http.StatusMethodNotAllowed,
			WantDetail: "PATCH is not possible here; use GET, HEAD.",
		},
		"unknown payment": {
			Method: http.MethodGet, Path: "/payments/" + unknown, WantStatus: http.StatusNotFound,
			WantDetail: `No payment has the id "` + unknown + `".`,
		},
		"no key": {
			Method: http.MethodPost, Path: "/payments", Body: paymentOf(oneOrder), Headers: []string{keyHeader, ""},
			WantStatus: http.StatusBadRequest, WantErrors: []problem.FieldError{{Parameter: keyHeader, Detail: advice}},
		},
		"key that is too long": {
			Method: http.MethodPost, Path: "/payments", Body: paymentOf(oneOrder),
			Headers:    []string{keyHeader, strings.Repeat("k", 256)},
			WantStatus: http.StatusBadRequest, WantErrors: []problem.FieldError{{Parameter: keyHeader, Detail: advice}},
		},
		"content type of text": {
			Method: http.MethodPost, Path: "/payments", Body: paymentOf(oneOrder),
			Headers: []string{"Content-Type", "text/plain"}, WantStatus: http.StatusUnsupportedMediaType,
			WantDetail: "Send the body as application/json and say so in Content-Type.",
		},
		"body over the limit": {
			Method: http.MethodPost, Path: "/payments", Body: `{"order_id": "` + strings.Repeat("a", 65<<10) + `"}`,
			WantStatus: http.StatusRequestEntityTooLarge, WantDetail: "The body may have 65536 bytes at most.",
		},
		"truncated JSON": {
			Method: http.MethodPost, Path: "/payments", Body: `{"order_id"`, WantStatus: http.StatusBadRequest,
			WantDetail: "The body is not one JSON value; at byte 11: unexpected end of JSON input.",
		},
		"every field missing": {
			Method: http.MethodPost, Path: "/payments", Body: `{}`, WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{
				{Pointer: "/order_id", Detail: "must be a UUID"},
				{Pointer: "/amount_cents", Detail: "must be 1 or more"},
				{Pointer: "/currency", Detail: "must be an ISO 4217 code of three capitals, such as EUR"},
			},
		},
		"unknown field": {
			Method: http.MethodPost, Path: "/payments", Body: `{"card": "4242"}`, WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{{Pointer: "/card", Detail: "is not a known field; remove it"}},
		},
		"amount that is text": {
			Method: http.MethodPost, Path: "/payments", Body: `{"amount_cents": "1499"}`,
			WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{{Pointer: "/amount_cents", Detail: "must be a whole number, not string"}},
		},
		"unknown order": {
			Method: http.MethodPost, Path: "/payments", Body: paymentOf(unknown), WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{
				{Pointer: "/order_id", Detail: `no order has the id "` + unknown + `"; create the order first`},
			},
		},
		"too little in another currency": {
			Method: http.MethodPost, Path: "/payments",
			Body:       `{"order_id": "` + oneOrder + `", "amount_cents": 1, "currency": "USD"}`,
			WantStatus: http.StatusUnprocessableEntity,
			WantErrors: []problem.FieldError{
				{Pointer: "/amount_cents", Detail: "must be the order's total, 1499"},
				{Pointer: "/currency", Detail: "must be the order's, EUR"},
			},
		},
		"filter that is no id": {
			Method: http.MethodGet, Path: "/payments?order_id=1", WantStatus: http.StatusBadRequest,
			WantErrors: []problem.FieldError{{Parameter: "order_id", Detail: "must be a UUID"}},
		},
	}
	service.Refuses(t, tests, keyHeader, "key")
}
