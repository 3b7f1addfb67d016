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

package condition

import (
	"fmt"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Health is how a child is, in the terms of a condition.
type Health struct {
	Ready   bool
	Reason  string
	Message Message
	// Progressing says that it is on its way without anybody's doing.
	Progressing bool
	// Stalled says that only a change by the user helps.
	Stalled bool
}

func Healthy(message string) Health {
	return Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: ParseMessage(message)}
}

func Progressing(format string, args ...any) Health {
	return Health{Reason: v1alpha1.ReasonProgressing, Message: ParseMessage(fmt.Sprintf(format, args...)), Progressing: true}
}
