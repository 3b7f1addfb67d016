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

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/atoll-dev/atoll/test/shop"
)

// host is the sample Topology's host name.
const host = "shop.localhost"

// tour shows what was made, and sends a user, an order and a payment through
// the gateway.
func tour(ctx context.Context, d *deployment) error {
	if d.gatewayURL == "" {
		return errors.New("GATEWAY_URL must be set to where the cluster's gateway listens, such as http://gateway.example.com")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	heading("kubectl -n shop get topo,ms")
	if err := kubectl(ctx, "-n", "shop", "get", "topo,ms"); err != nil {
		return err
	}
	client := &shop.Client{BaseURL: d.gatewayURL, Host: host}
	if err := client.Reachable(ctx); err != nil {
		return fmt.Errorf("waiting for the gateway at %s to answer for %s: %w", d.gatewayURL, host, err)
	}
	// The email is new every time, so that the tour can be made again.
	once := strconv.FormatInt(time.Now().UnixNano(), 36)

	heading("A user: POST /users")
	user, err := client.CreateUser(ctx, shop.User{Name: "Ada", Email: "ada-" + once + "@example.com"})
	if err != nil {
		return err
	}
	show(user)

	heading("An order of that user: POST /orders (orders asks users)")
	order, err := client.CreateOrder(ctx, shop.Order{UserID: user.ID, Currency: "EUR",
		Items: []shop.Item{{SKU: "coral", Quantity: 2, UnitPriceCents: 1250}}})
	if err != nil {
		return err
	}
	show(order)

	heading("A payment for that order: POST /payments (payments asks orders)")
	payment, err := client.CreatePayment(ctx, "tour-"+once, shop.Payment{OrderID: order.ID, AmountCents: order.TotalCents, Currency: "EUR"})
	if err != nil {
		return err
	}
	show(payment)

	heading("The order is paid: GET /orders/" + order.ID)
	paid, err := client.PaidOrder(ctx, order.ID)
	if err != nil {
		return err
	}
	show(paid)
	return explain(d)
}

func show(v any) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		fmt.Println(v)
		return
	}
	fmt.Println(string(text))
}

func explain(d *deployment) error {
	gateway, err := url.Parse(d.gatewayURL)
	if err != nil {
		return err
	}
	local := net.ParseIP(gateway.Hostname()).IsLoopback()
	heading("Look further")
	if local {
		fmt.Println(`  eval "$(make -s env)"                             # kubectl for this cluster`)
	}
	fmt.Printf(`  curl -H 'Host: %s' %s/orders
  kubectl -n shop get all,httproutes,pvc,secrets
  kubectl -n shop describe ms orders
  kubectl explain microservice.spec.database
  kubectl -n shop scale ms users --replicas=3
`, host, d.gatewayURL)
	heading("Stop")
	if local {
		fmt.Println("  make down")
	} else {
		fmt.Println("  kubectl delete -k config/samples; kubectl delete -k config/default")
	}
	return nil
}
