// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// validation is a mistake that a user can make, and what the API server says
// to it. Objects are text, so that what is unset there is unset in the request;
// they are Microservices named users unless they say otherwise.
type validation struct {
	// before is the object that accepted and refused are changes of; empty when
	// they are made anew.
	before string
	// accepted is an object near to refused that is in order, so that a rule
	// which refuses everything is found out too.
	accepted string
	refused  string
	// field and message are what the API server answers to refused.
	field, message string
}

// validations has at least one entry for each rule in the API's types.
var validations = inKubernetesTypes(inPodMetadata(inBuckets(map[string]validation{
	// Names.
	"a Microservice's name that leaves no room for the names made from it": {
		accepted: `{metadata: {name: ` + strings.Repeat("a", 40) + `}, spec: {image: users}}`,
		refused:  `{metadata: {name: ` + strings.Repeat("a", 41) + `}, spec: {image: users}}`,
		field:    "metadata", message: "metadata.name must be at most 40 characters: lower case letters, digits and '-', beginning with a letter and ending with a letter or digit",
	},
	"a Microservice's name that no Service can have": {
		accepted: `{metadata: {name: users-2}, spec: {image: users}}`,
		refused:  `{metadata: {name: 2-users}, spec: {image: users}}`,
		field:    "metadata", message: "metadata.name must be at most 40 characters: lower case letters, digits and '-', beginning with a letter and ending with a letter or digit",
	},
	"a Topology's name with a dot": {
		accepted: `{kind: Topology, metadata: {name: 1-shop}}`,
		refused:  `{kind: Topology, metadata: {name: shop.example}}`,
		field:    "metadata", message: "metadata.name must be at most 63 characters: lower case letters, digits and '-', beginning and ending with a letter or digit",
	},

	// What must be there and what there is.
	"no spec": {
		accepted: `spec: {image: users}`,
		refused:  `{}`,
		field:    "spec", message: "Required value",
	},
	"no image": {
		accepted: `spec: {image: users}`,
		refused:  `spec: {args: [serve]}`,
		field:    "spec.image", message: "Required value",
	},
	"an empty image": {
		accepted: `spec: {image: u}`,
		refused:  `spec: {image: ""}`,
		field:    "spec.image", message: "spec.image in body should be at least 1 chars long",
	},
	"an image with a space in it": {
		accepted: `spec: {image: "registry.example.com:5000/users:1@sha256:0000000000000000000000000000000000000000000000000000000000000000"}`,
		refused:  `spec: {image: "users: 1"}`,
		field:    "spec.image", message: imageReference,
	},
	"a pull policy that there is not": {
		accepted: `spec: {image: users, imagePullPolicy: IfNotPresent}`,
		refused:  `spec: {image: users, imagePullPolicy: ifNotPresent}`,
		field:    "spec.imagePullPolicy", message: `supported values: "Always", "IfNotPresent", "Never"`,
	},
	"a type that there is not": {
		accepted: `spec: {image: users, type: Worker}`,
		refused:  `spec: {image: users, type: worker}`,
		field:    "spec.type", message: `supported values: "Server", "Worker"`,
	},
	"a delegated path in a namespace with capitals": {
		accepted: `{kind: Topology, spec: {gateway: {className: any, delegatedPaths: [{namespace: orders, prefixes: [/orders]}]}}}`,
		refused:  `{kind: Topology, spec: {gateway: {className: any, delegatedPaths: [{namespace: Orders, prefixes: [/orders]}]}}}`,
		field:    "spec.gateway.delegatedPaths[0].namespace", message: "namespace must be the name of a namespace: lower case letters, digits and '-'",
	},
	"a delegated path without a slash": {
		accepted: `{kind: Topology, spec: {gateway: {className: any, delegatedPaths: [{namespace: orders, prefixes: [/]}]}}}`,
		refused:  `{kind: Topology, spec: {gateway: {className: any, delegatedPaths: [{namespace: orders, prefixes: [orders]}]}}}`,
		field:    "spec.gateway.delegatedPaths[0].prefixes", message: "prefixes must be plain prefixes such as /orders, each beginning with '/'",
	},
	"no delegated paths, which would open all": {
		accepted: `{kind: Topology, spec: {gateway: {className: any}}}`,
		refused:  `{kind: Topology, spec: {gateway: {className: any, delegatedPaths: []}}}`,
		field:    "spec.gateway.delegatedPaths", message: "should have at least 1 items",
	},
	"an empty rollout": {
		accepted: `spec: {image: users, rollout: {progressDeadlineSeconds: 60}}`,
		refused:  `spec: {image: users, rollout: {}}`,
		field:    "spec.rollout", message: "should have at least 1 properties",
	},
	"a strategy that there is not yet": {
		accepted: `spec: {image: users, rollout: {strategy: RollingUpdate}}`,
		refused:  `spec: {image: users, rollout: {strategy: Canary}}`,
		field:    "spec.rollout.strategy", message: `supported values: "RollingUpdate", "Recreate"`,
	},
	"suspend as text": {
		accepted: `spec: {image: users, suspend: true}`,
		refused:  `spec: {image: users, suspend: "yes"}`,
		field:    "spec.suspend", message: `spec.suspend in body must be of type boolean: "string"`,
	},
	"a podTemplate that is text": {
		accepted: `spec: {image: users, podTemplate: {spec: {hostname: users}}}`,
		refused:  `spec: {image: users, podTemplate: "spec: {}"}`,
		field:    "spec.podTemplate", message: `spec.podTemplate in body must be of type object: "string"`,
	},
	"memory that is no quantity": {
		accepted: `spec: {image: users, resources: {limits: {memory: 64Mi}}}`,
		refused:  `spec: {image: users, resources: {limits: {memory: lots}}}`,
		field:    "spec.resources.limits.memory", message: "spec.resources.limits.memory in body should match",
	},
	"two variables of one name": {
		accepted: `spec: {image: users, env: [{name: A, value: "1"}, {name: B, value: "1"}]}`,
		refused:  `spec: {image: users, env: [{name: A, value: "1"}, {name: A, value: "2"}]}`,
		field:    "spec.env[1]", message: `Duplicate value: {"name":"A"}`,
	},

	// Ports, probes and identity.
	"an empty list of ports": {
		accepted: `spec: {image: users, ports: [{name: http, port: 80}]}`,
		refused:  `spec: {image: users, ports: []}`,
		field:    "spec.ports", message: "spec.ports in body should have at least 1 items",
	},
	"a port over the largest": {
		accepted: `spec: {image: users, ports: [{name: http, port: 65535}]}`,
		refused:  `spec: {image: users, ports: [{name: http, port: 65536}]}`,
		field:    "spec.ports[0].port", message: "spec.ports[0].port in body should be less than or equal to 65535",
	},
	"a target port of zero": {
		accepted: `spec: {image: users, ports: [{name: http, port: 80, targetPort: 1}]}`,
		refused:  `spec: {image: users, ports: [{name: http, port: 80, targetPort: 0}]}`,
		field:    "spec.ports[0].targetPort", message: "spec.ports[0].targetPort in body should be greater than or equal to 1",
	},
	"a protocol that there is not": {
		accepted: `spec: {image: users, ports: [{name: grpc, port: 80, protocol: GRPC}]}`,
		refused:  `spec: {image: users, ports: [{name: grpc, port: 80, protocol: gRPC}]}`,
		field:    "spec.ports[0].protocol", message: `supported values: "HTTP", "GRPC", "TCP"`,
	},
	"a port's name that no Service takes": {
		accepted: `spec: {image: users, ports: [{name: http-2, port: 80}]}`,
		refused:  `spec: {image: users, ports: [{name: http--2, port: 80}]}`,
		field:    "spec.ports[0].name", message: "name must consist of lower case letters, digits and single '-' between them, with at least one letter",
	},
	"a port's name without a letter": {
		accepted: `spec: {image: users, ports: [{name: p80, port: 80}]}`,
		refused:  `spec: {image: users, ports: [{name: "80", port: 80}]}`,
		field:    "spec.ports[0].name", message: "name must consist of lower case letters, digits and single '-' between them, with at least one letter",
	},
	"two ports of one name": {
		accepted: `spec: {image: users, ports: [{name: a, port: 80}, {name: b, port: 81}]}`,
		refused:  `spec: {image: users, ports: [{name: a, port: 80}, {name: a, port: 81}]}`,
		field:    "spec.ports[1]", message: `Duplicate value: {"name":"a"}`,
	},
	"two ports of one number": {
		accepted: `spec: {image: users, ports: [{name: a, port: 80, targetPort: 8080}, {name: b, port: 81, targetPort: 8080}]}`,
		refused:  `spec: {image: users, ports: [{name: a, port: 80}, {name: b, port: 80}]}`,
		field:    "spec.ports", message: "ports must not repeat a port number: give each entry its own number",
	},
	"a Worker with ports": {
		accepted: `spec: {image: users, type: Server, ports: [{name: http, port: 80}]}`,
		refused:  `spec: {image: users, type: Worker, ports: [{name: http, port: 80}]}`,
		field:    "spec.ports", message: "ports and type: Worker are mutually exclusive: a Worker listens on no port; remove ports, or set type: Server",
	},
	"a Worker with routes": {
		accepted: `spec: {image: users, type: Worker, routes: []}`,
		refused:  `spec: {image: users, type: Worker, routes: [{path: /users}]}`,
		field:    "spec.routes", message: "routes and type: Worker are mutually exclusive: a Worker has no port to route to; remove routes, or set type: Server",
	},
	"a Worker that is probed by path": {
		accepted: `spec: {image: users, type: Worker, probes: {liveness: {exec: {command: [users, alive]}}}}`,
		refused:  `spec: {image: users, type: Worker, probes: {path: /healthz}}`,
		field:    "spec.probes", message: "probes.path and type: Worker are mutually exclusive: a Worker has no port to probe; set probes.liveness or probes.readiness with exec",
	},
	"a path on a GRPC port": {
		accepted: `spec: {image: users, probes: {path: /healthz}, ports: [{name: http, port: 80}, {name: grpc, port: 81, protocol: GRPC}]}`,
		refused:  `spec: {image: users, probes: {path: /healthz}, ports: [{name: grpc, port: 81, protocol: GRPC}, {name: http, port: 80}]}`,
		field:    "spec.probes", message: "probes.path is an HTTP path on the first port, whose protocol must be HTTP: remove path for a probe of that port, set probes.readiness, or put an HTTP port first",
	},
	"a path on a TCP port": {
		accepted: `spec: {image: users, probes: {path: /healthz}, ports: [{name: tcp, port: 81, protocol: HTTP}]}`,
		refused:  `spec: {image: users, probes: {path: /healthz}, ports: [{name: tcp, port: 81, protocol: TCP}]}`,
		field:    "spec.probes", message: "probes.path is an HTTP path on the first port, whose protocol must be HTTP: remove path for a probe of that port, set probes.readiness, or put an HTTP port first",
	},
	"probes that say nothing": {
		accepted: `spec: {image: users, probes: {path: /healthz}}`,
		refused:  `spec: {image: users, probes: {}}`,
		field:    "spec.probes", message: "spec.probes in body should have at least 1 properties",
	},
	"a probe's path that is relative": {
		accepted: `spec: {image: users, probes: {path: "/healthz?full=1"}}`,
		refused:  `spec: {image: users, probes: {path: healthz}}`,
		field:    "spec.probes.path", message: "path must begin with '/'",
	},
	"annotations for a foreign ServiceAccount": {
		accepted: `spec: {image: users, serviceAccount: {name: shared, annotations: {}}}`,
		refused:  `spec: {image: users, serviceAccount: {name: shared, annotations: {role: users}}}`,
		field:    "spec.serviceAccount", message: "name and annotations are mutually exclusive: Atoll does not change an existing ServiceAccount; remove one of them",
	},

	// Scaling.
	"replicas beside autoscale": {
		accepted: `spec: {image: users, scaling: {autoscale: {max: 3}}}`,
		refused:  `spec: {image: users, scaling: {replicas: 2, autoscale: {max: 3}}}`,
		field:    "spec.scaling", message: "replicas and autoscale are mutually exclusive: remove one of them",
	},
	"fewer pods than none": {
		accepted: `spec: {image: users, scaling: {replicas: 0}}`,
		refused:  `spec: {image: users, scaling: {replicas: -1}}`,
		field:    "spec.scaling.replicas", message: "spec.scaling.replicas in body should be greater than or equal to 0",
	},
	"autoscale without max": {
		accepted: `spec: {image: users, scaling: {autoscale: {max: 2}}}`,
		refused:  `spec: {image: users, scaling: {autoscale: {min: 2}}}`,
		field:    "spec.scaling.autoscale.max", message: "Required value",
	},
	"min over max": {
		accepted: `spec: {image: users, scaling: {autoscale: {min: 3, max: 3}}}`,
		refused:  `spec: {image: users, scaling: {autoscale: {min: 4, max: 3}}}`,
		field:    "spec.scaling.autoscale", message: "min must not exceed max: unset min means 2",
	},
	"the min that is not said over max": {
		accepted: `spec: {image: users, scaling: {autoscale: {min: 1, max: 1}}}`,
		refused:  `spec: {image: users, scaling: {autoscale: {max: 1}}}`,
		field:    "spec.scaling.autoscale", message: "min must not exceed max: unset min means 2",
	},
	"a CPU target of zero": {
		accepted: `spec: {image: users, scaling: {autoscale: {max: 3, cpu: 1}}}`,
		refused:  `spec: {image: users, scaling: {autoscale: {max: 3, cpu: 0}}}`,
		field:    "spec.scaling.autoscale.cpu", message: "spec.scaling.autoscale.cpu in body should be greater than or equal to 1",
	},

	// Dependencies.
	"a service that depends on itself": {
		accepted: `spec: {image: users, dependencies: [{name: orders}]}`,
		refused:  `spec: {image: users, dependencies: [{name: orders}, {name: users}]}`,
		field:    "spec.dependencies", message: "dependencies must not name the service itself: remove the entry with the name of this Microservice",
	},
	"an optional dependency that the first rollout waits for": {
		accepted: `spec: {image: users, dependencies: [{name: mail, optional: true, startup: Ignore}, {name: stock, startup: Wait, optional: false}]}`,
		refused:  `spec: {image: users, dependencies: [{name: mail, optional: true, startup: Wait}]}`,
		field:    "spec.dependencies[0].optional", message: "optional: true and startup: Wait or WaitForAll are mutually exclusive: a service that works without a dependency does not wait for it; remove one of them",
	},
	"a dependency whose variable is the database's": {
		accepted: `spec: {image: users, dependencies: [{name: database}]}`,
		refused:  `spec: {image: users, dependencies: [{name: database}], database: {engine: PostgreSQL}}`,
		field:    "spec.dependencies", message: databaseVariables,
	},
	"a dependency whose variables are Redis'": {
		accepted: `spec: {image: users, dependencies: [{name: redis, envPrefix: SESSIONS}, {name: mysql}], database: {engine: Valkey}}`,
		refused:  `spec: {image: users, dependencies: [{name: redis}], database: {engine: Valkey}}`,
		field:    "spec.dependencies", message: databaseVariables,
	},
	"a dependency whose variables are MySQL's": {
		accepted: `spec: {image: users, dependencies: [{name: redis}, {name: valkey}], database: {engine: MariaDB}}`,
		refused:  `spec: {image: users, dependencies: [{name: sql, envPrefix: MYSQL}], database: {engine: MariaDB}}`,
		field:    "spec.dependencies", message: databaseVariables,
	},
	"two dependencies on one service": {
		accepted: `spec: {image: users, dependencies: [{name: orders}, {name: payments}, {name: orders, namespace: old, envPrefix: OLD_ORDERS}]}`,
		refused:  `spec: {image: users, dependencies: [{name: orders}, {name: orders, port: http, envPrefix: MORE}]}`,
		field:    "spec.dependencies", message: "dependencies must not name a service twice: list its further ports in morePorts",
	},
	"two dependencies of one name": {
		accepted: `spec: {image: users, dependencies: [{name: orders, envPrefix: A}, {name: payments, envPrefix: B}]}`,
		refused:  `spec: {image: users, dependencies: [{name: orders}, {name: orders, namespace: old}]}`,
		field:    "spec.dependencies", message: "two dependencies must not set the same variables: set envPrefix of one of them",
	},
	"two dependencies of one prefix": {
		accepted: `spec: {image: users, dependencies: [{name: orders, envPrefix: A}, {name: payments}]}`,
		refused:  `spec: {image: users, dependencies: [{name: orders, envPrefix: A}, {name: payments, envPrefix: A}]}`,
		field:    "spec.dependencies", message: "two dependencies must not set the same variables: set envPrefix of one of them",
	},
	"a further port that is named as another dependency": {
		accepted: `spec: {image: users, dependencies: [{name: orders, morePorts: [admin]}, {name: orders-admin, envPrefix: ADMIN}, {name: ordersxadmin}]}`,
		refused:  `spec: {image: users, dependencies: [{name: orders, morePorts: [admin]}, {name: orders-admin}]}`,
		field:    "spec.dependencies", message: "the variables of a further port must not be those of another dependency: set envPrefix of one of them",
	},
	"a prefix in lower case": {
		accepted: `spec: {image: users, dependencies: [{name: orders, envPrefix: ORDERS_2}]}`,
		refused:  `spec: {image: users, dependencies: [{name: orders, envPrefix: orders}]}`,
		field:    "spec.dependencies[0].envPrefix", message: "envPrefix must consist of upper case letters, digits and '_', and must not begin with a digit",
	},
	"a variable of a port that is not called": {
		accepted: `spec: {image: users, dependencies: [{name: orders, port: http, morePorts: [admin], env: [{name: A, value: URL, port: admin}, {name: B, value: URL, port: http}]}]}`,
		refused:  `spec: {image: users, dependencies: [{name: orders, env: [{name: A, value: URL, port: admin}]}]}`,
		field:    "spec.dependencies[0].env", message: "env[].port must be one of the ports that the dependency calls: add it to morePorts",
	},

	// Rollouts and probes.
	"a surge of Recreate": {
		accepted: `spec: {image: users, rollout: {strategy: RollingUpdate, maxSurge: 1}}`,
		refused:  `spec: {image: users, rollout: {strategy: Recreate, maxSurge: 1}}`,
		field:    "spec.rollout", message: "maxSurge and maxUnavailable apply only to strategy: RollingUpdate; remove them",
	},
	"no surge, and no pod that may go": {
		accepted: `spec: {image: users, rollout: {strategy: RollingUpdate, maxSurge: 0, maxUnavailable: 1}}`,
		refused:  `spec: {image: users, rollout: {strategy: RollingUpdate, maxSurge: 0}}`,
		field:    "spec.rollout.maxSurge", message: "maxSurge and maxUnavailable must not both be 0: no pod could be replaced; unset maxUnavailable means 0",
	},
	"no surge in percent, and no pod that may go": {
		accepted: `spec: {image: users, rollout: {strategy: RollingUpdate, maxSurge: 0%, maxUnavailable: 50%}}`,
		refused:  `spec: {image: users, rollout: {strategy: RollingUpdate, maxSurge: 0%, maxUnavailable: 0%}}`,
		field:    "spec.rollout.maxSurge", message: "maxSurge and maxUnavailable must not both be 0: no pod could be replaced; unset maxUnavailable means 0",
	},
	"a surge that is no percentage": {
		accepted: `spec: {image: users, rollout: {strategy: RollingUpdate, maxSurge: 100%}}`,
		refused:  `spec: {image: users, rollout: {strategy: RollingUpdate, maxSurge: half}}`,
		field:    "spec.rollout.maxSurge", message: "maxSurge must be a number of pods or a percentage from 0% to 100%",
	},
	"fewer than no pods that may go": {
		accepted: `spec: {image: users, rollout: {strategy: RollingUpdate, maxUnavailable: 0}}`,
		refused:  `spec: {image: users, rollout: {strategy: RollingUpdate, maxUnavailable: -1}}`,
		field:    "spec.rollout.maxUnavailable", message: "maxUnavailable must be a number of pods or a percentage from 0% to 100%",
	},
	"the time of a startup probe of one's own": {
		accepted: `spec: {image: users, probes: {path: /healthz, startupSeconds: 1200}}`,
		refused:  `spec: {image: users, probes: {path: /healthz, startupSeconds: 1200, startup: {tcpSocket: {port: 80}}}}`,
		field:    "spec.probes.startupSeconds", message: "startupSeconds is the limit of the startup probe of path: set path, and remove startup",
	},
	"a part that an address does not have": {
		accepted: `spec: {image: users, dependencies: [{name: orders, env: [{name: ORDERS, value: Address}]}]}`,
		refused:  `spec: {image: users, dependencies: [{name: orders, env: [{name: ORDERS, value: Addr}]}]}`,
		field:    "spec.dependencies[0].env[0].value", message: `supported values: "URL", "Address", "Host", "Port"`,
	},
	"a name that no environment variable has": {
		accepted: `spec: {image: users, dependencies: [{name: orders, env: [{name: orders.Service-1_addr, value: Host}]}]}`,
		refused:  `spec: {image: users, dependencies: [{name: orders, env: [{name: "ORDERS=", value: Host}]}]}`,
		field:    "spec.dependencies[0].env[0].name", message: "name must be a valid environment variable name: letters, digits, '_', '.' and '-', beginning with a letter or '_'",
	},

	// Routes.
	"a route to a port that is not among ports": {
		accepted: `spec: {image: users, ports: [{name: web, port: 80}], routes: [{port: web}]}`,
		refused:  `spec: {image: users, ports: [{name: web, port: 80}], routes: [{port: http}]}`,
		field:    "spec.routes", message: "routes[].port must be the name of an entry in ports; without ports, the only port is http",
	},
	"a route to a port other than the one that there is without ports": {
		accepted: `spec: {image: users, routes: [{port: http}]}`,
		refused:  `spec: {image: users, routes: [{port: web}]}`,
		field:    "spec.routes", message: "routes[].port must be the name of an entry in ports; without ports, the only port is http",
	},
	"a route to a TCP port": {
		accepted: `spec: {image: users, ports: [{name: a, port: 80}, {name: b, port: 81, protocol: TCP}], routes: [{port: a}]}`,
		refused:  `spec: {image: users, ports: [{name: a, port: 80}, {name: b, port: 81, protocol: TCP}], routes: [{port: b}]}`,
		field:    "spec.routes", message: "routes[].port must have protocol HTTP or GRPC: a TCP port can't be routed by host and path",
	},
	"a route to the first port, which is TCP": {
		accepted: `spec: {image: users, ports: [{name: a, port: 80, protocol: GRPC}], routes: [{}]}`,
		refused:  `spec: {image: users, ports: [{name: a, port: 80, protocol: TCP}], routes: [{}]}`,
		field:    "spec.routes", message: "routes[].port must have protocol HTTP or GRPC: a TCP port can't be routed by host and path",
	},
	"two routes for the same requests": {
		accepted: `spec: {image: users, routes: [{path: /a}, {path: /a, headers: [{name: beta, value: "1"}]}, {path: /a, hostnames: [a.example.com]}, {}]}`,
		refused:  `spec: {image: users, routes: [{path: /}, {timeout: 5s}]}`,
		field:    "spec.routes", message: "routes must differ in path, hostnames or headers: two entries match the same requests",
	},
	"a relative path": {
		accepted: `spec: {image: users, routes: [{path: /users}]}`,
		refused:  `spec: {image: users, routes: [{path: users}]}`,
		field:    "spec.routes[0].path", message: "path must be a plain prefix such as /orders",
	},
	"a path with parameters": {
		accepted: `spec: {image: users, routes: [{path: "/users/%7Bid%7D/.well-known/a..b/~x"}]}`,
		refused:  `spec: {image: users, routes: [{path: "/users/{id}"}]}`,
		field:    "spec.routes[0].path", message: "it must begin with '/' and must not contain '//', '/./', '/../', '%2F', '?', '#', braces or white space",
	},
	"a path that climbs": {
		accepted: `spec: {image: users, routes: [{path: /users/...}]}`,
		refused:  `spec: {image: users, routes: [{path: /users/..}]}`,
		field:    "spec.routes[0].path", message: "path must be a plain prefix such as /orders: it must begin with '/' and must not contain '//', '/./', '/../', '%2F', '?', '#', braces or white space",
	},
	"a relative rewrite": {
		accepted: `spec: {image: users, routes: [{path: /users, rewrite: /}]}`,
		refused:  `spec: {image: users, routes: [{path: /users, rewrite: v1}]}`,
		field:    "spec.routes[0].rewrite", message: "rewrite must begin with '/'",
	},
	// Objectives.
	"an slo without an objective": {
		accepted: `spec: {image: users, slo: {availability: "99.9"}}`,
		refused:  `spec: {image: users, slo: {window: 30d}}`,
		field:    "spec.slo", message: "an objective is missing: set availability, latencyP99 or both",
	},
	"an availability of 100": {
		accepted: `spec: {image: users, slo: {availability: "99.99"}}`,
		refused:  `spec: {image: users, slo: {availability: "100"}}`,
		field:    "spec.slo.availability", message: `availability must be a percentage from 50 to below 100, such as "99.9"`,
	},
	"a latency without its unit": {
		accepted: `spec: {image: users, slo: {latencyP99: 1s500ms}}`,
		refused:  `spec: {image: users, slo: {latencyP99: "300"}}`,
		field:    "spec.slo.latencyP99", message: "latencyP99 must be a duration such as 300ms or 1s500ms",
	},
	"a window of a year": {
		accepted: `spec: {image: users, slo: {availability: "99.9", window: 90d}}`,
		refused:  `spec: {image: users, slo: {availability: "99.9", window: 91d}}`,
		field:    "spec.slo.window", message: "window must be a number of days from 7d to 90d, such as 30d",
	},
	"a histogram that Prometheus can't have": {
		accepted: `spec: {image: users, slo: {availability: "99.9", requests: {histogram: http_request_duration_seconds}}}`,
		refused:  `spec: {image: users, slo: {availability: "99.9", requests: {histogram: http-request-duration}}}`,
		field:    "spec.slo.requests.histogram", message: "histogram must be the name of a metric in Prometheus, such as http_request_duration_seconds",
	},
	"a label of codes that Prometheus can't have": {
		accepted: `spec: {image: users, slo: {availability: "99.9", requests: {codeLabel: code}}}`,
		refused:  `spec: {image: users, slo: {availability: "99.9", requests: {codeLabel: "status code"}}}`,
		field:    "spec.slo.requests.codeLabel", message: "codeLabel must be the name of a label in Prometheus, such as code",
	},
	"a label of series that Prometheus can't have": {
		accepted: `spec: {image: users, slo: {availability: "99.9", requests: {series: [{label: service, pattern: users}]}}}`,
		refused:  `spec: {image: users, slo: {availability: "99.9", requests: {series: [{label: the-service, pattern: users}]}}}`,
		field:    "spec.slo.requests.series[0].label", message: "label must be the name of a label in Prometheus, such as service",
	},
	"no series": {
		accepted: `spec: {image: users, slo: {availability: "99.9", requests: {series: [{label: service, pattern: users}]}}}`,
		refused:  `spec: {image: users, slo: {availability: "99.9", requests: {series: []}}}`,
		field:    "spec.slo.requests.series", message: "should have at least 1 items",
	},
	"a name of a label of monitoring that no object can have": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, labels: {release: prometheus}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, labels: {the release: prometheus}}}}`,
		field:    "spec.monitoring.labels", message: "labels must have names of at most 63 letters, digits, '-', '_' and '.', such as release",
	},
	"a value of a label of monitoring that no object can have": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, labels: {release: prometheus}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, labels: {release: "the prometheus"}}}}`,
		field:    "spec.monitoring.labels[release]", message: "a label's value must consist of letters, digits, '-', '_' and '.', and begin and end with a letter or digit",
	},
	"a label of monitoring that Atoll sets": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, labels: {example.com/managed-by: x}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, labels: {app.kubernetes.io/managed-by: x}}}}`,
		field:    "spec.monitoring.labels", message: "labels must not have the keys that Atoll sets: atoll.dev/... and app.kubernetes.io/...",
	},
	"a histogram of a Topology that Prometheus can't have": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, requests: {histogram: request_seconds}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, requests: {histogram: 1_seconds}}}}`,
		field:    "spec.monitoring.requests.histogram", message: "histogram must be the name of a metric in Prometheus, such as http_request_duration_seconds",
	},
	"a label of codes of a Topology that Prometheus can't have": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, requests: {codeLabel: code}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, requests: {codeLabel: status-code}}}}`,
		field:    "spec.monitoring.requests.codeLabel", message: "codeLabel must be the name of a label in Prometheus, such as code",
	},
	"a label of series of a Topology that Prometheus can't have": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, requests: {series: [{label: service, pattern: $(name)}]}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, requests: {series: [{label: a-service, pattern: $(name)}]}}}}`,
		field:    "spec.monitoring.requests.series[0].label", message: "label must be the name of a label in Prometheus, such as service",
	},
	"a histogram of calls that Prometheus can't have": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [Calls], calls: {histogram: call_seconds}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [Calls], calls: {histogram: 1_seconds}}}}`,
		field:    "spec.monitoring.calls.histogram", message: "histogram must be the name of a metric in Prometheus, such as http_client_request_duration_seconds",
	},
	"a label of codes of calls that Prometheus can't have": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [Calls], calls: {codeLabel: code}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [Calls], calls: {codeLabel: status-code}}}}`,
		field:    "spec.monitoring.calls.codeLabel", message: "codeLabel must be the name of a label in Prometheus, such as code",
	},
	"a label of hosts that Prometheus can't have": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [Calls], calls: {hostLabel: host}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [Calls], calls: {hostLabel: server.address}}}}`,
		field:    "spec.monitoring.calls.hostLabel", message: "hostLabel must be the name of a label in Prometheus, such as server_address",
	},
	"calls that are not recorded": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [Requests, Calls], calls: {hostLabel: host}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [Requests], calls: {hostLabel: host}}}}`,
		field:    "spec.monitoring.calls", message: "calls without a record of them: add Calls to record",
	},
	"requests at the gateway that are not recorded": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [GatewayRequests], gatewayRequests: {series: [{label: service, pattern: $(name)}]}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, gatewayRequests: {series: [{label: service, pattern: $(name)}]}}}}`,
		field:    "spec.monitoring.gatewayRequests", message: "gatewayRequests without a record of them: add GatewayRequests to record",
	},
	"requests at a gateway without their metrics": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [GatewayRequests], gatewayRequests: {series: [{label: service, pattern: $(name)}]}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [GatewayRequests], gatewayRequests: {codeLabel: code}}}}`,
		field:    "spec.monitoring.record", message: "record of GatewayRequests without metrics: set gatewayRequests, with the histogram of your gateway and the series of a member",
	},
	"nothing to record": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [Requests]}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: []}}}`,
		field:    "spec.monitoring.record", message: "should have at least 1 items",
	},
	"a histogram of a gateway that Prometheus can't have": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [GatewayRequests], gatewayRequests: {histogram: request_seconds, series: [{label: service, pattern: $(name)}]}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [GatewayRequests], gatewayRequests: {histogram: 1_seconds, series: [{label: service, pattern: $(name)}]}}}}`,
		field:    "spec.monitoring.gatewayRequests.histogram", message: "histogram must be the name of a metric in Prometheus, such as http_request_duration_seconds",
	},
	"a label of codes of a gateway that Prometheus can't have": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [GatewayRequests], gatewayRequests: {codeLabel: code, series: [{label: service, pattern: $(name)}]}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [GatewayRequests], gatewayRequests: {codeLabel: status-code, series: [{label: service, pattern: $(name)}]}}}}`,
		field:    "spec.monitoring.gatewayRequests.codeLabel", message: "codeLabel must be the name of a label in Prometheus, such as code",
	},
	"a label of series of a gateway that Prometheus can't have": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [GatewayRequests], gatewayRequests: {series: [{label: service, pattern: $(name)}]}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [GatewayRequests], gatewayRequests: {series: [{label: a-service, pattern: $(name)}]}}}}`,
		field:    "spec.monitoring.gatewayRequests.series[0].label", message: "label must be the name of a label in Prometheus, such as service",
	},
	"no series of a gateway": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [GatewayRequests], gatewayRequests: {series: [{label: service, pattern: $(name)}]}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, record: [GatewayRequests], gatewayRequests: {series: []}}}}`,
		field:    "spec.monitoring.gatewayRequests.series", message: "should have at least 1 items",
	},
	"no series of a Topology": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, requests: {series: [{label: service, pattern: $(name)}]}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {namespaceSelector: {}, requests: {series: []}}}}`,
		field:    "spec.monitoring.requests.series", message: "should have at least 1 items",
	},
	"a timeout without its unit": {
		accepted: `spec: {image: users, routes: [{timeout: 1m30s}]}`,
		refused:  `spec: {image: users, routes: [{timeout: "5"}]}`,
		field:    "spec.routes[0].timeout", message: "timeout must be a duration such as 5s or 1m30s",
	},
	"a timeout that is a number": {
		accepted: `spec: {image: users, routes: [{timeout: 500ms}]}`,
		refused:  `spec: {image: users, routes: [{timeout: 5}]}`,
		field:    "spec.routes[0].timeout", message: `spec.routes[0].timeout in body must be of type string: "integer"`,
	},
	"a header's name with a colon": {
		accepted: `spec: {image: users, routes: [{headers: [{name: X-Beta, value: "a: b"}]}]}`,
		refused:  `spec: {image: users, routes: [{headers: [{name: "X-Beta:", value: "1"}]}]}`,
		field:    "spec.routes[0].headers[0].name", message: "name must be an HTTP header name",
	},
	"a URL for a route's hostname": {
		accepted: `spec: {image: users, routes: [{hostnames: ["*.example.com", localhost]}]}`,
		refused:  `spec: {image: users, routes: [{hostnames: ["https://shop.example.com"]}]}`,
		field:    "spec.routes[0].hostnames[0]", message: "hostnames must be lower case names such as shop.example.com or *.example.com, without scheme, port or path",
	},

	// Databases.
	"a database without an engine": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL}}`,
		refused:  `spec: {image: users, database: {version: "17"}}`,
		field:    "spec.database.engine", message: "Required value",
	},
	"an engine that there is not": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL}}`,
		refused:  `spec: {image: users, database: {engine: Postgres}}`,
		field:    "spec.database.engine", message: `supported values: "PostgreSQL", "MariaDB", "Valkey"`,
	},
	"a changed engine": {
		before:   `spec: {image: users, database: {engine: PostgreSQL}}`,
		accepted: `spec: {image: users}`,
		refused:  `spec: {image: users, database: {engine: MariaDB}}`,
		field:    "spec.database", message: "engine can't be changed in place: move the data to a new Microservice, or remove database first",
	},
	"a provider that there is not": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, provider: BuiltIn}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, provider: RDS}}`,
		field:    "spec.database.provider", message: `supported values: "BuiltIn", "CloudNativePG", "External"`,
	},
	"a changed provider": {
		before:   `spec: {image: users, database: {engine: PostgreSQL}}`,
		accepted: `spec: {image: users, database: {engine: PostgreSQL, provider: BuiltIn}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, provider: External, external: {secretName: db}}}`,
		field:    "spec.database", message: "provider can't be changed in place: remove database, restore the data at the new provider, then add database again",
	},
	"an external database without its Secret": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, provider: External, external: {secretName: db}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, provider: External}}`,
		field:    "spec.database", message: "provider: External and external require each other: set external.secretName with provider: External only",
	},
	"a Secret for a built-in database": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, provider: External, external: {secretName: db}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, external: {secretName: db}}}`,
		field:    "spec.database", message: "provider: External and external require each other: set external.secretName with provider: External only",
	},
	"settings for a database that is run elsewhere": {
		accepted: `spec: {image: users, database: {engine: MariaDB, provider: External, external: {secretName: db}, pool: 5, projection: ServiceBinding, migration: {command: [migrate]}}}`,
		refused:  `spec: {image: users, database: {engine: MariaDB, provider: External, external: {secretName: db}, version: "11.8"}}`,
		field:    "spec.database", message: notForExternal,
	},
	"CloudNativePG for another engine": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG}}`,
		refused:  `spec: {image: users, database: {engine: MariaDB, provider: CloudNativePG}}`,
		field:    "spec.database", message: "provider: CloudNativePG requires engine: PostgreSQL; remove provider, or set engine: PostgreSQL",
	},
	"extensions of another engine": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, extensions: [postgis, uuid-ossp]}}`,
		refused:  `spec: {image: users, database: {engine: MariaDB, extensions: [postgis]}}`,
		field:    "spec.database.extensions", message: "extensions requires engine: PostgreSQL: other engines have none; remove extensions",
	},
	"an extension that is no name": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, extensions: [pg_trgm]}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, extensions: ["postgis; DROP"]}}`,
		field:    "spec.database.extensions[0]", message: "extensions must have the names that pg_available_extensions lists: lower case letters, digits, '_' and '-'",
	},
	"several built-in servers": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, instances: 1}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, instances: 2}}`,
		field:    "spec.database.instances", message: "instances above 1 requires provider: CloudNativePG: provider: BuiltIn runs one server; set provider, or remove instances",
	},
	"more servers than there can be": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, instances: 9}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, instances: 10}}`,
		field:    "spec.database.instances", message: "spec.database.instances in body should be less than or equal to 9",
	},
	"a database's image with a space in it": {
		accepted: `spec: {image: users, database: {engine: Valkey, image: "docker.io/library/redis:8"}}`,
		refused:  `spec: {image: users, database: {engine: Valkey, image: "redis: 8"}}`,
		field:    "spec.database.image", message: imageReference,
	},
	"a pool without connections": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, pool: 1}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, pool: 0}}`,
		field:    "spec.database.pool", message: "spec.database.pool in body should be greater than or equal to 1",
	},
	"a projection that there is not": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, projection: None}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, projection: Files}}`,
		field:    "spec.database.projection", message: `supported values: "None", "ServiceBinding"`,
	},
	"a migration without a command": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, migration: {command: [/users, migrate], args: [--verbose]}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, migration: {args: [migrate]}}}`,
		field:    "spec.database.migration.command", message: "Required value",
	},
	"a migration's image with a space in it": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, migration: {command: [migrate], image: "flyway:11"}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, migration: {command: [migrate], image: "flyway: 11"}}}`,
		field:    "spec.database.migration.image", message: imageReference,
	},
	"a version that is a number": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, version: "17.2"}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, version: 17.2}}`,
		field:    "spec.database.version", message: `spec.database.version in body must be of type string: "number"`,
	},
	"a version with a letter": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, version: "17"}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, version: "17-alpine"}}`,
		field:    "spec.database.version", message: `version must be major or major.minor, such as "17" or "17.2"`,
	},
	"a version of PostgreSQL that is too old": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, version: "15"}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, version: "14.9"}}`,
		field:    "spec.database.version", message: "version of PostgreSQL must be at least 15: the tools of older versions lack what Atoll uses",
	},
	"another major version": {
		before:   `spec: {image: users, database: {engine: PostgreSQL, version: "17"}}`,
		accepted: `spec: {image: users, database: {engine: PostgreSQL, version: "17.2"}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, version: "18"}}`,
		field:    "spec.database", message: "version must keep its major version: remove it to keep the data's version, or restore a backup in a new Microservice with the new version",
	},
	"a lower minor version": {
		before:   `spec: {image: users, database: {engine: PostgreSQL, version: "17.9"}}`,
		accepted: `spec: {image: users, database: {engine: PostgreSQL, version: "17.10"}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, version: "17.8"}}`,
		field:    "spec.database", message: "version must not be lowered: remove it to keep the version that ran",
	},
	"a minor version that becomes no version": {
		before:   `spec: {image: users, database: {engine: PostgreSQL, version: "17.9"}}`,
		accepted: `spec: {image: users, database: {engine: PostgreSQL, version: "17"}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, version: "17.x"}}`,
		field:    "spec.database.version", message: `version must be major or major.minor, such as "17" or "17.2"`,
	},
	"storage that says nothing": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 1Gi}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, storage: {}}}`,
		field:    "spec.database.storage", message: "spec.database.storage in body should have at least 1 properties",
	},
	"a size that is no quantity": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 10G}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 10GB}}}`,
		field:    "spec.database.storage.size", message: "size must be a quantity of at least 1Mi, such as 10Gi or 500Mi",
	},
	"a size of zero": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 1Mi}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, storage: {size: "0"}}}`,
		field:    "spec.database.storage.size", message: "size must be a quantity of at least 1Mi, such as 10Gi or 500Mi",
	},
	"a size in thousandths": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 10M}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 10m}}}`,
		field:    "spec.database.storage.size", message: "size must be a quantity of at least 1Mi, such as 10Gi or 500Mi",
	},
	"a smaller volume": {
		before:   `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 1Gi}}}`,
		accepted: `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 1024Mi}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 1G}}}`,
		field:    "spec.database.storage", message: "size must not be reduced, because a volume can't shrink: remove it to keep the volume's size",
	},
	"another storage class": {
		before:   `spec: {image: users, database: {engine: PostgreSQL, storage: {storageClassName: fast}}}`,
		accepted: `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 20Gi}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, storage: {storageClassName: slow}}}`,
		field:    "spec.database.storage", message: "storageClassName can't be changed in place: remove it to keep the volume's class, or restore a backup in a new Microservice with the new class",
	},
	"a storage class that is taken away": {
		before:   `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 1Gi}}}`,
		accepted: `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 1Gi, storageClassName: fast}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, storage: {size: 1Gi, storageClassName: ""}}}`,
		field:    "spec.database.storage.storageClassName", message: "spec.database.storage.storageClassName in body should be at least 1 chars long",
	},
	"a parameter that is a number": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, parameters: {max_connections: "200"}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, parameters: {max_connections: 200}}}`,
		field:    "spec.database.parameters.max_connections", message: `must be of type string: "integer"`,
	},
	"a parameter as on the command line": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, parameters: {pg_stat_statements.max: "1000", maxmemory-policy: "noeviction", _x: ""}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, parameters: {--max-connections: "200"}}}`,
		field:    "spec.database.parameters", message: "parameters must have the names of the engine's configuration file: lower case letters, digits, '_', '-' and '.'",
	},
	"a parameter that Atoll sets": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, parameters: {port_range: "1"}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, parameters: {port: "5433"}}}`,
		field:    "spec.database.parameters", message: parameterIsSet,
	},
	"a parameter's value without end": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, parameters: {search_path: ` + strings.Repeat("a", 1024) + `}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, parameters: {search_path: ` + strings.Repeat("a", 1025) + `}}}`,
		field:    "spec.database.parameters.search_path", message: "may not be more than 1024 bytes",
	},
	"a deletion policy that there is not": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, deletionPolicy: Delete}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, deletionPolicy: Keep}}`,
		field:    "spec.database.deletionPolicy", message: `supported values: "Retain", "Delete"`,
	},

	// Backups and restores.
	"a backup without its schedule": {
		accepted: `spec: {image: users, database: {engine: MariaDB, backup: {schedule: "@hourly", destination: {persistentVolumeClaim: {claimName: b}}}}}`,
		refused:  `spec: {image: users, database: {engine: MariaDB, backup: {destination: {persistentVolumeClaim: {claimName: b}}}}}`,
		field:    "spec.database.backup.schedule", message: "Required value",
	},
	"a schedule with seconds": {
		accepted: `spec: {image: users, database: {engine: Valkey, backup: {schedule: "*/15 0-5,22 1,15 JAN-dec ?", destination: {persistentVolumeClaim: {claimName: b}}}}}`,
		refused:  `spec: {image: users, database: {engine: Valkey, backup: {schedule: "0 0 3 * * *", destination: {persistentVolumeClaim: {claimName: b}}}}}`,
		field:    "spec.database.backup.schedule", message: badSchedule,
	},
	"a schedule that counts from its start": {
		accepted: `spec: {image: users, database: {engine: Valkey, backup: {schedule: "@daily", destination: {persistentVolumeClaim: {claimName: b}}}}}`,
		refused:  `spec: {image: users, database: {engine: Valkey, backup: {schedule: "@every 1h", destination: {persistentVolumeClaim: {claimName: b}}}}}`,
		field:    "spec.database.backup.schedule", message: badSchedule,
	},
	"no backup that is kept": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, backup: {schedule: "@daily", keep: 1, destination: {persistentVolumeClaim: {claimName: b}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, backup: {schedule: "@daily", keep: 0, destination: {persistentVolumeClaim: {claimName: b}}}}}`,
		field:    "spec.database.backup.keep", message: "spec.database.backup.keep in body should be greater than or equal to 1",
	},
	"a backup to nowhere": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, backup: {schedule: "@daily", destination: {s3: {bucket: b-1.example}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, backup: {schedule: "@daily", destination: {}}}}`,
		field:    "spec.database.backup.destination", message: "exactly one of persistentVolumeClaim and s3 must be set",
	},
	"a backup to two places": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, backup: {schedule: "@daily", destination: {persistentVolumeClaim: {claimName: b}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, backup: {schedule: "@daily", destination: {persistentVolumeClaim: {claimName: b}, s3: {bucket: bucket}}}}}`,
		field:    "spec.database.backup.destination", message: "exactly one of persistentVolumeClaim and s3 must be set",
	},
	"a backup of a Cluster to a volume": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, backup: {schedule: "@daily", destination: {s3: {bucket: bucket}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, backup: {schedule: "@daily", destination: {persistentVolumeClaim: {claimName: b}}}}}`,
		field:    "spec.database.backup", message: "backup.destination must be s3 with provider: CloudNativePG: it can't write backups to a volume",
	},
	"a limit for backups that CloudNativePG makes": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, backup: {schedule: "@daily", timeoutSeconds: 60, destination: {s3: {bucket: shop}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, backup: {schedule: "@daily", timeoutSeconds: 60, destination: {s3: {bucket: shop}}}}}`,
		field:    "spec.database.backup", message: "backup.timeoutSeconds must not be set with provider: CloudNativePG, which makes its backups itself; remove it",
	},
	"a limit for a recovery of CloudNativePG": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, restore: {timeoutSeconds: 60, from: {provider: BuiltIn, s3: {bucket: shop}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, restore: {timeoutSeconds: 60, from: {s3: {bucket: shop}}}}}`,
		field:    "spec.database.restore", message: "restore.timeoutSeconds must not be set for a backup of CloudNativePG, which recovers it itself; remove it",
	},
	"a staging volume for backups that CloudNativePG makes": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, backup: {schedule: "@daily", destination: {s3: {bucket: shop, staging: {size: 1Gi}}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, backup: {schedule: "@daily", destination: {s3: {bucket: shop, staging: {size: 1Gi}}}}}}`,
		field:    "spec.database.backup", message: "backup.destination.s3.staging must not be set with provider: CloudNativePG, which writes its backups without it; remove it",
	},
	"a staging volume for a backup that CloudNativePG reads": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, restore: {from: {provider: BuiltIn, s3: {bucket: shop, staging: {size: 1Gi}}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, restore: {from: {s3: {bucket: shop, staging: {size: 1Gi}}}}}}`,
		field:    "spec.database.restore", message: "restore.from.s3.staging must not be set for a backup of CloudNativePG, which is read without it; remove it",
	},
	"a migration without time": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, migration: {command: [a], timeoutSeconds: 1}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, migration: {command: [a], timeoutSeconds: 0}}}`,
		field:    "spec.database.migration.timeoutSeconds", message: "should be greater than or equal to 1",
	},
	"a Cluster restored from a volume": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, restore: {from: {s3: {bucket: bucket}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, restore: {from: {persistentVolumeClaim: {claimName: b}}}}}`,
		field:    "spec.database.restore", message: "restore.from must be s3 with provider: CloudNativePG: it can't read its backups from a volume; to restore a dump from a volume, set restore.from.provider to BuiltIn",
	},
	"a Cluster's backup restored by another provider": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, provider: CloudNativePG, restore: {from: {provider: BuiltIn, persistentVolumeClaim: {claimName: b}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {provider: CloudNativePG, s3: {bucket: bucket}}}}}`,
		field:    "spec.database.restore", message: "restore.from.provider: CloudNativePG requires provider: CloudNativePG: only CloudNativePG can read its backups; set provider to CloudNativePG, or restore from a dump",
	},
	"a restore from nowhere": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {service: orders}}, backup: {schedule: "@daily", destination: {s3: {bucket: bucket}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {service: orders}}}}`,
		field:    "spec.database.restore", message: "restore.from requires persistentVolumeClaim or s3 when backup is unset: there is no backup.destination to read from; set one of them",
	},
	"a restore that says nothing": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {persistentVolumeClaim: {claimName: b}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {}}, backup: {schedule: "@daily", destination: {s3: {bucket: bucket}}}}}`,
		field:    "spec.database.restore.from", message: "spec.database.restore.from in body should have at least 1 properties",
	},
	"a restore from two places": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {s3: {bucket: bucket}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {persistentVolumeClaim: {claimName: b}, s3: {bucket: bucket}}}}}`,
		field:    "spec.database.restore.from", message: "persistentVolumeClaim and s3 are mutually exclusive: remove one of them",
	},
	"a restore of a service that can't be": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {s3: {bucket: bucket}, service: users-2}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {s3: {bucket: bucket}, service: ../users}}}}`,
		field:    "spec.database.restore.from.service", message: "service must be the name of a Microservice",
	},
	"a restore of a namespace that can't be": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {s3: {bucket: bucket}, namespace: shop-2}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {s3: {bucket: bucket}, namespace: ../shop}}}}`,
		field:    "spec.database.restore.from.namespace", message: "namespace must be the name of a namespace",
	},
	"a restore of another namespace's volume": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {namespace: shop}}, backup: {schedule: "@daily", destination: {s3: {bucket: bucket}}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {namespace: shop}}, backup: {schedule: "@daily", destination: {persistentVolumeClaim: {claimName: b}}}}}`,
		field:    "spec.database.restore", message: "restore.from.namespace requires a backup in a bucket (s3): a persistentVolumeClaim is in the namespace of the Microservice; remove namespace",
	},
	"a restore of a file elsewhere": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {s3: {bucket: bucket}, backup: 20260101T030000Z.dump}}}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {s3: {bucket: bucket}, backup: ../orders/20260101T030000Z.dump}}}}`,
		field:    "spec.database.restore.from.backup", message: "backup must be a file name: letters, digits, '.', '_' and '-', beginning with a letter or digit",
	},

	// Connections.
	"a way out to no addresses": {
		accepted: `spec: {image: users, egress: [{cidrs: [203.0.113.0/24, "2001:db8::/32"], ports: [443]}, {cidrs: [198.51.100.7/32]}]}`,
		refused:  `spec: {image: users, egress: [{cidrs: [api.example.com]}]}`,
		field:    "spec.egress[0].cidrs", message: "cidrs must be address blocks in CIDR notation, such as 203.0.113.0/24 or 2001:db8::/32",
	},
	"a way out to a block with the address of a host": {
		accepted: `spec: {image: users, egress: [{cidrs: [10.0.0.0/8, 10.0.0.1/32, 0.0.0.0/0, "2001:db8::/32", "2001:db8::1/128", "::/0"]}]}`,
		refused:  `spec: {image: users, egress: [{cidrs: [203.0.113.0/24]}, {cidrs: [10.0.0.1/8]}]}`,
		field:    "spec.egress[1].cidrs", message: "cidrs must begin with the first address of their block: 10.0.0.0/8 and not 10.0.0.1/8, or 10.0.0.1/32 for one address",
	},
	"a way out to an IPv6 block with the address of a host": {
		accepted: `spec: {image: users, egress: [{cidrs: ["2001:db8:0:1::/64"]}]}`,
		refused:  `spec: {image: users, egress: [{cidrs: ["2001:db8::1/64"]}]}`,
		field:    "spec.egress[0].cidrs", message: "cidrs must begin with the first address of their block: 10.0.0.0/8 and not 10.0.0.1/8, or 10.0.0.1/32 for one address",
	},
	"a way out to an IPv4 block that is written as IPv6": {
		accepted: `spec: {image: users, egress: [{cidrs: [10.0.0.0/8]}]}`,
		refused:  `spec: {image: users, egress: [{cidrs: ["::ffff:10.0.0.0/104"]}]}`,
		field:    "spec.egress[0].cidrs", message: "cidrs must be address blocks in CIDR notation, such as 203.0.113.0/24 or 2001:db8::/32",
	},
	"a way out to a block with a leading zero": {
		accepted: `spec: {image: users, egress: [{cidrs: [10.0.0.0/8]}]}`,
		refused:  `spec: {image: users, egress: [{cidrs: [010.0.0.0/08]}]}`,
		field:    "spec.egress[0].cidrs", message: "cidrs must be address blocks in CIDR notation, such as 203.0.113.0/24 or 2001:db8::/32",
	},
	"a way out by a protocol that there is not": {
		accepted: `spec: {image: users, egress: [{cidrs: [203.0.113.0/24], protocol: UDP, ports: [53]}, {cidrs: [203.0.113.0/24], protocol: SCTP}]}`,
		refused:  `spec: {image: users, egress: [{cidrs: [203.0.113.0/24], protocol: HTTP}]}`,
		field:    "spec.egress[0].protocol", message: `supported values: "TCP", "UDP", "SCTP"`,
	},
	"a name server that is no address": {
		accepted: `{kind: Topology, spec: {nameServers: [10.0.0.10, "fd00::a"]}}`,
		refused:  `{kind: Topology, spec: {nameServers: [dns.example.com]}}`,
		field:    "spec.nameServers", message: "nameServers must be IP addresses, such as 10.96.0.10",
	},
	"a user of a database's pods that there is not": {
		accepted: `spec: {image: users, database: {engine: PostgreSQL, podUser: Platform}}`,
		refused:  `spec: {image: users, database: {engine: PostgreSQL, podUser: root}}`,
		field:    "spec.database.podUser", message: `supported values: "Image", "Platform"`,
	},
	"a default user of databases' pods that there is not": {
		accepted: `{kind: Topology, spec: {defaults: {database: {podUser: Image}}}}`,
		refused:  `{kind: Topology, spec: {defaults: {database: {podUser: postgres}}}}`,
		field:    "spec.defaults.database.podUser", message: `supported values: "Image", "Platform"`,
	},
	"a mesh that there is not": {
		accepted: `{kind: Topology, spec: {mesh: {type: IstioSidecar, namespace: istio}}}`,
		refused:  `{kind: Topology, spec: {mesh: {type: Consul}}}`,
		field:    "spec.mesh.type", message: `supported values: "IstioAmbient", "IstioSidecar", "Linkerd"`,
	},
	"a mesh in a namespace that can't be": {
		accepted: `{kind: Topology, spec: {mesh: {type: Linkerd, namespace: linkerd-2}}}`,
		refused:  `{kind: Topology, spec: {mesh: {type: Linkerd, namespace: Linkerd}}}`,
		field:    "spec.mesh.namespace", message: "namespace must be the name of a namespace",
	},
	"the control plane of an ambient mesh": {
		accepted: `{kind: Topology, spec: {mesh: {type: IstioAmbient}}}`,
		refused:  `{kind: Topology, spec: {mesh: {type: IstioAmbient, namespace: istio-system}}}`,
		field:    "spec.mesh.namespace", message: "namespace and type: IstioAmbient are mutually exclusive: pods of an ambient mesh do not call its control plane; remove namespace",
	},
	"a way of starting that there is not": {
		accepted: `spec: {image: users, dependencies: [{name: orders, namespace: shop, startup: Wait}]}`,
		refused:  `spec: {image: users, dependencies: [{name: orders, startup: Always}]}`,
		field:    "spec.dependencies[0].startup", message: `supported values: "Ignore", "Wait"`,
	},
	"a dependency of its own name": {
		accepted: `spec: {image: users, dependencies: [{name: users, namespace: elsewhere}]}`,
		refused:  `spec: {image: users, dependencies: [{name: users}]}`,
		field:    "spec.dependencies", message: "dependencies must not name the service itself: remove the entry with the name of this Microservice",
	},

	// Topologies.
	"a default number of pods beside autoscaling": {
		accepted: `{kind: Topology, spec: {defaults: {scaling: {replicas: 1}}}}`,
		refused:  `{kind: Topology, spec: {defaults: {scaling: {replicas: 1, autoscale: {max: 3}}}}}`,
		field:    "spec.defaults.scaling", message: "replicas and autoscale are mutually exclusive: remove one of them",
	},
	"a default min over max": {
		accepted: `{kind: Topology, spec: {defaults: {scaling: {autoscale: {max: 2}}}}}`,
		refused:  `{kind: Topology, spec: {defaults: {scaling: {autoscale: {max: 1}}}}}`,
		field:    "spec.defaults.scaling.autoscale", message: "min must not exceed max: unset min means 2",
	},
	"a default path without its slash": {
		accepted: `{kind: Topology, spec: {defaults: {probes: {path: /healthz, startupSeconds: 60}}}}`,
		refused:  `{kind: Topology, spec: {defaults: {probes: {path: healthz}}}}`,
		field:    "spec.defaults.probes.path", message: "path must begin with '/'",
	},
	"a default time to start without a path": {
		accepted: `{kind: Topology, spec: {defaults: {env: [{name: PORT}], podTemplate: {spec: {nodeName: a}}, terminationGracePeriodSeconds: 5}}}`,
		refused:  `{kind: Topology, spec: {defaults: {probes: {startupSeconds: 60}}}}`,
		field:    "spec.defaults.probes.startupSeconds", message: "startupSeconds is the limit of the startup probe of path: set path, and remove startup",
	},
	"namespaces by labels without labels": {
		accepted: `{kind: Topology, spec: {allowedNamespaces: {from: Selector, selector: {matchLabels: {team: shop}}}}}`,
		refused:  `{kind: Topology, spec: {allowedNamespaces: {from: Selector}}}`,
		field:    "spec.allowedNamespaces", message: "selector and from: Selector require each other: set both or neither",
	},
	"labels of namespaces that are not asked for": {
		accepted: `{kind: Topology, spec: {allowedNamespaces: {from: All}}}`,
		refused:  `{kind: Topology, spec: {allowedNamespaces: {from: All, selector: {matchLabels: {team: shop}}}}}`,
		field:    "spec.allowedNamespaces", message: "selector and from: Selector require each other: set both or neither",
	},
	"namespaces from somewhere": {
		accepted: `{kind: Topology, spec: {allowedNamespaces: {from: Same}}}`,
		refused:  `{kind: Topology, spec: {allowedNamespaces: {from: Some}}}`,
		field:    "spec.allowedNamespaces.from", message: `supported values: "Same", "All", "Selector"`,
	},
	"an isolation that there is not": {
		accepted: `{kind: Topology, spec: {isolation: Ingress, monitoring: {namespaceSelector: {}}, gateway: {className: traefik, dataPlane: {namespaceSelector: {}, podSelector: {}}}}}`,
		refused:  `{kind: Topology, spec: {isolation: Full}}`,
		field:    "spec.isolation", message: `supported values: "Strict", "Ingress", "None"`,
	},
	"pods that scrape in namespaces that are not said": {
		accepted: `{kind: Topology, spec: {monitoring: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}, podSelector: {matchLabels: {app: prometheus}}}}}`,
		refused:  `{kind: Topology, spec: {monitoring: {podSelector: {matchLabels: {app: prometheus}}}}}`,
		field:    "spec.monitoring.namespaceSelector", message: "namespaceSelector must be set: name the namespace with matchLabels {kubernetes.io/metadata.name: ...}, or write {} for every namespace",
	},
	"pods of a gateway in namespaces that are not said": {
		accepted: `{kind: Topology, spec: {gateway: {className: traefik, dataPlane: {namespaceSelector: {}}}}}`,
		refused:  `{kind: Topology, spec: {gateway: {className: traefik, dataPlane: {podSelector: {}}}}}`,
		field:    "spec.gateway.dataPlane.namespaceSelector", message: "namespaceSelector must be set: name the namespace with matchLabels {kubernetes.io/metadata.name: ...}, or write {} for every namespace",
	},
	"a gateway that is made and there already": {
		accepted: `{kind: Topology, spec: {gateway: {className: traefik}}}`,
		refused:  `{kind: Topology, spec: {gateway: {className: traefik, ref: {name: public}}}}`,
		field:    "spec.gateway", message: "exactly one of className (Atoll creates a Gateway) and ref (an existing Gateway) must be set",
	},
	"a gateway that is neither made nor there": {
		accepted: `{kind: Topology, spec: {gateway: {ref: {name: public, namespace: infra, sectionName: https}}}}`,
		refused:  `{kind: Topology, spec: {gateway: {hostnames: [shop.example.com]}}}`,
		field:    "spec.gateway", message: "exactly one of className (Atoll creates a Gateway) and ref (an existing Gateway) must be set",
	},
	"a certificate for an existing gateway": {
		accepted: `{kind: Topology, spec: {gateway: {className: traefik, tls: {secretName: shop-tls}}}}`,
		refused:  `{kind: Topology, spec: {gateway: {ref: {name: public}, tls: {secretName: shop-tls}}}}`,
		field:    "spec.gateway", message: "tls requires className: an existing Gateway has its own certificates; remove tls",
	},
	"a certificate to be issued for no name": {
		accepted: `{kind: Topology, spec: {gateway: {className: traefik, hostnames: [shop.example.com], tls: {issuerRef: {name: le, kind: ClusterIssuer}}}}}`,
		refused:  `{kind: Topology, spec: {gateway: {className: traefik, hostnames: [], tls: {issuerRef: {name: le}}}}}`,
		field:    "spec.gateway", message: "tls.issuerRef requires hostnames: a certificate is issued for host names; set hostnames",
	},
	"a certificate from two sources": {
		accepted: `{kind: Topology, spec: {gateway: {className: traefik, hostnames: [shop.example.com], tls: {issuerRef: {name: le}}}}}`,
		refused:  `{kind: Topology, spec: {gateway: {className: traefik, hostnames: [shop.example.com], tls: {issuerRef: {name: le}, secretName: shop-tls}}}}`,
		field:    "spec.gateway.tls", message: "exactly one of secretName and issuerRef must be set",
	},
	"an issuer of a kind that there is not": {
		accepted: `{kind: Topology, spec: {gateway: {className: traefik, hostnames: [shop.example.com], tls: {issuerRef: {name: le, kind: Issuer}}}}}`,
		refused:  `{kind: Topology, spec: {gateway: {className: traefik, hostnames: [shop.example.com], tls: {issuerRef: {name: le, kind: Vault}}}}}`,
		field:    "spec.gateway.tls.issuerRef.kind", message: `supported values: "Issuer", "ClusterIssuer"`,
	},
	"a Topology's hostname with a port": {
		accepted: `{kind: Topology, spec: {gateway: {className: traefik, hostnames: [shop.example.com]}}}`,
		refused:  `{kind: Topology, spec: {gateway: {className: traefik, hostnames: ["shop.example.com:8080"]}}}`,
		field:    "spec.gateway.hostnames[0]", message: "hostnames must be lower case names such as shop.example.com or *.example.com, without scheme, port or path",
	},
	"an engine of a default version that there is not": {
		accepted: `{kind: Topology, spec: {defaults: {database: {engine: MariaDB, version: "11.4"}}}}`,
		refused:  `{kind: Topology, spec: {defaults: {database: {engine: MySQL, version: "8.4"}}}}`,
		field:    "spec.defaults.database.engine", message: `supported values: "PostgreSQL", "MariaDB", "Valkey"`,
	},
	"a default version with a letter": {
		accepted: `{kind: Topology, spec: {defaults: {database: {version: "16.4"}}}}`,
		refused:  `{kind: Topology, spec: {defaults: {database: {version: v16}}}}`,
		field:    "spec.defaults.database.version", message: `version must be major or major.minor, such as "17" or "17.2"`,
	},
})))

