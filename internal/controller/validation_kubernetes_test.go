// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Messages of the rules for fields whose types Kubernetes defines. Without these rules, only
// the Deployment is refused, or its pods never start.
const (
	imageReference = "image must be the reference of an image, such as ghcr.io/example/orders:1.4.0: without scheme or white space, with a repository in lower case, and without an empty tag or digest"
	smallMemory    = "memory and ephemeral-storage must be 0 or at least 1Mi, such as 512Mi: a number without a unit means bytes, and m means thousandths of a byte"
	largeRequest   = "requests must not exceed limits: lower the request, or raise the limit"
	twoValues      = "value and valueFrom are mutually exclusive: remove one of them"
	oneSource      = "valueFrom must have exactly one source, such as secretKeyRef"
	oneHandler     = "a probe must have exactly one of exec, httpGet, tcpSocket and grpc"
	oneSuccess     = "successThreshold must be 1: only a readiness probe can ask for more"
	className1123  = "storageClassName must be the name of a StorageClass: lower case letters, digits, '-' and '.'"
)

// inKubernetesTypes adds the mistakes in fields whose types Kubernetes defines.
func inKubernetesTypes(all map[string]validation) map[string]validation {
	// The places of a type, and the texts around its value there.
	for where, object := range map[string]string{
		"resources":                              `spec: {image: users, resources: %s}`,
		"database.resources":                     `spec: {image: users, database: {engine: PostgreSQL, resources: %s}}`,
		"defaults.resources":                     `{kind: Topology, spec: {defaults: {resources: %s}}}`,
		"env":                                    `spec: {image: users, env: [%s]}`,
		"defaults.env":                           `{kind: Topology, spec: {defaults: {env: [%s]}}}`,
		"probes.readiness":                       `spec: {image: users, probes: {readiness: %s}}`,
		"probes.liveness":                        `spec: {image: users, probes: {liveness: %s}}`,
		"probes.startup":                         `spec: {image: users, probes: {startup: %s}}`,
		"defaults.probes.liveness":               `{kind: Topology, spec: {defaults: {probes: {liveness: %s}}}}`,
		"defaults.probes.startup":                `{kind: Topology, spec: {defaults: {probes: {startup: %s}}}}`,
		"defaults.probes.readiness":              `{kind: Topology, spec: {defaults: {probes: {readiness: %s}}}}`,
		"database.storage":                       `spec: {image: users, database: {engine: PostgreSQL, storage: %s}}`,
		"defaults.database":                      `{kind: Topology, spec: {defaults: {database: %s}}}`,
		"database.backup.destination.s3.staging": `spec: {image: users, database: {engine: PostgreSQL, backup: {schedule: "@daily", destination: {s3: {bucket: shop, staging: %s}}}}}`,
		"database.restore.from.s3.staging":       `spec: {image: users, database: {engine: PostgreSQL, restore: {from: {s3: {bucket: shop, staging: %s}}}}}`,
		"scaling.autoscale.metrics":              `spec: {image: users, scaling: {autoscale: {max: 3, metrics: [%s]}}}`,
		"scaling.autoscale.behavior":             `spec: {image: users, scaling: {autoscale: {max: 3, behavior: %s}}}`,
		"defaults.scaling.autoscale.metrics":     `{kind: Topology, spec: {defaults: {scaling: {autoscale: {max: 3, metrics: [%s]}}}}}`,
		"defaults.scaling.autoscale.behavior":    `{kind: Topology, spec: {defaults: {scaling: {autoscale: {max: 3, behavior: %s}}}}}`,
		"dependencies":                           `spec: {image: users, dependencies: [%s]}`,
		"access":                                 `spec: {image: users, access: [%s]}`,
		"serviceAccount":                         `spec: {image: users, serviceAccount: %s}`,
		"envFrom":                                `spec: {image: users, envFrom: [%s]}`,
	} {
		for mistake, v := range mistakesIn(where) {
			all[mistake+" in "+where] = validation{
				accepted: strings.Replace(object, "%s", v.accepted, 1),
				refused:  strings.Replace(object, "%s", v.refused, 1),
				field:    "spec." + where + v.field, message: v.message,
			}
		}
	}
	return all
}

