// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

func TestEnvironmentCollisions(t *testing.T) {
	on := func(name string, more ...string) v1alpha1.Dependency {
		return v1alpha1.Dependency{Name: name, MorePorts: more}
	}
	prefixed := func(d v1alpha1.Dependency, prefix string) v1alpha1.Dependency {
		d.EnvPrefix = prefix
		return d
	}
	valkey := &v1alpha1.Database{Engine: v1alpha1.EngineValkey}
	for name, tc := range map[string]struct {
		database     *v1alpha1.Database
		dependencies []v1alpha1.Dependency
		env          []corev1.EnvVar
		want         string
	}{
		"none":                                    {dependencies: []v1alpha1.Dependency{on("orders"), on("redis")}},
		"a dependency and the database":           {database: valkey, dependencies: []v1alpha1.Dependency{on("redis")}, want: `dependencies[0]: the database and dependency "redis" both set REDIS_URL; to fix: set envPrefix of the dependency, or set REDIS_URL in env`},
		"a dependency with a prefix of its own":   {database: valkey, dependencies: []v1alpha1.Dependency{prefixed(on("redis"), "SESSIONS")}},
		"a variable that the user sets":           {dependencies: []v1alpha1.Dependency{on("orders", "admin"), on("orders-admin")}, env: []corev1.EnvVar{{Name: "ORDERS_ADMIN_URL"}, {Name: "ORDERS_ADMIN_PORT"}}},
		"a further port and another dependency":   {dependencies: []v1alpha1.Dependency{on("orders", "admin"), on("orders-admin")}, want: `dependencies[1]: dependency "orders" and dependency "orders-admin" both set ORDERS_ADMIN_URL; to fix: set envPrefix of the dependency, or set ORDERS_ADMIN_URL in env`},
		"a further variable and the database":     {database: &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}, dependencies: []v1alpha1.Dependency{{Name: "orders", Env: []v1alpha1.DependencyEnvVar{{Name: "PGHOST", Value: v1alpha1.AddressPartHost}}}}, want: `dependencies[0]: the database and dependency "orders" both set PGHOST; to fix: set envPrefix of the dependency, or set PGHOST in env`},
		"a further variable and one of telemetry": {dependencies: []v1alpha1.Dependency{{Name: "orders", Env: []v1alpha1.DependencyEnvVar{{Name: "OTEL_SERVICE_NAME", Value: v1alpha1.AddressPartHost}}}}, want: `env: dependency "orders" and Atoll both set OTEL_SERVICE_NAME; to fix: set envPrefix of the dependency, or set OTEL_SERVICE_NAME in env`},
		"a variable whose name has its value":     {env: []corev1.EnvVar{{Name: "A", Value: "1"}, {Name: "LOG_LEVEL=info"}}, want: `env[1].name: "LOG_LEVEL=info" contains '='; to fix: set name to LOG_LEVEL, and value to what follows '='`},
		"a variable without a name":               {env: []corev1.EnvVar{{Value: "1"}}, want: `env[0].name: is no name of a variable; to fix: set the name, or remove the entry`},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders()
			ms.Spec.Database, ms.Spec.Dependencies, ms.Spec.Env = tc.database, tc.dependencies, tc.env
			got := ""
			if _, problem := environment(database.Of(callingAll(ms))); problem != nil {
				got = problem.Message.String()
			}
			if got != tc.want {
				t.Errorf("environment reported %q, want %q", got, tc.want)
			}
		})
	}
}