// Messages that more than one test waits for.
const (
	databaseVariables = "a dependency must not set the variables of the database: DATABASE_URL, and those of VALKEY and REDIS or of MYSQL for these engines; set envPrefix of the dependency"
	notForExternal    = "version, image, instances, storage, resources, parameters, extensions, startup, deletionPolicy, backup and restore must not be set with provider: External: Atoll does not run that database; remove them"
	parameterIsSet    = "parameters must not set where the server stores files, listens or looks up users (such as data_directory, port, bind and aclfile): the server would be unreachable, or would not start"
	badSchedule       = `schedule must be a cron expression of five fields (minute, hour, day of month, month and day of week), such as "0 3 * * *", or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually`
)

// buckets are the mistakes that can be made wherever a bucket is named: fields
// of s3.
var buckets = map[string]struct{ accepted, refused, field, message string }{
	"a bucket's name in upper case": {
		accepted: `bucket: 0shop.example-b`, refused: `bucket: Shop`,
		field: "bucket", message: "bucket must consist of lower case letters, digits, '.' and '-', and begin and end with a letter or digit",
	},
	"a folder that is absolute": {
		accepted: `bucket: shop, prefix: eu/prod_1/v1.2`, refused: `bucket: shop, prefix: /eu`,
		field: "prefix", message: "prefix must consist of folder names separated by '/'; a folder name has letters, digits, '.', '_' and '-', and is not '.' or '..'",
	},
	"a folder of another service": {
		accepted: `bucket: shop, prefix: ..eu/a..b/.c`, refused: `bucket: shop, prefix: eu/../other`,
		field: "prefix", message: "prefix must consist of folder names separated by '/'; a folder name has letters, digits, '.', '_' and '-', and is not '.' or '..'",
	},
	"a folder of the folder above": {
		accepted: `bucket: shop, prefix: other`, refused: `bucket: shop, prefix: ../other`,
		field: "prefix", message: "prefix must consist of folder names separated by '/'; a folder name has letters, digits, '.', '_' and '-', and is not '.' or '..'",
	},
	"an endpoint without its scheme": {
		accepted: `bucket: shop, endpoint: "http://minio.minio.svc:9000", secretName: keys`, refused: `bucket: shop, endpoint: "minio.minio.svc:9000"`,
		field: "endpoint", message: "endpoint must be an HTTP or HTTPS URL, such as https://s3.example.com",
	},
	"a staging volume of a hundredth of a byte": {
		accepted: `bucket: shop, staging: {size: 1Mi, storageClassName: fast}`, refused: `bucket: shop, staging: {size: 10m}`,
		field: "staging.size", message: "size must be a quantity of at least 1Mi, such as 10Gi or 500Mi",
	},
	"a region with a dot": {
		accepted: `bucket: shop, region: eu-central-1`, refused: `bucket: shop, region: eu.central`,
		field: "region", message: "region must consist of letters, digits and '-'",
	},
}

