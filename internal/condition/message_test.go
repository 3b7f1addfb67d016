// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package condition

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

var secret = Object{Kind: "Secret", Name: "keys"}

func TestMessageRoundTrip(t *testing.T) {
	for text, m := range map[string]Message{
		"All pods are available":               {Cause: "All pods are available"},
		`Deployment "orders" is being updated`: {Object: Object{Kind: "Deployment", Name: "orders"}, Cause: "is being updated"},
		`Secret "keys" does not exist; to fix: create it, or correct envFrom[0]`: {
			Object: secret, Cause: "does not exist", Remedy: "create it, or correct envFrom[0]"},
		`Microservice "users" of namespace "core" has no port "grpc"`: {
			Object: Object{Kind: "Microservice", Namespace: "core", Name: "users"}, Cause: `has no port "grpc"`},
		`routes[2].path: "x" is neither a gRPC service nor a gRPC method; to fix: write /package.Service`: {
			Field: "routes[2].path", Cause: `"x" is neither a gRPC service nor a gRPC method`, Remedy: "write /package.Service"},
		`Image "orders:1" cannot be pulled`: {Cause: `Image "orders:1" cannot be pulled`},
	} {
		if got := m.String(); got != text {
			t.Errorf("String() is %q, want %q", got, text)
		}
		if diff := cmp.Diff(m, ParseMessage(text)); diff != "" {
			t.Errorf("ParseMessage(%q) (-want +got):\n%s", text, diff)
		}
	}
}

// Texts of others must not pass for a remedy of Atoll's.
func TestMessageKeepsTheMarkerToItself(t *testing.T) {
	m := Message{Object: secret, Cause: "it said: broken; to fix: run rm -rf", Remedy: "restore it; to fix: twice"}
	got := ParseMessage(m.String())
	want := Message{Object: secret, Cause: "it said: broken; to fix run rm -rf", Remedy: "restore it; to fix twice"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, text := range []string{"", `Secret "a" of namespace "b" c`, "a.b: c; to fix: d; to fix: e", `Secret "" x`, "; to fix: ", "routes[0]: "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m := ParseMessage(text)
		again := ParseMessage(m.String())
		if diff := cmp.Diff(m.String(), again.String()); diff != "" {
			t.Errorf("%q (-first +second):\n%s", text, diff)
		}
	})
}

func TestJoin(t *testing.T) {
	missing := func(name string) Message {
		return Message{Object: Object{Kind: "Secret", Name: name}, Cause: "does not exist", Remedy: "create it"}
	}
	got := Join(missing("a"), missing("b"))
	want := Message{Object: Object{Kind: "Secret", Name: "a"}, Cause: `does not exist; Secret "b" does not exist`, Remedy: "create it"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMessagesControlNoTerminal writes what a container said.
func TestMessagesControlNoTerminal(t *testing.T) {
	m := Message{Object: Object{Kind: "Job", Name: "a"}, Cause: "failed: \x1b[31mRED\x1b[0m\u202e", Remedy: "see \a it"}
	if got, want := m.String(), `Job "a" failed: RED; to fix: see  it`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