// mistakesIn returns the mistakes in the values of a field; their fields are relative to it.
func mistakesIn(where string) map[string]validation {
	switch last := where[strings.LastIndex(where, ".")+1:]; last {
	case "resources":
		return map[string]validation{
			"memory in thousandths":      {accepted: `{limits: {memory: 512M}}`, refused: `{limits: {memory: 512m}}`, message: smallMemory},
			"memory without a unit":      {accepted: `{requests: {memory: "0"}}`, refused: `{requests: {memory: 512}}`, message: smallMemory},
			"a request above the limit":  {accepted: `{requests: {cpu: 500m}, limits: {cpu: "0.5"}}`, refused: `{requests: {cpu: 1}, limits: {cpu: 500m}}`, field: ".requests", message: largeRequest},
			"storage that is too little": {accepted: `{limits: {ephemeral-storage: 1Gi}}`, refused: `{limits: {ephemeral-storage: "10"}}`, message: smallMemory},
		}
	case "env":
		return map[string]validation{
			"two values of a variable": {accepted: `{name: A, value: "", valueFrom: {fieldRef: {fieldPath: metadata.name}}}`,
				refused: `{name: A, value: "1", valueFrom: {fieldRef: {fieldPath: metadata.name}}}`, field: "[0].valueFrom", message: twoValues},
			"no source of a variable": {accepted: `{name: A, valueFrom: {secretKeyRef: {name: a, key: a}}}`,
				refused: `{name: A, valueFrom: {}}`, field: "[0].valueFrom", message: oneSource},
			"two sources of a variable": {accepted: `{name: A, valueFrom: {configMapKeyRef: {name: a, key: a}}}`,
				refused: `{name: A, valueFrom: {configMapKeyRef: {name: a, key: a}, secretKeyRef: {name: a, key: a}}}`, field: "[0].valueFrom", message: oneSource},
		}
	case "metrics":
		return map[string]validation{
			"a metric without its source": {accepted: `{type: Pods, pods: {metric: {name: a}, target: {type: AverageValue, averageValue: "1"}}}`, refused: `{type: Pods}`, field: "[0].type",
				message: "type must be ContainerResource, External, Object, Pods or Resource, and exactly the field of that name must be set, such as pods with type: Pods"},
		}
	case "behavior":
		return map[string]validation{
			"a window over an hour": {accepted: `{scaleDown: {stabilizationWindowSeconds: 3600}}`, refused: `{scaleUp: {stabilizationWindowSeconds: 3601}}`,
				message: "stabilizationWindowSeconds must be from 0 to 3600"},
		}
	case "dependencies", "access":
		return map[string]validation{
			"a name with a namespace": {accepted: `{name: orders, namespace: shop}`, refused: `{name: orders.shop}`, field: "[0].name",
				message: "name must be the name of a Microservice: lower case letters, digits and '-'; its namespace belongs in namespace"},
		}
	case "envFrom":
		return map[string]validation{
			"no source of variables": {accepted: `{prefix: A_, secretRef: {name: a}}`, refused: `{prefix: A_}`, field: "[0]",
				message: "exactly one of configMapRef and secretRef must be set"},
		}
	case "readiness":
		return map[string]validation{
			"a probe without handler":   {accepted: `{grpc: {port: 9000}, successThreshold: 2}`, refused: `{periodSeconds: 5}`, message: oneHandler},
			"a probe with two handlers": {accepted: `{exec: {command: [ready]}}`, refused: `{exec: {command: [ready]}, grpc: {port: 9000}}`, message: oneHandler},
		}
	case "liveness", "startup":
		return map[string]validation{
			"a probe without handler":    {accepted: `{tcpSocket: {port: http}}`, refused: `{periodSeconds: 5}`, message: oneHandler},
			"a probe with two successes": {accepted: `{tcpSocket: {port: http}, successThreshold: 1}`, refused: `{tcpSocket: {port: http}, successThreshold: 2}`, field: ".successThreshold", message: oneSuccess},
		}
	case "storage", "database":
		return map[string]validation{
			"a class with an underscore": {accepted: `{storageClassName: fast.ssd-1}`, refused: `{storageClassName: Fast_SSD}`, field: ".storageClassName", message: className1123},
		}
	case "staging":
		return map[string]validation{
			"a class with an underscore": {accepted: `{size: 1Gi, storageClassName: fast.ssd-1}`, refused: `{size: 1Gi, storageClassName: Fast_SSD}`, field: ".storageClassName", message: className1123},
		}
	case "serviceAccount":
		return map[string]validation{
			"a name with an underscore": {accepted: `{name: shop-reader}`, refused: `{name: shop_reader}`, field: ".name",
				message: "name must be the name of a ServiceAccount: lower case letters, digits, '-' and '.'"},
			"an annotation with a space": {accepted: `{annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::1:role/a"}}`, refused: `{annotations: {role arn: a}}`, field: ".annotations",
				message: "annotations must have names of at most 63 letters, digits, '-', '_' and '.', such as eks.amazonaws.com/role-arn"},
		}
	}
	return nil
}

var _ = DescribeTable("Validation of images", func(ctx SpecContext, accepted bool, images ...string) {
	for _, image := range images {
		err := k8s.Create(ctx, parse("default", `spec: {image: "`+image+`"}`), client.DryRunAll)
		if accepted {
			Expect(err).NotTo(HaveOccurred(), image)
			continue
		}
		Expect(refusals(err)).To(ContainElement(And(HaveField("Field", "spec.image"), HaveField("Message", ContainSubstring(imageReference)))), image)
	}
},
	Entry("accepts references", true, "users", "users:1", "example/users:v1.4.0-rc.1_2", "localhost/users", "localhost:5000/users", "REGISTRY.example.com/users",
		"registry:5000/a/b/c--d__e.f", "[fd00::1]:5000/users:1", "registry.example.com:5000/users@sha256:"+strings.Repeat("0", 64), "users:1@sha512:"+strings.Repeat("a", 128)),
	Entry("refuses what no kubelet pulls", false, "Users:1", "example/Users:1", "https://ghcr.io/example/users:1", "users:", "users@", "users:1 ", "users:-1",
		"users//api", "/users", "users/", "users:1:2", "users@sha256:abc", "{{ .Values.image }}", "$(IMAGE)"),
	Entry("refuses what is more likely a mistake than a registry: a first part with capitals and no dot", false, "Example/users"),
)