// inBuckets adds the mistakes with buckets to others.
func inBuckets(all map[string]validation) map[string]validation {
	for name, b := range buckets {
		for where, database := range map[string]string{
			"backup.destination": `backup: {schedule: "@daily", destination: {s3: {%s}}}`,
			"restore.from":       `restore: {from: {s3: {%s}}}`,
		} {
			text := "spec: {image: users, database: {engine: PostgreSQL, " + database + "}}"
			all[name+" in "+where] = validation{
				accepted: strings.Replace(text, "%s", b.accepted, 1),
				refused:  strings.Replace(text, "%s", b.refused, 1),
				field:    "spec.database." + where + ".s3." + b.field, message: b.message,
			}
		}
	}
	return all
}

var _ = DescribeTable("Validation refuses", func(ctx SpecContext, v validation) {
	ns := newNamespace(ctx)
	strict := client.WithFieldValidation(k8s, metav1.FieldValidationStrict)
	send := func(text string) error { return strict.Create(ctx, parse(ns, text), client.DryRunAll) }
	if v.before != "" {
		before := parse(ns, v.before)
		Expect(strict.Create(ctx, before)).To(Succeed())
		send = func(text string) error { return replaceSpec(ctx, strict, before, parse(ns, text)) }
	}
	Expect(send(v.accepted)).To(Succeed())
	Expect(refusals(send(v.refused))).To(ContainElement(And(
		HaveField("Field", v.field),
		HaveField("Message", ContainSubstring(v.message)),
	)))
}, validationEntries())

