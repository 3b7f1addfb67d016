// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

func TestUndeclared(t *testing.T) {
	service := func(namespace, name string) *v1alpha1.Microservice {
		ms := &v1alpha1.Microservice{}
		ms.Namespace, ms.Name = namespace, name
		return ms
	}
	all := []*v1alpha1.Microservice{service("shop", "users"), service("shop", "payments"), service("infra", "mail"), service("shop", "orders")}
	for name, test := range map[string]struct {
		value string
		want  string
	}{
		"url":                      {"http://users/v1", "shop/users"},
		"url with a port":          {"http://users:8080", "shop/users"},
		"host and port":            {"users:8080", "shop/users"},
		"whole name":               {"users.shop.svc.cluster.local", "shop/users"},
		"whole name with a dot":    {"users.shop.svc.", "shop/users"},
		"behind a user":            {"amqp://guest:guest@mail.infra/queue", "infra/mail"},
		"other namespace":          {"mail.infra:25", "infra/mail"},
		"among others":             {"a=1,http://kafka:9092,http://users:80", "shop/users"},
		"a name alone":             {"users", ""},
		"a word":                   {"all users of the shop", ""},
		"a path":                   {"/var/lib/users", ""},
		"a host outside":           {"https://users.example.com:443", ""},
		"an image":                 {"ghcr.io/shop/users:1", ""},
		"a part of a longer label": {"http://all-users:80", ""},
		"a version of an image":    {"users:1.4.0", ""},
		"a version and a dash":     {"users:1-debian", ""},
		"a time":                   {"at users:12:30", ""},
		"a gRPC name":              {"dns:///users-headless.shop.svc:9000", "shop/users"},
		"pods of users":            {"users-headless:9000", "shop/users"},
		"a file":                   {"unix:///users/socket", ""},
		"MySQL's way":              {"u:p@tcp(users:3306)/db", "shop/users"},
		"a mail address":           {"ops@users.shop", ""},
		"a package":                {"@users/lib", ""},
		"a bucket":                 {"s3://users/backups", ""},
		"a template in the name":   {"http://users-$(STAGE)", ""},
		"a template as the name":   {"http://${STAGE}-users:80", ""},
		"a variable before a name": {"$(STAGE).users.shop.svc", ""},
		"a template after a dot":   {"http://users.$(POD_NAMESPACE).svc.cluster.local:8080", ""},
		"a template of Helm":       {"http://users{{ .suffix }}:80", ""},
		"a format":                 {"http://users.%s:80", ""},
		"a template as the port":   {"http://users:${PORT}/api", "shop/users"},
		"itself":                   {"http://orders:8080", ""},
		"declared":                 {"http://payments.shop.svc:80", ""},
	} {
		t.Run(name, func(t *testing.T) {
			ms := service("shop", "orders")
			ms.Spec.Dependencies = []v1alpha1.Dependency{{Name: "payments"}}
			ms.Spec.Env = []corev1.EnvVar{{Name: "TARGET", Value: test.value}}
			got := ""
			for _, mention := range graph.UndeclaredCalls(ms, all) {
				got += mention.Callee.Namespace + "/" + mention.Callee.Name
				if mention.Where != "env TARGET" {
					t.Errorf("found at %q", mention.Where)
				}
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestUndeclaredLooksEverywhere(t *testing.T) {
	callee := func(name string) *v1alpha1.Microservice {
		ms := &v1alpha1.Microservice{}
		ms.Name = name
		return ms
	}
	ms := callee("caller")
	ms.Spec.Command = []string{"/run", "--a=http://a"}
	ms.Spec.Args = []string{"--b=http://b"}
	ms.Spec.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"spec": {
		"containers": [{"name": "caller", "env": [{"name": "C", "value": "http://c"}]}],
		"initContainers": [{"name": "first", "args": ["http://d", "http://a"]}]
	}}`)}
	var got []string
	for _, mention := range graph.UndeclaredCalls(ms, []*v1alpha1.Microservice{callee("a"), callee("b"), callee("c"), callee("d")}) {
		got = append(got, mention.Callee.Name+": "+mention.Where)
	}
	want := []string{"a: command[1]", "b: args[0]", `d: container "first", args[0]`, `c: container "caller", env C`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestTemplatedPorts checks that a port which is not written is unknown, and not that of the scheme.
func TestTemplatedPorts(t *testing.T) {
	for value, want := range map[string]graph.ConfiguredAddress{
		"http://users:${PORT}/api":           {Scheme: "http", Host: "users", Name: "users", PortUnknown: true},
		"curl \"http://users:$PORT/\"":       {Scheme: "http", Host: "users", Name: "users", PortUnknown: true},
		"http://users:{{ .port }}":           {Scheme: "http", Host: "users", Name: "users", PortUnknown: true},
		"users.shop.svc.cluster.local:$PORT": {Host: "users.shop.svc.cluster.local", Name: "users", PortUnknown: true},
		"http://users/${PATH}":               {Scheme: "http", Host: "users", Name: "users"},
		"http://users:8080$(PATH)":           {Scheme: "http", Host: "users", Name: "users", Port: 8080},
		"https://api.example.com./v1":        {Scheme: "https", Host: "api.example.com"},
		"https://example.com./v1":            {Scheme: "https", Host: "example.com"},
		"<url>http://users</url>":            {Scheme: "http", Host: "users", Name: "users"},
	} {
		ms := &v1alpha1.Microservice{}
		ms.Namespace, ms.Name = "shop", "orders"
		ms.Spec.Env = []corev1.EnvVar{{Name: "TARGET", Value: value}}
		want.Where, want.Namespace = "env TARGET", "shop"
		want.Container, want.Path = "orders", "env[TARGET]"
		got := graph.ServiceAddresses(ms)
		if diff := cmp.Diff([]graph.ConfiguredAddress{want}, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", value, diff)
		}
	}
}
