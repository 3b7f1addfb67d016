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

package children

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/database"
)

// restoreID names the wanted restore into the existing volume; empty when none
// is wanted, or there is no volume yet.
func restoreID(in *Inputs) string {
	if in.builtIn() == nil || in.Microservice.Spec.Database.Restore == nil || in.DatabaseState.Claim == nil {
		return ""
	}
	return database.RestoreID(in.Microservice.Spec.Database.Restore, in.DatabaseState.Claim.UID)
}

// restoredBy is the restore that filled the volume, which the claim is marked
// with: it is never filled again, whatever becomes of the Job.
func restoredBy(in *Inputs) string {
	if id := restoreID(in); id != "" && jobDone(in.job(RestoreName(in.Microservice, id))) {
		return id
	}
	if claim := in.DatabaseState.Claim; claim != nil {
		return claim.Annotations[database.AnnotationRestored]
	}
	return ""
}

func restoreJobs(in *Inputs) []Object {
	id := restoreID(in)
	if id == "" {
		return nil
	}
	ms := in.Microservice
	name := RestoreName(ms, id)
	if job := in.job(name); job != nil {
		return []Object{kept(job)}
	}
	if in.DatabaseState.Claim.Annotations[database.AnnotationRestored] == id || !databaseUsable(in) {
		return nil
	}
	job := in.database.RestoreJob(name, id, ms.Spec.Database, in.RcloneImage, labels(ms, v1alpha1.ComponentRestore))
	job.Spec.Template.Spec.ImagePullSecrets = pullSecrets(in)
	job.Spec.Template.Spec.ServiceAccountName = in.storeAccount(restoreLocation(ms.Spec.Database))
	return []Object{job}
}

func restoreLocation(spec *v1alpha1.Database) *v1alpha1.S3Location {
	from := &spec.Restore.From
	if from.PersistentVolumeClaim == nil && from.S3 == nil {
		return spec.Backup.Destination.S3
	}
	return from.S3
}

// RestoreHealth is how the filling of the database is; nil when none is wanted.
func RestoreHealth(in *Inputs) *Health {
	if in.database == nil || in.Microservice.Spec.Database.Restore == nil {
		return nil
	}
	if in.clustered() != nil {
		h := clusterRestoreHealth(in)
		return &h
	}
	h := restoreHealth(in)
	return &h
}

func restoreHealth(in *Inputs) Health {
	id := restoreID(in)
	name := RestoreName(in.Microservice, id)
	switch {
	case id != "" && restoredBy(in) == id:
		return Health{Ready: true, Reason: v1alpha1.ReasonRestored, Message: "The database was filled from the backup"}
	case in.suspended():
		return Health{Reason: v1alpha1.ReasonSuspended, Message: "The database is filled when the service is not suspended any more"}
	case id == "" || in.job(name) == nil:
		return Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: "The database is filled from the backup as soon as it accepts connections"}
	case jobFailed(in.job(name)):
		return Health{Reason: v1alpha1.ReasonRestoreFailed, Stalled: true,
			Message: fmt.Sprintf("The database could not be filled: %s. Correct or remove database.restore, or delete Job %q to try again", failure(in, name), name)}
	}
	if h := podProblem(in, v1alpha1.ComponentRestore); h != nil {
		return *h
	}
	return Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: fmt.Sprintf("Job %q is filling the database from the backup", name)}
}

// clusterRestoreHealth tells of a Cluster that was not begun by recovering: it
// holds other data, and a Cluster can't be begun again.
func clusterRestoreHealth(in *Inputs) Health {
	if in.DatabaseState.Cluster == nil {
		return Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: "The database is recovered from the backup as it is made"}
	}
	if _, recovered, _ := unstructured.NestedMap(in.DatabaseState.Cluster.Object, "spec", "bootstrap", "recovery"); !recovered {
		return Health{Reason: v1alpha1.ReasonRestoreFailed, Stalled: true,
			Message: fmt.Sprintf("Cluster %q exists and holds data; a restore fills a new one only: remove database.restore, or restore in a new Microservice", in.DatabaseState.Cluster.GetName())}
	}
	if h := clusterHealth(in, in.DatabaseState.Cluster); !h.Ready {
		h.Reason = v1alpha1.ReasonRestoring
		return h
	}
	return Health{Ready: true, Reason: v1alpha1.ReasonRestored, Message: "The database was recovered from the backup"}
}

// awaitingRestore holds the service back until its database is filled.
func awaitingRestore(in *Inputs) *Problem {
	h := RestoreHealth(in)
	if h == nil || h.Ready {
		return nil
	}
	return &Problem{Condition: v1alpha1.ConditionDatabaseRestored, Reason: h.Reason, Message: h.Message, Stalled: h.Stalled}
}