func TestDependencyVariables(t *testing.T) {
	ms := inputstest.Orders()
	ms.Spec.Dependencies = []v1alpha1.Dependency{
		{Name: "users", MorePorts: []string{"admin", "grpc"}, Env: []v1alpha1.DependencyEnvVar{
			{Name: "ADMIN", Value: v1alpha1.AddressPartAddress, Port: "admin"}, {Name: "USERS", Value: v1alpha1.AddressPartAddress},
			{Name: "GRPC", Value: v1alpha1.AddressPartAddress, Port: "grpc"}, {Name: "GRPC_HOST", Value: v1alpha1.AddressPartHost, Port: "grpc"},
			{Name: "GRPC_PORT", Value: v1alpha1.AddressPartPort, Port: "grpc"}}},
		{Name: "users", Namespace: "old", EnvPrefix: "OLD_USERS"},
	}
	in := callingAll(ms)
	got := map[string]string{}
	for i := range in.Edges {
		for _, v := range dependencyEnv(in, i) {
			got[v.Name] = v.Value
		}
	}
	want := map[string]string{
		"USERS_URL": "http://users.shop.svc:80", "USERS_HOST": "users.shop.svc", "USERS_PORT": "80",
		"USERS_ADMIN_URL": "http://users.shop.svc:9090", "USERS_ADMIN_PORT": "9090", "ADMIN": "users.shop.svc:9090", "USERS": "users.shop.svc:80",
		// The URL and the address lead to the pods, host and port to the Service.
		"USERS_GRPC_URL": "dns:///users-headless.shop.svc:9000", "USERS_GRPC_PORT": "81",
		"GRPC": "users-headless.shop.svc:9000", "GRPC_HOST": "users.shop.svc", "GRPC_PORT": "81",
		"OLD_USERS_URL": "http://users.old.svc:80", "OLD_USERS_HOST": "users.old.svc", "OLD_USERS_PORT": "80",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("variables differ (-want +got):\n%s", diff)
	}
}

// callingAll returns the inputs of a Microservice whose dependencies all exist, with the
// ports http, admin and grpc.
func callingAll(ms *v1alpha1.Microservice) *inputs.Inputs {
	services := graph.Services{
		MemberOf: func(*v1alpha1.Microservice) string { return "" },
		Find: func(namespace, name string) *v1alpha1.Microservice {
			callee := inputstest.Orders()
			callee.Namespace, callee.Name = namespace, name
			callee.Spec = v1alpha1.MicroserviceSpec{Access: []v1alpha1.AccessRule{{Name: ms.Name, Namespace: ms.Namespace}}, Ports: []v1alpha1.Port{{Name: "http", Port: 80}, {Name: "admin", Port: 9090},
				{Name: "grpc", Port: 81, TargetPort: 9000, Protocol: v1alpha1.ProtocolGRPC}}}
			return callee
		},
	}
	return &inputs.Inputs{Microservice: ms, Edges: graph.Resolve(ms, services)}
}

func TestResourceAttributes(t *testing.T) {
	for value, want := range map[string]string{
		"team=checkout": "service.namespace=shop,service.version=1,team=checkout",
		"service.version=2, deployment.environment=x": "service.namespace=shop,service.version=2, deployment.environment=x",
		"": "",
	} {
		ms := inputstest.Orders()
		ms.Spec.Image, ms.Spec.TopologyRef = "orders:1", nil
		ms.Spec.Env = []corev1.EnvVar{{Name: resourceAttributes, Value: value}}
		if got := extendAttributes(ms)[0].Value; got != want {
			t.Errorf("%s=%q became %q, want %q", resourceAttributes, value, got, want)
		}
		if ms.Spec.Env[0].Value != value {
			t.Errorf("extendAttributes changed the spec to %q", ms.Spec.Env[0].Value)
		}
	}
}

func TestImageVersion(t *testing.T) {
	for image, wantVersion := range map[string]string{
		"orders":                   "latest",
		"orders:1.4.0":             "1.4.0",
		"localhost:5000/orders":    "latest",
		"localhost:5000/orders:v2": "v2",
		"orders@sha256:0123456789abcdef0123456789":      "0123456789ab",
		"orders:1.4.0@sha256:0123456789abcdef":          "1.4.0",
		"localhost:5000/orders@sha256:0123456789abcdef": "0123456789ab",
		"orders@sha256:abc":                             "abc",
		"orders@":                                       "",
	} {
		if got := ImageVersion(image); got != wantVersion {
			t.Errorf("ImageVersion(%q) is %q, want %q", image, got, wantVersion)
		}
	}
}
