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
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// filledByJob says whether a Job fills the database. A Cluster that is recovered from
// its own kind of backup is filled by CloudNativePG as it is made.
func filledByJob(db *Database) bool {
	if db.managed() == nil || db.Microservice.Spec.Database.Restore == nil {
		return false
	}
	return db.builtIn() != nil || inputs.FromDump(db.Microservice.Spec.Database)
}

// restoreID names the wanted restore into what holds the data; empty when none is
// wanted, or there is nothing yet to hold it.
func restoreID(db *Database) string {
	holder := db.DatabaseState.Holder()
	if holder == nil || !filledByJob(db) {
		return ""
	}
	return RestoreID(db.Microservice.Spec.Database.Restore, holder.UID)
}

// restoredBy is the restore that filled the database, which what holds the data is
// marked with: it is never filled again, whatever becomes of the Job.
func restoredBy(db *Database) string {
	if id := restoreID(db); id != "" && inputs.JobDone(db.Job(names.Restore(db.Microservice, id))) {
		return id
	}
	if holder := db.DatabaseState.Holder(); holder != nil {
		return holder.Marks.Restored
	}
	return ""
}

// restoreRefused says that a restore is wanted over data that the service works
// with. Nothing is done, and what works with the data goes on.
func restoreRefused(db *Database) bool {
	holder := db.DatabaseState.Holder()
	if holder == nil || db.Microservice.Spec.Database.Restore == nil {
		return false
	}
	if filledByJob(db) {
		return (holder.Marks.InUse || holder.Marks.Restored != "") && restoredBy(db) != restoreID(db)
	}
	return db.clustered() != nil && !recovered(db)
}

// recovered says whether CloudNativePG began the Cluster by recovering it.
func recovered(db *Database) bool {
	_, found, _ := unstructured.NestedMap(db.DatabaseState.Cluster.Object, "spec", "bootstrap", "recovery")
	return found
}

func RestoreJobs(db *Database) ([]kube.Object, error) {
	if problem := Unusable(db); problem != nil {
		return nil, problem
	}
	id := restoreID(db)
	if id == "" {
		return nil, nil
	}
	ms := db.Microservice
	name := names.Restore(ms, id)
	if job := db.Job(name); job != nil {
		return kube.One(inputs.Kept(job))
	}
	if restoredBy(db) == id || restoreRefused(db) || !Usable(db) || AwaitingCredentials(db) != nil {
		return nil, nil
	}
	job := db.Plan.RestoreJob(name, id, ms.Spec.Database, db.RcloneImage, names.Labels(ms, v1alpha1.ComponentRestore))
	job.Spec.Template.Spec.ImagePullSecrets = inputs.PullSecrets(db.Inputs)
	job.Spec.Template.Spec.ServiceAccountName = db.storeAccount(restoreLocation(ms.Spec.Database))
	return kube.One(job)
}

func restoreLocation(spec *v1alpha1.Database) *v1alpha1.S3Location {
	from := &spec.Restore.From
	if from.PersistentVolumeClaim == nil && from.S3 == nil {
		return spec.Backup.Destination.S3
	}
	return from.S3
}

// RestoreHealth is how the filling of the database is; nil when none is wanted.
func RestoreHealth(db *Database) *condition.Health {
	if db.managed() == nil || db.Microservice.Spec.Database.Restore == nil {
		return nil
	}
	h := restoreHealth(db)
	return &h
}

func restoreHealth(db *Database) condition.Health {
	id := restoreID(db)
	name := names.Restore(db.Microservice, id)
	switch {
	case restoreRefused(db):
		return condition.Health{Reason: v1alpha1.ReasonRestoreRefused, Stalled: true,
			Message: condition.ParseMessage("The database is in use and holds data, which stays as it is; a restore fills a new one only: remove database.restore, or restore in a new Microservice")}
	case id != "" && restoredBy(db) == id:
		return condition.Health{Ready: true, Reason: v1alpha1.ReasonRestored, Message: condition.ParseMessage("The database was filled from the backup")}
	case !filledByJob(db):
		return recoveryHealth(db)
	case db.Suspended():
		return condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The database is filled when the service is not suspended any more")}
	case id == "" || db.Job(name) == nil:
		return condition.Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: condition.ParseMessage("The database is filled from the backup as soon as it accepts connections")}
	case inputs.JobFailed(db.Job(name)):
		return condition.Health{Reason: v1alpha1.ReasonRestoreFailed, Stalled: true,
			Message: condition.ParseMessage(fmt.Sprintf("The database could not be filled: %s. Correct database.restore, or remove it to begin with what is in the database now, or delete Job %q to try again", inputs.Failure(db.Inputs, name), name))}
	}
	if h := podfailure.Worst(db.Pods, v1alpha1.ComponentRestore); h != nil {
		return *h
	}
	return condition.Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: condition.ParseMessage(fmt.Sprintf("Job %q is filling the database from the backup%s", name, triesSoFar(db, name)))}
}

// recoveryHealth is how CloudNativePG's recovery is.
func recoveryHealth(db *Database) condition.Health {
	if db.DatabaseState.Cluster == nil {
		return condition.Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: condition.ParseMessage("The database is recovered from the backup as it is made")}
	}
	if h := ClusterHealth(db, db.DatabaseState.Cluster); !h.Ready {
		h.Reason = v1alpha1.ReasonRestoring
		return h
	}
	return condition.Health{Ready: true, Reason: v1alpha1.ReasonRestored, Message: condition.ParseMessage("The database was recovered from the backup")}
}

// AwaitingRestore holds the service back until its database is filled.
func AwaitingRestore(db *Database) *condition.Problem {
	h := RestoreHealth(db)
	if h == nil || h.Ready || restoreRefused(db) {
		return nil
	}
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseRestored, Reason: h.Reason, Message: h.Message, Stalled: h.Stalled}
}