var _ = Describe("Validation", func() {
	DescribeTable("refuses an unknown field", func(ctx SpecContext, object, field string) {
		strict := client.WithFieldValidation(k8s, metav1.FieldValidationStrict)
		Expect(strict.Create(ctx, parse("default", object), client.DryRunAll)).
			To(MatchError(ContainSubstring("strict decoding error: unknown field %q", field)))
	},
		Entry("at the top", `{spec: {image: users}, metdata: {}}`, "metdata"),
		Entry("that is misspelt", `spec: {image: users, replicas: 2}`, "spec.replicas"),
		Entry("in a list", `spec: {image: users, routes: [{pathPrefix: /users}]}`, "spec.routes[0].pathPrefix"),
		Entry("in what Kubernetes defines", `spec: {image: users, env: [{name: A, valueForm: {}}]}`, "spec.env[0].valueForm"),
		Entry("of a Topology", `{kind: Topology, spec: {gatewayClassName: traefik}}`, "spec.gatewayClassName"),
	)

	DescribeTable("refuses to set what an External database has elsewhere", func(ctx SpecContext, setting string) {
		object := parse("default", `spec: {image: users, database: {engine: PostgreSQL, provider: External, external: {secretName: db}, `+setting+`}}`)
		Expect(refusals(k8s.Create(ctx, object, client.DryRunAll))).To(ContainElement(And(
			HaveField("Field", "spec.database"), HaveField("Message", ContainSubstring(notForExternal)))))
	},
		Entry("version", `version: "17"`),
		Entry("image", `image: postgres`),
		Entry("instances", `instances: 1`),
		Entry("storage", `storage: {size: 1Gi}`),
		Entry("resources", `resources: {limits: {memory: 1Gi}}`),
		Entry("parameters", `parameters: {max_connections: "200"}`),
		Entry("deletionPolicy", `deletionPolicy: Retain`),
		Entry("backup", `backup: {schedule: "@daily", destination: {s3: {bucket: shop}}}`),
		Entry("restore", `restore: {from: {s3: {bucket: shop}}}`),
	)

	DescribeTable("refuses parameters that decide whether the server is found", func(ctx SpecContext, names string) {
		for name := range strings.FieldsSeq(names) {
			object := parse("default", `spec: {image: users, database: {engine: PostgreSQL, parameters: {`+name+`: "1"}}}`)
			Expect(refusals(k8s.Create(ctx, object, client.DryRunAll))).To(ContainElement(And(
				HaveField("Field", "spec.database.parameters"), HaveField("Message", ContainSubstring(parameterIsSet)))), name)
		}
	},
		Entry("of PostgreSQL", "data_directory hba_file ident_file config_file external_pid_file listen_addresses port unix_socket_directories"),
		Entry("of MariaDB", "datadir socket bind_address bind-address pid_file pid-file skip_networking skip-networking skip_grant_tables skip-grant-tables port user"),
		Entry("of Valkey", "dir bind aclfile user requirepass daemonize pidfile unixsocket dbfilename replicaof include port"),
	)

	It("has a test for each rule", func() {
		tested := map[string]bool{}
		for _, v := range validations {
			kind := parse("", v.refused).GetKind()
			tested[kind+" "+anyIndex.ReplaceAllString(v.field, "[]")+": "+v.message] = true
		}
		rules := rulesOfCRDs()
		Expect(len(rules)).To(BeNumerically(">", 30))
		missing := slices.DeleteFunc(rules, func(rule string) bool { return tested[rule] })
		Expect(missing).To(BeEmpty(), "add an entry to validations for each, with its kind, field and message")
	})
})

