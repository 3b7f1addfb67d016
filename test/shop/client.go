// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package shop is a client of the sample topology. The demo's tour and the end-to-end
// tests use it to call users, orders and payments.
package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Client calls the sample services through their gateway.
type Client struct {
	// BaseURL is the base URL of the gateway.
	BaseURL string
	// Host is the host name of the Topology.
	Host string
	// HTTP sends the requests. Nil means http.DefaultClient.
	HTTP *http.Client
	// RetryFor is how long a call is repeated that could not be accepted: the connection
	// was refused, or the response is 429 or 503. The pauses follow Retry-After. Zero means
	// that no call is repeated.
	RetryFor time.Duration
}

// User is a user of the shop.
type User struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// Item is a line of an order.
type Item struct {
	SKU            string `json:"sku"`
	Quantity       int    `json:"quantity"`
	UnitPriceCents int64  `json:"unit_price_cents"`
}

// Order is an order of a user.
type Order struct {
	ID         string `json:"id,omitempty"`
	UserID     string `json:"user_id"`
	Items      []Item `json:"items"`
	Currency   string `json:"currency"`
	TotalCents int64  `json:"total_cents,omitempty"`
	Status     string `json:"status,omitempty"`
}

// Payment is a payment for an order.
type Payment struct {
	ID          string `json:"id,omitempty"`
	OrderID     string `json:"order_id"`
	AmountCents int64  `json:"amount_cents"`
	Currency    string `json:"currency"`
	Status      string `json:"status,omitempty"`
}

// StatusError is a response with a status of 300 or above.
type StatusError struct {
	Method, Path string
	Code         int
	Header       http.Header
	Body         string
}

// Error describes the request and the response.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: %d %s: %s", e.Method, e.Path, e.Code, http.StatusText(e.Code), e.Body)
}

// Call sends body as JSON and decodes the response into result; both may be nil. It
// returns a *StatusError for a status of 300 or above.
func (c *Client) Call(ctx context.Context, method, path string, header http.Header, body, result any) error {
	deadline := time.Now().Add(c.RetryFor)
	for {
		err := c.callOnce(ctx, method, path, header, body, result)
		pause, retryable := retryAfter(err)
		if !retryable || time.Now().Add(pause).After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// retryAfter returns how long to wait before a call is repeated, and whether to repeat it.
func retryAfter(err error) (time.Duration, bool) {
	const unknown = 200 * time.Millisecond
	var status *StatusError
	if errors.As(err, &status) {
		if status.Code != http.StatusServiceUnavailable && status.Code != http.StatusTooManyRequests {
			return 0, false
		}
		if seconds, err := strconv.Atoi(status.Header.Get("Retry-After")); err == nil {
			return time.Duration(seconds) * time.Second, true
		}
		return unknown, true
	}
	var refused *net.OpError
	return unknown, errors.As(err, &refused) && refused.Op == "dial"
}

func (c *Client) callOnce(ctx context.Context, method, path string, header http.Header, body, result any) error {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.BaseURL+path, reader)
	if err != nil {
		return err
	}
	if header != nil {
		request.Header = header.Clone()
	}
	request.Host = c.Host
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return &StatusError{Method: method, Path: path, Code: response.StatusCode, Header: response.Header, Body: string(text)}
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}

// WaitUntilReachable waits until the gateway reaches all three services and orders
// reaches users. Gateways and Services learn about ready pods with a delay.
func (c *Client) WaitUntilReachable(ctx context.Context) error {
	const unknownUser = "00000000-0000-4000-8000-000000000000"
	for _, path := range []string{"/users", "/orders", "/payments"} {
		if err := retry(ctx, func() error { return c.Call(ctx, http.MethodGet, path+"?limit=1", nil, nil, nil) }); err != nil {
			return err
		}
	}
	return retry(ctx, func() error {
		_, err := c.CreateOrder(ctx, Order{UserID: unknownUser, Currency: "EUR", Items: []Item{{SKU: "coral", Quantity: 1, UnitPriceCents: 1}}})
		var statusErr *StatusError
		if errors.As(err, &statusErr) && statusErr.Code < http.StatusInternalServerError {
			// orders got the response of users that the user is unknown.
			return nil
		}
		return err
	})
}

// retry calls try until it succeeds or ctx ends.
func retry(ctx context.Context, try func() error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-tick.C:
		}
	}
}

// CreateUser creates a user.
func (c *Client) CreateUser(ctx context.Context, user User) (User, error) {
	var created User
	err := c.Call(ctx, http.MethodPost, "/users", nil, user, &created)
	return created, err
}

// User reads a user.
func (c *Client) User(ctx context.Context, id string) (User, error) {
	var user User
	err := c.Call(ctx, http.MethodGet, "/users/"+id, nil, nil, &user)
	return user, err
}

// CreateOrder creates an order.
func (c *Client) CreateOrder(ctx context.Context, order Order) (Order, error) {
	var created Order
	err := c.Call(ctx, http.MethodPost, "/orders", nil, order, &created)
	return created, err
}

// Order reads an order.
func (c *Client) Order(ctx context.Context, id string) (Order, error) {
	var order Order
	err := c.Call(ctx, http.MethodGet, "/orders/"+id, nil, nil, &order)
	return order, err
}

// Orders reads the latest orders.
func (c *Client) Orders(ctx context.Context) ([]Order, error) {
	var list struct {
		Orders []Order `json:"orders"`
	}
	err := c.Call(ctx, http.MethodGet, "/orders", nil, nil, &list)
	return list.Orders, err
}

// CreatePayment pays an order. A repeated call with the same key does not pay again.
func (c *Client) CreatePayment(ctx context.Context, key string, payment Payment) (Payment, error) {
	var created Payment
	err := c.Call(ctx, http.MethodPost, "/payments", http.Header{"Idempotency-Key": {key}}, payment, &created)
	return created, err
}

// WaitForPaidOrder reads an order until it is paid, because payments notifies orders
// after its response. The error contains the last status of the order.
func (c *Client) WaitForPaidOrder(ctx context.Context, id string) (Order, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		order, err := c.Order(ctx, id)
		if err == nil && order.Status == "paid" {
			return order, nil
		}
		select {
		case <-ctx.Done():
			return order, fmt.Errorf("order %s has status %q, want paid: %w", id, order.Status, errors.Join(err, ctx.Err()))
		case <-tick.C:
		}
	}
}
