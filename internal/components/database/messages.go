// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

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
