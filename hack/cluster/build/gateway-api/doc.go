// Package gatewayapi pins the module of the custom resource definitions that the cluster
// installs.
package gatewayapi

import _ "sigs.k8s.io/gateway-api/pkg/consts" // keeps the requirement