func validationEntries() []TableEntry {
	var entries []TableEntry
	for _, name := range slices.Sorted(maps.Keys(validations)) {
		entries = append(entries, Entry(name, SpecTimeout(suiteTimeout), validations[name]))
	}
	return entries
}

// parse reads an object, and fills in what most tests don't care for.
func parse(ns, text string) *unstructured.Unstructured {
	GinkgoHelper()
	o := &unstructured.Unstructured{}
	Expect(yaml.UnmarshalStrict([]byte(text), &o.Object)).To(Succeed())
	o.SetNamespace(ns)
	o.SetAPIVersion(v1alpha1.GroupVersion.String())
	if o.GetKind() == "" {
		o.SetKind("Microservice")
	}
	if o.GetName() == "" {
		o.SetName("users")
	}
	return o
}

// replaceSpec asks for a change of the whole spec, whatever version of the
// object there is, and does not carry it out.
func replaceSpec(ctx context.Context, c client.Client, before, after *unstructured.Unstructured) error {
	patch, err := json.Marshal([]map[string]any{{"op": "replace", "path": "/spec", "value": after.Object["spec"]}})
	Expect(err).NotTo(HaveOccurred())
	return c.Patch(ctx, before.DeepCopy(), client.RawPatch(types.JSONPatchType, patch), client.DryRunAll)
}

