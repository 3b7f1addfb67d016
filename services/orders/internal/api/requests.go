package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/google/uuid"

	"github.com/atoll-dev/atoll/services/internal/rest"
	"github.com/atoll-dev/atoll/services/orders/internal/store"
)

// With these limits the largest total, 100 × 10,000 × 100,000,000, fits into 64 bits.
const (
	maxItems          = 100
	maxQuantity       = 10_000
	maxUnitPriceCents = 100_000_000
)

var (
	skuPattern      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)
)

const (
	adviceID       = "must be a UUID"
	adviceCurrency = "must be an ISO 4217 code of three capitals, such as EUR"
)

type orderRequest struct {
	UserID   string `json:"user_id"`
	Items    items  `json:"items"`
	Currency string `json:"currency"`
}

type paymentRequest struct {
	PaymentID   string `json:"payment_id"`
	AmountCents int64  `json:"amount_cents"`
	Currency    string `json:"currency"`
}

// items decodes each element separately, because encoding/json does not report which element has an error.
type items []store.Item

func (i *items) UnmarshalJSON(data []byte) error {
	var elements []json.RawMessage
	if err := json.Unmarshal(data, &elements); err != nil {
		return &rest.FieldError{Pointer: "/items", Detail: "must be an array"}
	}
	*i = make(items, len(elements))
	for n, element := range elements {
		err := rest.Unmarshal(element, &(*i)[n])
		var field *rest.FieldError
		if errors.As(err, &field) {
			return &rest.FieldError{Pointer: fmt.Sprintf("/items/%d%s", n, field.Pointer), Detail: field.Detail}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (o orderRequest) validate() (userID uuid.UUID, err error) {
	var fields rest.Validation
	userID, err = rest.ParseID(o.UserID)
	fields.Check(err == nil, "/user_id", adviceID)
	fields.Check(len(o.Items) >= 1 && len(o.Items) <= maxItems, "/items", "must have 1 to 100 items")
	fields.Check(currencyPattern.MatchString(o.Currency), "/currency", adviceCurrency)
	for n, item := range o.Items {
		at := fmt.Sprintf("/items/%d", n)
		fields.Check(skuPattern.MatchString(item.SKU), at+"/sku",
			"must have 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first")
		fields.Check(item.Quantity >= 1 && item.Quantity <= maxQuantity, at+"/quantity", "must be from 1 to 10000")
		fields.Check(item.UnitPriceCents >= 1 && item.UnitPriceCents <= maxUnitPriceCents, at+"/unit_price_cents",
			"must be from 1 to 100000000")
	}
	return userID, fields.Err()
}

func (p paymentRequest) validate() (store.Payment, error) {
	var fields rest.Validation
	id, err := rest.ParseID(p.PaymentID)
	fields.Check(err == nil, "/payment_id", adviceID)
	fields.Check(p.AmountCents >= 1, "/amount_cents", "must be 1 or more")
	fields.Check(currencyPattern.MatchString(p.Currency), "/currency", adviceCurrency)
	return store.Payment{ID: id, AmountCents: p.AmountCents, Currency: p.Currency}, fields.Err()
}
