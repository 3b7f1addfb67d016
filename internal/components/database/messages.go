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

// object names an object in the Microservice's namespace.
func object(kind, name string) condition.Object { return condition.Object{Kind: kind, Name: name} }

// ready returns the health of a database that accepts connections.
func ready() condition.Health {
	return condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.Say("The database accepts connections")}
}

// progressing returns the health of an object that is changing.
func progressing(o condition.Object, cause string) condition.Health {
	return waiting(v1alpha1.ReasonProgressing, condition.Message{Object: o, Cause: cause})
}

// waiting returns the health of what becomes ready without the user.
func waiting(reason string, message condition.Message) condition.Health {
	return condition.Health{Reason: reason, Message: message, Progressing: true}
}

// suspended returns the health of what waits for the user to resume the service.
func suspended(message condition.Message) condition.Health {
	return condition.Health{Reason: v1alpha1.ReasonSuspended, Message: message}
}

// invalid returns a fault of a field of the database's spec.
func invalid(message condition.Message) *condition.Problem {
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseReady, Reason: v1alpha1.ReasonInvalidSpec, Message: message, Stalled: true}
}
