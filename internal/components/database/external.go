// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// external is a database that runs elsewhere. Atoll knows only the Secret that
// its user writes.
type external struct{}

func (external) BindingName() string { return "" }
func (external) Managed() bool       { return false }
func (external) RunsServer() bool    { return false }
func (external) Clustered() bool     { return false }

func (external) PodSelector(*v1alpha1.Microservice) map[string]string { return nil }

func (external) complete(p *Plan, spec *v1alpha1.Database) *condition.Problem {
	if spec.External == nil {
		return invalid(condition.Message{Field: "database.external", Cause: "provider External needs external.secretName"})
	}
	p.SecretName = spec.External.SecretName
	return nil
}

func (external) base(*Plan) string                                                  { return "" }
func (external) image(*Plan) string                                                 { return "" }
func (external) existing(*Plan, *inputs.State) *existing                            { return nil }
func (external) objects() map[string]builder                                        { return nil }
func (external) credentialsProblem(*Database) *condition.Problem                    { return nil }
func (external) lacksUser(*Database) bool                                           { return false }
func (external) bindingServer(*inputs.Credentials) types.UID                        { return "" }
func (external) ownsBinding(*inputs.Credentials, *inputs.Holder) bool               { return false }
func (external) recovery(*v1alpha1.Database) recovery                               { return nil }
func (external) lastBackup(*Database) *v1alpha1.BackupStatus                        { return nil }
func (external) backupFailure(*Database, *v1alpha1.BackupStatus) *condition.Message { return nil }
func (external) backupRemedies(string, string) (inspect, create string)             { return "", "" }

func (external) usable(db *Database) bool { return len(db.References.Missing) == 0 }

// ExternalHealth returns the health of a database that Atoll does not run; nil for
// other databases.
func ExternalHealth(db *Database) *condition.Health {
	spec := db.Microservice.Spec.Database
	if spec == nil || spec.External == nil {
		return nil
	}
	for i := range db.References.Missing {
		if missing := &db.References.Missing[i]; missing.Field == inputs.FieldExternalSecret {
			return ptr.To(waiting(v1alpha1.ReasonReferenceNotFound, missing.Message()))
		}
	}
	return &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady,
		Message: condition.Message{Object: object("Secret", spec.External.SecretName), Cause: "has the address of the database"}}
}
