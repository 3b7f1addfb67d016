// Package gatewayapi pins the module whose custom resource definitions the
// cluster installs.
package gatewayapi

import _ "sigs.k8s.io/gateway-api/pkg/consts" // keeps the requirement
