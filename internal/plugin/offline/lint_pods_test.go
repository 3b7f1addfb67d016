// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"strings"
	"testing"
)

// inBase puts the service users into another namespace.
func inBase(users string) string {
	return strings.Replace(users, "{name: users}", "{name: users, namespace: base}", 1)
}

// topology returns a Topology with the name shop.
func topology(spec string) string {
	return "---\napiVersion: atoll.dev/v1alpha1\nkind: Topology\nmetadata: {name: shop}\nspec: {" + spec + "}\n"
}

// TestLintPods checks the rules about the pods of a service.
func TestLintPods(t *testing.T) {
	const configMap = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {USERS: users.shop.svc, PORT: \"99\"}\n"
	users := ms("users", ", ports: [{name: http, port: 80, targetPort: 8080}, {name: admin, port: 9090}]")
	for name, tc := range map[string]struct {
		input string
		want  []string
	}{
		"a call that is not declared": {input: ms("a", `, env: [{name: USERS, value: "http://users:80/x"}]`) + users,
			want: []string{`warning: Microservice "a": env USERS: Microservice "users" is called and is not in dependencies; to fix: add {name: users} to dependencies of a [UndeclaredCall]`}},
		"a call that Strict isolation blocks": {input: ms("a", `, env: [{name: USERS, value: "http://users:80"}], topologyRef: {name: shop}`) + users + topology("isolation: Strict"),
			want: []string{`warning: Microservice "a": env USERS: Microservice "users" is called and is not in dependencies; isolation blocks such a call; to fix: add`}},
		"a call that the isolation of the callee blocks": {input: ms("a", `, env: [{name: B, value: "http://b:80"}]`) + ms("b", ", ports: [{name: http, port: 80}], topologyRef: {name: shop}") + topology("isolation: Ingress"),
			want: []string{`warning: Microservice "a": env B: Microservice "b" is called and is not in dependencies; isolation blocks such a call; to fix: add`}},
		"a call that the isolation of the callee blocks by default": {input: ms("a", `, env: [{name: B, value: "http://b:80"}]`) + ms("b", ", ports: [{name: http, port: 80}], topologyRef: {name: shop}") + topology(""),
			want: []string{`warning: Microservice "a": env B: Microservice "b" is called and is not in dependencies; isolation blocks such a call; to fix: add`}},
		"a call that a caller with Ingress isolation may make": {input: ms("a", `, env: [{name: USERS, value: "http://users:80"}], topologyRef: {name: shop}`) + users + topology("isolation: Ingress"),
			want: []string{`warning: Microservice "a": env USERS: Microservice "users" is called and is not in dependencies; to fix: add`}},
		"a call without isolation": {input: ms("a", `, env: [{name: USERS, value: "http://users:80"}], topologyRef: {name: shop}`) + users + topology("isolation: None"),
			want: []string{`warning: Microservice "a": env USERS: Microservice "users" is called and is not in dependencies; to fix: add`}},
		"a call with audited isolation": {input: ms("a", `, env: [{name: USERS, value: "http://users:80"}], topologyRef: {name: shop}`) + users + strings.Replace(topology(""), "name: shop", "name: shop, annotations: {atoll.dev/isolation: audit}", 1),
			want: []string{`warning: Microservice "a": env USERS: Microservice "users" is called and is not in dependencies; to fix: add`}},
		"a call that is not declared, of another container": {
			input: ms("a", `, podTemplate: {spec: {containers: [{name: proxy, image: p, args: ["--to=users:80"]}]}}`) + users,
			want:  []string{`warning: Microservice "a": container "proxy", args[0]: Microservice "users" is called and is not in dependencies`}},
		"a call of another namespace that is not declared": {input: ms("a", `, env: [{name: USERS, value: "http://users.base.svc.cluster.local"}]`) + inBase(users),
			want: []string{`warning: Microservice "a": env USERS: Microservice "users" of namespace "base" is called and is not in dependencies; to fix: add {name: users, namespace: base} to dependencies of a, and {name: a, namespace: shop} to access of users [UndeclaredCall]`}},
		"a call on a port that the service does not have": {input: ms("a", `, dependencies: [{name: users}], env: [{name: USERS, value: "http://users:8080"}]`) + users,
			want: []string{`error: Microservice "a": env USERS: Microservice "users" has no port 8080; to fix: call port 80 (http) or 9090 (admin) [PortNotFound]`}},
		"a call on the port of a scheme": {input: ms("a", `, dependencies: [{name: users}], env: [{name: USERS, value: "https://users"}]`) + users,
			want: []string{`error: Microservice "a": env USERS: Microservice "users" has no port 443; to fix: call port 80 (http) or 9090 (admin) [PortNotFound]`}},
		"a call of a Worker": {input: ms("a", `, env: [{name: USERS, value: "http://b"}]`) + ms("b", ", type: Worker"),
			want: []string{`error: Microservice "a": env USERS: Microservice "b" has no port 80; to fix: remove it: the service is a Worker [PortNotFound]`,
				`warning: Microservice "a": env USERS: Microservice "b" is called and is not in dependencies`}},
		"a call on a port that the dependency lacks": {input: ms("a", `, dependencies: [{name: users}], env: [{name: USERS, value: "users:9090"}]`) + users,
			want: []string{`warning: Microservice "a": env USERS: Microservice "users" is called on port admin, and the dependency is on port http; to fix: add admin to morePorts of the dependency [UndeclaredCall]`}},
		"a call by a variable of Atoll": {input: ms("a", `, dependencies: [{name: users}], env: [{name: ADMIN, value: "http://$(USERS_HOST):9091/admin"}]`) + users,
			want: []string{`error: Microservice "a": env ADMIN: Microservice "users" has no port 9091`}},
		"a call by a variable of a ConfigMap": {
			input: ms("a", `, dependencies: [{name: users}], envFrom: [{configMapRef: {name: settings}}], env: [{name: ADMIN, value: "http://$(USERS):$(PORT)"}]`) + users + configMap,
			want:  []string{`error: Microservice "a": env ADMIN: Microservice "users" has no port 99`}},
		"calls that are declared": {
			input: ms("a", `, dependencies: [{name: users, morePorts: [admin]}], env: [{name: A, value: "http://users/x"}, {name: B, value: "http://$(USERS_HOST):9090"}, {name: C, value: "users.shop.svc.cluster.local:80"}]`) + users},
		"a call of the pods by the headless Service": {
			input: ms("a", `, dependencies: [{name: b}], env: [{name: B, value: "dns:///b-headless.shop.svc:9000"}]`) + ms("b", ", ports: [{name: grpc, port: 80, targetPort: 9000, protocol: GRPC}]")},
		"a call of a host that is nearly a service": {input: ms("a", `, env: [{name: USERS, value: "http://user.shop.svc"}]`) + users,
			want: []string{`warning: Microservice "a": env USERS: Service "user" of namespace "shop" is not in the files; did you mean users.shop.svc?; to fix: correct the address, or ignore this if the Service is in the cluster [UnknownHost]`}},
		"a call of nearly a namespace": {input: ms("a", `, env: [{name: USERS, value: "http://users.bases.svc"}]`) + inBase(users),
			want: []string{`warning: Microservice "a": env USERS: Service "users" of namespace "bases" is not in the files; did you mean users.base.svc?`}},
		"a call without the namespace": {input: ms("a", `, env: [{name: USERS, value: "http://users:80"}]`) + inBase(users),
			want: []string{`warning: Microservice "a": env USERS: Service "users" of namespace "shop" is not in the files; did you mean users.base.svc?`}},
		"calls of what is elsewhere": {
			input: ms("a", `, env: [{name: A, value: "https://example.com"}, {name: B, value: "http://cache.prod.svc"}, {name: C, value: "http://localhost:80"}, {name: D, value: "smtp.example.com:25"}, {name: E, value: "http://users.live.svc"}]`) + inBase(users)},
		"calls of a database and of a Service in the files": {
			input: ms("a", `, env: [{name: A, value: "users-db:5432"}, {name: B, value: "http://user"}]`) + ms("users", ", database: {engine: PostgreSQL}") + "---\napiVersion: v1\nkind: Service\nmetadata: {name: user}\n"},
		"a call of a dependency that is not in the files": {input: ms("a", `, dependencies: [{name: user}], env: [{name: A, value: "http://user:80"}]`) + users,
			want: []string{`warning: Microservice "a": Microservice "user", a dependency, is not among the files; it must be in the cluster; did you mean "users"? [DependencyNotFound]`}},

		"calls on a port that only the cluster knows": {
			input: ms("a", `, dependencies: [{name: users, morePorts: [admin]}], env: [{name: A, value: "http://users:${A_PORT}/api"}, {name: B, value: "http://users:{{ .port }}"}, `+
				`{name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}, {name: STAGE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}, {name: C, value: "http://users.$(POD_NAMESPACE).svc.cluster.local:8080"}, {name: D, value: "http://user-$(STAGE)"}, {name: E, value: "http://users.$(POD_NAMESPACE):8080"}], command: [sh, -c, 'curl "http://users:$PORT/"']`) + users},
		"a call on a port that only the cluster knows, not declared": {input: ms("a", `, env: [{name: A, value: "http://users:${A_PORT}/api"}]`) + users,
			want: []string{`warning: Microservice "a": env A: Microservice "users" is called and is not in dependencies`}},
		"text that is no address": {
			input: ms("a", `, dependencies: [{name: users}], env: [{name: CACHE_IMAGE, value: "redis:7"}, {name: TOPICS, value: "users:3,orders:1"}, {name: MODE, value: "worker:4"}, {name: TAG, value: "user:80"}], args: ["--user=worker:1000"]`) +
				users + ms("redis", "") + ms("worker", ", type: Worker")},
		"calls of databases of CloudNativePG": {
			input: ms("a", `, env: [{name: A, value: "postgresql://users-db-rw postgresql://users-db-ro.shop.svc postgresql://users-db-r:5432"}]`) + users + ms("users-db-job", "")},
		"a call of a host alias": {
			input: ms("a", `, env: [{name: A, value: "http://user:80"}], podTemplate: {spec: {hostAliases: [{ip: 10.0.0.1, hostnames: [user]}]}}`) + users},

		"a probe of a port that is not there": {input: ms("a", ", probes: {readiness: {tcpSocket: {port: web}}}"),
			want: []string{`error: Microservice "a": spec.probes.readiness: names port "web", and the container has http (8080); to fix: use one of these, or a number [ProbePort]`}},
		"a probe of podTemplate": {input: ms("a", ", podTemplate: {spec: {containers: [{name: a, livenessProbe: {httpGet: {path: /, port: web}}}]}}"),
			want: []string{`error: Microservice "a": spec.podTemplate: spec.containers[a].livenessProbe: names port "web", and the container has http (8080)`}},
		"a probe of another container's port": {input: ms("a", ", podTemplate: {spec: {containers: [{name: proxy, image: p, readinessProbe: {httpGet: {path: /, port: http}}}]}}"),
			want: []string{`error: Microservice "a": spec.podTemplate: spec.containers[proxy].readinessProbe: names port "http", and the container has no named port; to fix: use a number [ProbePort]`}},
		"a hook": {input: ms("a", ", podTemplate: {spec: {containers: [{name: a, lifecycle: {preStop: {httpGet: {path: /, port: web}}}}]}}"),
			want: []string{`error: Microservice "a": spec.podTemplate: spec.containers[a].lifecycle.preStop: names port "web"`}},
		"probes of ports that are there": {
			input: ms("a", ", probes: {readiness: {tcpSocket: {port: http}}, liveness: {httpGet: {path: /, port: 9000}}}, podTemplate: {spec: {containers: [{name: proxy, image: p, ports: [{name: web, containerPort: 1}], startupProbe: {tcpSocket: {port: web}}}]}}")},

		"a variable that nothing sets": {input: ms("a", `, env: [{name: A, value: "x-$(NOPE)"}]`),
			want: []string{`warning: Microservice "a": spec.env[A]: names $(NOPE), which nothing sets, so the text stays as it is; to fix: set NOPE before it in env, or write $$(NOPE) if the text is meant [UnsetVariable]`}},
		"a variable that is nearly set": {input: ms("a", `, dependencies: [{name: users}], args: ["--users=$(USER_URL)"]`) + users,
			want: []string{`warning: Microservice "a": spec.args[0]: names $(USER_URL), which nothing sets, so the text stays as it is; did you mean $(USERS_URL)?; to fix`}},
		"a variable that is set later": {input: ms("a", `, env: [{name: A, value: "$(B)"}, {name: B, value: b}]`),
			want: []string{`warning: Microservice "a": spec.env[A]: names $(B), which is set after it, so the text stays as it is; to fix`}},
		"a variable of podTemplate": {input: ms("a", `, podTemplate: {spec: {containers: [{name: a, env: [{name: A, value: $(NOPE)}], command: [x, $(NOR)]}, {name: proxy, image: p, args: [$(NEITHER)]}]}}`),
			want: []string{`warning: Microservice "a": spec.podTemplate: spec.containers[a].env[A]: names $(NOPE)`,
				`warning: Microservice "a": spec.podTemplate: spec.containers[a].command[1]: names $(NOR)`,
				`warning: Microservice "a": spec.podTemplate: spec.containers[proxy].args[0]: names $(NEITHER)`}},
		"a variable of a migration": {input: ms("a", `, database: {engine: PostgreSQL, migration: {command: [m, $(PGHOST), $(PG_HOST)]}}`),
			want: []string{`warning: Microservice "a": spec.database.migration.command[2]: names $(PG_HOST), which nothing sets, so the text stays as it is; did you mean $(PGHOST)?`}},
		"variables that are set": {
			input: ms("a", `, database: {engine: PostgreSQL}, dependencies: [{name: users}], env: [{name: A, value: "$(PGHOST) $(USERS_URL) $$(NOPE) $(KUBERNETES_SERVICE_HOST) $5 $"}, {name: B, value: $(A)}], command: [sh, -c, "echo $(date) $(B)"]`) + users},
		"commands of a shell in env": {
			input: ms("a", `, env: [{name: JAVA_OPTS, value: "-Dhost=$(hostname)"}], podTemplate: {spec: {containers: [{name: proxy, image: p, env: [{name: A, value: $(date)}]}]}}`)},
		"a variable in lower case that is set later": {input: ms("a", `, env: [{name: A, value: "$(host)"}, {name: host, value: b}]`),
			want: []string{`warning: Microservice "a": spec.env[A]: names $(host), which is set after it, so the text stays as it is; to fix`}},
		"variables of Services": {input: ms("a", `, env: [{name: A, value: "$(CACHE_SERVICE_HOST):$(CACHE_SERVICE_PORT) $(CACHE_SERVICE_PORT_HTTP) $(CACHE_PORT) $(CACHE_PORT_80_TCP) $(CACHE_PORT_80_TCP_ADDR)"}], podTemplate: {spec: {enableServiceLinks: true}}`)},
		"variables of Services, and one of no Service": {input: ms("a", `, env: [{name: A, value: $(CACHE_HOST)}], podTemplate: {spec: {enableServiceLinks: true}}`),
			want: []string{`warning: Microservice "a": spec.env[A]: names $(CACHE_HOST), which nothing sets`}},
		"a variable of a Service that the pods do not get": {input: ms("a", `, env: [{name: A, value: "$(CACHE_SERVICE_HOST)"}]`),
			want: []string{`warning: Microservice "a": spec.env[A]: names $(CACHE_SERVICE_HOST), which nothing sets`}},
		"variables that a ConfigMap may set": {input: ms("a", `, envFrom: [{configMapRef: {name: other}}], env: [{name: A, value: $(NOPE)}]`)},
		"variables that a ConfigMap sets":    {input: ms("a", `, envFrom: [{prefix: X_, configMapRef: {name: settings}}], env: [{name: A, value: $(X_PORT)}]`) + configMap},
		"a variable that a ConfigMap of the files does not set": {input: ms("a", `, envFrom: [{configMapRef: {name: settings}}], env: [{name: A, value: $(NOPE)}]`) + configMap,
			want: []string{`warning: Microservice "a": spec.env[A]: names $(NOPE), which nothing sets`}},

		"a container with another name": {input: ms("orders", ", podTemplate: {spec: {containers: [{name: order, workingDir: /x}]}}"),
			want: []string{`error: Microservice "orders": spec.podTemplate: spec.containers[order].name: adds container "order", which has no image; to fix: name it "orders" to change the service's container, or set its image [NoImage]`}},
		"an init container without an image": {input: ms("a", ", podTemplate: {spec: {initContainers: [{name: init}]}}"),
			want: []string{`error: Microservice "a": spec.podTemplate: spec.initContainers[init].name: adds container "init", which has no image; to fix: set its image [NoImage]`}},
		"a second container": {input: ms("orders", ", podTemplate: {spec: {containers: [{name: order, image: x}]}}")},
		"mistakes of a Topology's defaults": {
			input: ms("a", ", topologyRef: {name: shop}") + "---\napiVersion: atoll.dev/v1alpha1\nkind: Topology\nmetadata: {name: shop}\nspec: {defaults: {env: [{name: A, value: $(NOPE)}], " +
				"probes: {readiness: {tcpSocket: {port: web}}}, podTemplate: {spec: {restartPolicy: Never, containers: [{name: proxy, workingDir: /x}]}}}}\n",
			want: []string{`error: Microservice "a": defaults.podTemplate of the Topology: spec.containers[proxy].name: adds container "proxy", which has no image`,
				`error: Microservice "a": defaults.podTemplate of the Topology: spec.restartPolicy: is Never`,
				`error: Microservice "a": defaults of the Topology: readinessProbe: names port "web"`,
				`warning: Microservice "a": defaults.env of the Topology: env[A]: names $(NOPE)`}},
		"a restartPolicy": {input: ms("a", ", podTemplate: {spec: {restartPolicy: OnFailure}}"),
			want: []string{`error: Microservice "a": spec.podTemplate: spec.restartPolicy: is OnFailure, and a Deployment restarts its pods Always; to fix: remove it; run what ends as a Job [RestartPolicy]`}},
		"the restartPolicy of a Deployment": {input: ms("a", ", podTemplate: {spec: {restartPolicy: Always}}")},
		"a limit below the request": {input: ms("a", ", resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 500m, memory: 1Gi}}"),
			want: []string{`error: Microservice "a": spec.resources.requests: Invalid value: requests must not exceed limits: lower the request, or raise the limit [Invalid]`}},
		"a limit below the request, after a merge": {input: ms("a", ", resources: {requests: {memory: 1Gi}}, podTemplate: {spec: {containers: [{name: a, resources: {limits: {memory: 512Mi}}}]}}"),
			want: []string{`error: Microservice "a": spec.podTemplate: spec.containers[a].resources: requests 1Gi of memory, and the limit is 512Mi`}},
		"a limit below the request, of the database": {input: ms("a", ", database: {engine: Valkey, resources: {requests: {memory: 1Gi}, limits: {memory: 512Mi}}}"),
			want: []string{`error: Microservice "a": spec.database.resources.requests: Invalid value: requests must not exceed limits`}},
		"a limit below the request, of a Topology": {
			input: "---\napiVersion: atoll.dev/v1alpha1\nkind: Topology\nmetadata: {name: shop}\nspec: {defaults: {resources: {requests: {memory: 1Gi}, limits: {memory: 512Mi}}}}\n" + ms("a", ", topologyRef: {name: shop}"),
			want:  []string{`error: Topology "shop": spec.defaults.resources.requests: Invalid value: requests must not exceed limits`}},
		"a limit and a request": {input: ms("a", ", resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {memory: 1024Mi}}")},

		"a variable of a dependency that is replaced": {input: ms("a", `, dependencies: [{name: users}], env: [{name: USERS_URL, value: "http://users:80/v1"}]`) + users,
			want: []string{`warning: Microservice "a": spec.env[USERS_URL]: replaces the variable of dependency "users"; to fix: remove it, or give it another name [ReplacedVariable]`}},
		"a variable of the database that is replaced": {input: ms("a", `, database: {engine: PostgreSQL}, podTemplate: {spec: {containers: [{name: a, env: [{name: PGHOST, value: x}]}]}}`),
			want: []string{`warning: Microservice "a": spec.podTemplate: spec.containers[a].env[PGHOST]: replaces the variable of the database`}},
		"a variable that names itself": {input: ms("a", `, dependencies: [{name: users}], env: [{name: USERS_URL, value: $(USERS_URL)/v1}]`) + users,
			want: []string{`warning: Microservice "a": spec.env[USERS_URL]: replaces the variable of dependency "users"`,
				`warning: Microservice "a": spec.env[USERS_URL]: names itself, and env replaces the variable of that name, so the text stays as it is`}},
		"variables that are made of what they replace": {input: ms("a", `, database: {engine: PostgreSQL}, env: [{name: DATABASE_URL, value: "jdbc:postgresql://$(PGHOST)/$(PGDATABASE)"}, {name: OTEL_SERVICE_NAME, value: b}]`)},
		"a variable that two set": {
			input: ms("a", `, database: {engine: PostgreSQL}, dependencies: [{name: users, env: [{name: PGHOST, value: Host}]}], env: [{name: PGHOST, value: x}]`) + users},

		"a gRPC port by its name only": {input: ms("a", ", ports: [{name: grpc, port: 9000}]"),
			want: []string{`warning: Microservice "a": spec.ports[grpc].protocol: is HTTP, so callers of the port get no address that balances their calls over the pods; to fix: set protocol: GRPC, or give the port another name if it does not serve gRPC [Unbalanced]`}},
		"a gRPC port by its name only, of one pod": {input: ms("a", ", scaling: {replicas: 1}, ports: [{name: grpc, port: 9000}]")},
		"a gRPC port by the address of its Service": {
			input: ms("a", `, dependencies: [{name: b}], env: [{name: B, value: "$(B_HOST):$(B_PORT)"}]`) + ms("b", ", ports: [{name: grpc, port: 80, protocol: GRPC}]"),
			want:  []string{`warning: Microservice "a": env B: Microservice "b" has several pods, and this address of port grpc sends all calls of a connection to one of them; to fix: use the dependency's variable that ends in _URL, or value: Address in its env [Unbalanced]`}},
		"a gRPC port by the address of its Service, of one pod": {
			input: ms("a", `, dependencies: [{name: b}], env: [{name: B, value: "$(B_HOST):$(B_PORT)"}]`) + ms("b", ", scaling: {replicas: 1}, ports: [{name: grpc, port: 80, protocol: GRPC}]")},

		"a key twice": {input: ms("a", ", podTemplate: {spec: {containers: [{name: proxy, image: p, env: [{name: A}, {name: A}]}]}}"),
			want: []string{`error: Microservice "a": podTemplate: spec.containers[proxy].env has "A" twice; to fix: remove one of the two [InvalidSpec]`}},

		"fields of nearly the name": {input: ms("a", ", scaling: {replica: 3}, egres: [], ports: [{name: http, port: 80, targetport: 8080}]"),
			want: []string{`error: Microservice "a": spec.egres: no such field; to fix: correct the name (did you mean "egress"?) or remove it; kubectl explain microservice.spec lists the fields [UnknownField]`,
				`error: Microservice "a": spec.ports[0].targetport: no such field; to fix: correct the name (did you mean "targetPort"?) or remove it; kubectl explain microservice.spec.ports lists the fields [UnknownField]`,
				`error: Microservice "a": spec.scaling.replica: no such field; to fix: correct the name (did you mean "replicas"?) or remove it; kubectl explain microservice.spec.scaling lists the fields [UnknownField]`}},
		"fields of another case": {input: ms("a", ", database: {engine: PostgreSQL, migration: {command: [m], Command: [m]}}, dependencies: [{name: b, Env: []}], SCALING: {}") + "SPEC: {}\n" + ms("b", ""),
			want: []string{`error: Microservice "a": SPEC: no such field; to fix: correct the name (did you mean "spec"?) or remove it; kubectl explain microservice lists the fields [UnknownField]`,
				`error: Microservice "a": spec.SCALING: no such field; to fix: correct the name (did you mean "scaling"?) or remove it; kubectl explain microservice.spec lists the fields [UnknownField]`,
				`error: Microservice "a": spec.database.migration.Command: no such field; to fix: correct the name (did you mean "command"?) or remove it; kubectl explain microservice.spec.database.migration lists the fields [UnknownField]`,
				`error: Microservice "a": spec.dependencies[0].Env: no such field; to fix: correct the name (did you mean "env"?) or remove it; kubectl explain microservice.spec.dependencies lists the fields [UnknownField]`}},
		"a field of another place": {input: ms("a", ", replicas: 3"),
			want: []string{`error: Microservice "a": spec.replicas: no such field; to fix: set spec.scaling.replicas [UnknownField]`}},
		"a Topology of nearly the name": {input: ms("a", ", topologyRef: {name: shoop}") + "---\napiVersion: atoll.dev/v1alpha1\nkind: Topology\nmetadata: {name: shop}\nspec: {isolation: None}\n",
			want: []string{`warning: Microservice "a": Topology "shoop" of namespace "shop" is not among the files; what depends on it was not looked at; did you mean "shop"? [TopologyNotFound]`}},
		"a dependency in another namespace": {input: ms("a", ", dependencies: [{name: users}]") + inBase(users),
			want: []string{`warning: Microservice "a": Microservice "users", a dependency, is not among the files; it must be in the cluster; did you mean the one of namespace "base"? [DependencyNotFound]`}},
		"a port of nearly the name": {input: ms("a", ", dependencies: [{name: users, port: admn}]") + users,
			want: []string{`error: Microservice "a": Microservice "users" has no port "admn"; to fix: correct dependencies[].port; did you mean "admin"? [PortNotFound]`}},
	} {
		t.Run(name, func(t *testing.T) { expectFindings(t, tc.input, tc.want) })
	}
}

// expectFindings checks the beginnings of the findings.
func expectFindings(t *testing.T, input string, want []string) {
	t.Helper()
	findings, _ := lint(t, input)
	var got []string
	for i := range findings {
		got = append(got, findings[i].String())
	}
	if len(got) != len(want) {
		t.Fatalf("%d findings, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range got {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("finding is\n%s\nwant\n%s", got[i], want[i])
		}
	}
}

func TestClosest(t *testing.T) {
	for misspelt, want := range map[string]string{
		"user": "users", "ordres": "orders", "oders": "orders", "paymnt": "payments", "users": "", "catalog": "", "us": "", "a": "",
	} {
		if got := closest(misspelt, []string{"users", "orders", "payments", "b", "u"}); got != want {
			t.Errorf("closest to %q is %q, want %q", misspelt, got, want)
		}
	}
}
