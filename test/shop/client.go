/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

// Package shop is a client of the sample topology: what the demo's tour and the
// end-to-end tests say to users, orders and payments.
package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Client calls the samples through their gateway.
type Client struct {
	// BaseURL is where the gateway listens.
	BaseURL string
	// Host is the host name of the Topology.
	Host string
	// HTTP makes the requests; nil means http.DefaultClient.
	HTTP *http.Client
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

// StatusError is an answer that is not the wanted one.
type StatusError struct {
	Method, Path string
	Code         int
	Header       http.Header
	Body         string
}

// Error holds what was asked and what was answered.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: %d %s: %s", e.Method, e.Path, e.Code, http.StatusText(e.Code), e.Body)
}

// Call sends body, if it is not nil, as JSON and reads the answer into answer,
// if it is not nil. An answer of 300 and up is a *StatusError.
func (c *Client) Call(ctx context.Context, method, path string, header http.Header, body, answer any) error {
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
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// Reachable waits until the gateway passes requests to all three services, and
// these reach each other. Gateways and Services take a moment to learn of pods
// that are ready.
func (c *Client) Reachable(ctx context.Context) error {
	const nobody = "00000000-0000-4000-8000-000000000000"
	for _, path := range []string{"/users", "/orders", "/payments"} {
		if err := until(ctx, func() error { return c.Call(ctx, http.MethodGet, path+"?limit=1", nil, nil, nil) }); err != nil {
			return err
		}
	}
	return until(ctx, func() error {
		_, err := c.CreateOrder(ctx, Order{UserID: nobody, Currency: "EUR", Items: []Item{{SKU: "coral", Quantity: 1, UnitPriceCents: 1}}})
		var answer *StatusError
		if errors.As(err, &answer) && answer.Code < http.StatusInternalServerError {
			// That there is no such user is what users said.
			return nil
		}
		return err
	})
}

// until tries until it succeeds.
func until(ctx context.Context, try func() error) error {
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

// CreateUser makes a user.
func (c *Client) CreateUser(ctx context.Context, user User) (User, error) {
	var made User
	err := c.Call(ctx, http.MethodPost, "/users", nil, user, &made)
	return made, err
}

// User reads a user.
func (c *Client) User(ctx context.Context, id string) (User, error) {
	var user User
	err := c.Call(ctx, http.MethodGet, "/users/"+id, nil, nil, &user)
	return user, err
}

// CreateOrder makes an order.
func (c *Client) CreateOrder(ctx context.Context, order Order) (Order, error) {
	var made Order
	err := c.Call(ctx, http.MethodPost, "/orders", nil, order, &made)
	return made, err
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

// CreatePayment pays for an order. The same key again pays no second time.
func (c *Client) CreatePayment(ctx context.Context, key string, payment Payment) (Payment, error) {
	var made Payment
	err := c.Call(ctx, http.MethodPost, "/payments", http.Header{"Idempotency-Key": {key}}, payment, &made)
	return made, err
}

// PaidOrder reads an order until it is paid: payments tells orders a moment
// after it has answered. The error says how the order was last.
func (c *Client) PaidOrder(ctx context.Context, id string) (Order, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		order, err := c.Order(ctx, id)
		if err == nil && order.Status == "paid" {
			return order, nil
		}
		select {
		case <-ctx.Done():
			return order, fmt.Errorf("order %s is not paid but %q: %w", id, order.Status, errors.Join(err, ctx.Err()))
		case <-tick.C:
		}
	}
}
