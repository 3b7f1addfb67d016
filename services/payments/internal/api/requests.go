package api

import (
	"net/http"
	"regexp"

	"github.com/atoll-dev/atoll/services/internal/problem"
	"github.com/atoll-dev/atoll/services/internal/rest"
	"github.com/atoll-dev/atoll/services/payments/internal/store"
)

const keyHeader = "Idempotency-Key"

var (
	keyPattern      = regexp.MustCompile(`^[\x21-\x7e]{1,255}$`)
	currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)
)

type paymentRequest struct {
	OrderID     string `json:"order_id"`
	AmountCents int64  `json:"amount_cents"`
	Currency    string `json:"currency"`
}

func (p paymentRequest) validate() (store.Request, error) {
	var fields rest.Validation
	orderID, err := rest.ParseID(p.OrderID)
	fields.Check(err == nil, "/order_id", "must be a UUID")
	fields.Check(p.AmountCents >= 1, "/amount_cents", "must be 1 or more")
	fields.Check(currencyPattern.MatchString(p.Currency), "/currency",
		"must be an ISO 4217 code of three capitals, such as EUR")
	return store.Request{OrderID: orderID, AmountCents: p.AmountCents, Currency: p.Currency}, fields.Err()
}

// idempotencyKey reads the key from the header. The key is required, because it makes a request safe to repeat.
func idempotencyKey(r *http.Request) (string, error) {
	key := r.Header.Get(keyHeader)
	if !keyPattern.MatchString(key) {
		return "", problem.Invalid(http.StatusBadRequest, problem.FieldError{
			Parameter: keyHeader,
			Detail:    "must be a header of 1 to 255 visible characters, new for every payment and the same for its repeats",
		})
	}
	return key, nil
}
