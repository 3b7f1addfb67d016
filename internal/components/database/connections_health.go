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

package database

import (
	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// ConnectionsHealth says whether the database has connections for as many pods
// as there may be; nil where Atoll does not know the database.
func ConnectionsHealth(db *Database) *condition.Health {
	p := db.managed()
	if p == nil {
		return nil
	}
	pods := int(db.MaxReplicas())
	budget := p.Connections(pods, db.Surge(pods))
	if budget.Sufficient() {
		return &condition.Health{Ready: true, Reason: v1alpha1.ReasonConnectionsSufficient, Message: condition.ParseMessage(budget.String())}
	}
	return &condition.Health{Reason: v1alpha1.ReasonTooFewConnections,
		Message: condition.ParseMessage(budget.String() + ": lower database.pool or the number of pods, or raise the limit in database.parameters")}
}
