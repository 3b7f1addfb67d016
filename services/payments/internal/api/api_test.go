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

// decide records an outcome for the next payment.
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
	payment := apitest.FoundAtItsLocation[store.Payment](t, service.API, created)
	if payment.Status != store.Accepted || payment.OrderID.String() != oneOrder || payment.AmountCents != 1499 {
		t.Errorf("created %+v from %s", payment, paymentOf(oneOrder))
	}
	if version := payment.ID.Version(); version != 7 {
		t.Errorf("the id has version %d, want 7", version)
	}
	if got := service.accepted.Load(); got != 1 {
		t.Errorf("the relay was woken %d times, want 1", got)
	}
}

func TestRepeatedRequestGetsTheFirstResponse(t *testing.T) {
	tests := map[string]func(service){
		"immediately":           func(service) {},
		"after it was settled":  func(s service) { s.decide(store.Outcome{Status: store.Settled}) },
		"after it was rejected": func(s service) { s.decide(store.Outcome{Status: store.Rejected, Reason: "no"}) },
		"while orders is unavailable": func(s service) {
			s.orders.OnRead(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		},
	}
	for name, meanwhile := range tests {
		t.Run(name, func(t *testing.T) {
			service := newService(t)
			first := service.pay("key", paymentOf(oneOrder))
			apitest.Decode[store.Payment](t, first, http.StatusCreated)
			meanwhile(service)

			// The request is the same if only the order of the fields and the spaces differ.
			again := service.pay("key", fmt.Sprintf(`{"currency":"EUR","amount_cents":1499,"order_id":%q}`, oneOrder))
			if again.Status != http.StatusCreated {
				t.Errorf("got status %d, want %d", again.Status, http.StatusCreated)
			}
			if diff := cmp.Diff(string(first.Body), string(again.Body)); diff != "" {
				t.Errorf("the responses differ (-first +second):\n%s", diff)
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

func TestKeyWithAnotherBodyIsRejected(t *testing.T) {
	service := newService(t)
	apitest.Decode[store.Payment](t, service.pay("key", paymentOf(oneOrder)), http.StatusCreated)

	refused := apitest.Decode[problem.Problem](t, service.pay("key", paymentOf(anotherOrder)), http.StatusUnprocessableEntity)
	if want := "https://atoll.dev/problems/idempotency-key-reused"; refused.Type != want {
		t.Errorf("got problem type %q, want %q", refused.Type, want)
	}
}

func TestRejectedRequestDoesNotUseItsKey(t *testing.T) {
	service := newService(t)
	service.orders.OnRead(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	apitest.Decode[problem.Problem](t, service.pay("key", paymentOf(oneOrder)), http.StatusServiceUnavailable)

	service.orders.OnRead(nil)
	apitest.Decode[store.Payment](t, service.pay("key", paymentOf(oneOrder)), http.StatusCreated)
}

func TestEqualConcurrentRequestsPayOnce(t *testing.T) {
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

func TestOnlyOneOfManyConcurrentPaymentsIsAccepted(t *testing.T) {
	service := newService(t)
	got := apitest.AtOnce(16, func(i int) apitest.Answer { return service.pay("key-"+strconv.Itoa(i), paymentOf(oneOrder)) })
	want := map[int]int{http.StatusCreated: 1, http.StatusConflict: 15}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("responses by status (-want +got):\n%s", diff)
	}
}

func TestOrderMayBePaidAgainAfterARejectedPayment(t *testing.T) {
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

func TestPaymentIsRejectedWhileOrdersIsUnavailable(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"orders hangs": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"orders fails": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	}
	for name, failure := range tests {
		t.Run(name, func(t *testing.T) {
			const budget = 600 * time.Millisecond
			service := newServiceWithin(t, budget)
			service.orders.OnRead(failure)

			apitest.PeerUnavailable(t, func() apitest.Answer { return service.pay("key", paymentOf(oneOrder)) },
				"https://atoll.dev/problems/orders-unavailable", budget)
			if got := service.list("/payments"); len(got) != 0 {
				t.Errorf("there are payments: %+v", got)
			}
		})
	}
}

func TestListIsFilteredByOrderAndPaged(t *testing.T) {
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

func TestBadRequestsAreRejectedWithAdvice(t *testing.T) {
	service := newService(t)
	unknown := orderstest.Unknown.String()
	const advice = "must be a header of 1 to 255 visible characters, new for every payment and the same for its repeats"

	tests := map[string]apitest.BadRequest{
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
		"filter that is not an id": {
			Method: http.MethodGet, Path: "/payments?order_id=1", WantStatus: http.StatusBadRequest,
			WantErrors: []problem.FieldError{{Parameter: "order_id", Detail: "must be a UUID"}},
		},
	}
	service.Refuses(t, tests, keyHeader, "key")
	service.RefusesMalformed(t, "/payments", paymentOf(oneOrder), keyHeader, "key")
}
