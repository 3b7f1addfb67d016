// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/atoll-dev/atoll/test/shop"
)

// host is the sample Topology's host name.
const host = "shop.localhost"

// runTour prints the sample objects and creates a user, an order and a payment through
// the gateway.
func runTour(ctx context.Context, d *deployment) error {
	if d.gatewayURL == "" {
		return errors.New("GATEWAY_URL is not set; set it to the URL of the cluster's gateway, such as http://gateway.example.com")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	printHeading("kubectl -n shop get topo,ms")
	if err := kubectl(ctx, "-n", "shop", "get", "topo,ms"); err != nil {
		return err
	}
	client := &shop.Client{BaseURL: d.gatewayURL, Host: host, RetryFor: time.Minute}
	if err := client.WaitUntilReachable(ctx); err != nil {
		return fmt.Errorf("waiting for the gateway at %s to serve host %s: %w", d.gatewayURL, host, err)
	}
	// A unique email address lets the tour run again.
	suffix := strconv.FormatInt(time.Now().UnixNano(), 36)

	printHeading("Create a user: POST /users")
	user, err := client.CreateUser(ctx, shop.User{Name: "Ada", Email: "ada-" + suffix + "@example.com"})
	if err != nil {
		return err
	}
	printJSON(user)

	printHeading("Create an order of that user: POST /orders (orders calls users)")
	order, err := client.CreateOrder(ctx, shop.Order{UserID: user.ID, Currency: "EUR",
		Items: []shop.Item{{SKU: "coral", Quantity: 2, UnitPriceCents: 1250}}})
	if err != nil {
		return err
	}
	printJSON(order)

	printHeading("Pay the order: POST /payments (payments calls orders)")
	payment, err := client.CreatePayment(ctx, "tour-"+suffix, shop.Payment{OrderID: order.ID, AmountCents: order.TotalCents, Currency: "EUR"})
	if err != nil {
		return err
	}
	printJSON(payment)

	printHeading("Read the paid order: GET /orders/" + order.ID)
	paid, err := client.WaitForPaidOrder(ctx, order.ID)
	if err != nil {
		return err
	}
	printJSON(paid)

	printHeading("kubectl atoll graph -n shop")
	if err := kubectl(ctx, "atoll", "graph", "-n", "shop"); err != nil {
		return err
	}
	return printNextSteps(d)
}

func printJSON(v any) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		fmt.Println(v)
		return
	}
	fmt.Println(string(text))
}

// printNextSteps prints commands to explore and to remove the sample.
func printNextSteps(d *deployment) error {
	gateway, err := url.Parse(d.gatewayURL)
	if err != nil {
		return err
	}
	local := net.ParseIP(gateway.Hostname()).IsLoopback()
	kind := ""
	if os.Getenv("KIND") != "" {
		kind = " KIND=1"
	}
	printHeading("Next steps")
	if local {
		fmt.Printf("  eval \"$(make -s env%s)\"   # kubectl and its plugin, for this cluster\n", kind)
	}
	fmt.Printf(`  curl -H 'Host: %s' %s/orders
  kubectl -n shop get all,httproutes,pvc,secrets
  kubectl -n shop describe ms orders
  kubectl atoll status -n shop
  kubectl atoll why orders -n shop
  kubectl explain microservice.spec.database
  kubectl -n shop scale ms users --replicas=3
`, host, d.gatewayURL)
	printHeading("Clean up")
	if local {
		fmt.Println("  make down" + kind)
	} else {
		fmt.Println("  kubectl delete -k config/samples; kubectl delete -k config/default")
	}
	return nil
}
