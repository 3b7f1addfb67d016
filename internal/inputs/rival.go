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

package inputs

import (
	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Rival is another service that claims what a route claims: the same host, path
// and headers at the same Gateway. A gateway would send the requests to one of
// the two and leave the other a route that is accepted and gets nothing.
type Rival struct {
	// Route is the index of the route.
	Route int
	// Gateway is the one where they meet, as namespace/name.
	Gateway string
	// Hostname is the host that both claim; empty means every host.
	Hostname v1alpha1.Hostname
	// Namespace and Name are the other service's.
	Namespace, Name string
	// Wins says that the other service has it.
	Wins bool
}