// refusals are the single complaints of an error of the API server.
func refusals(err error) []metav1.StatusCause {
	GinkgoHelper()
	Expect(err).To(Satisfy(apierrors.IsInvalid))
	var status *apierrors.StatusError
	Expect(errors.As(err, &status)).To(BeTrue())
	return status.ErrStatus.Details.Causes
}

var anyIndex = regexp.MustCompile(`\[[^\]]*\]`)

// rulesOfCRDs lists the CEL rules of the definitions as kind, field and message.
func rulesOfCRDs() []string {
	GinkgoHelper()
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "crd", "bases", "*.yaml"))
	Expect(err).NotTo(HaveOccurred())
	var rules []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		crd := &apiextensionsv1.CustomResourceDefinition{}
		Expect(yaml.Unmarshal(text, crd)).To(Succeed())
		for i := range crd.Spec.Versions {
			rules = append(rules, rulesOf(crd.Spec.Names.Kind, "", crd.Spec.Versions[i].Schema.OpenAPIV3Schema)...)
		}
	}
	return rules
}

func rulesOf(kind, field string, schema *apiextensionsv1.JSONSchemaProps) []string {
	// Only Atoll writes the status.
	if field == ".status" {
		return nil
	}
	var rules []string
	for i := range schema.XValidations {
		rule := &schema.XValidations[i]
		rules = append(rules, kind+" "+strings.TrimPrefix(field+rule.FieldPath, ".")+": "+rule.Message)
	}
	for name := range schema.Properties {
		property := schema.Properties[name]
		rules = append(rules, rulesOf(kind, field+"."+name, &property)...)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		rules = append(rules, rulesOf(kind, field+"[]", schema.Items.Schema)...)
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		rules = append(rules, rulesOf(kind, field+"[]", schema.AdditionalProperties.Schema)...)
	}
	return rules
}
