// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
	"github.com/atoll-dev/atoll/internal/names"
)

// builtCase returns the database of a golden case, with changes.
func builtCase(t *testing.T, name string, changes ...func(*inputs.Inputs)) *Database {
	t.Helper()
	return Of(inputstest.CaseInputs(t, filepath.Join("..", "testdata", name), changes...))
}

// stuck adds a pod of a Job that cannot pull its image.
func stuck(job, component string) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) {
		pod := inputstest.Pulling(component)
		inputstest.OfJob(&pod, job)
		in.Pods = append(in.Pods, pod)
	}
}

// healthCase is a golden case, with changes, and the health that it must have.
type healthCase struct {
	of      string
	changes []func(*inputs.Inputs)
	want    *condition.Health
}

func checkHealth(t *testing.T, of func(*Database) *condition.Health, cases map[string]healthCase) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			in := builtCase(t, tc.of, tc.changes...)
			if diff := cmp.Diff(tc.want, of(in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMigrationHealth(t *testing.T) {
	const (
		job     = "orders-migrate-4e83927a7b"
		earlier = "orders-migrate-0a0a0a0a0a"
	)
	migrating := func(message string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonMigrating, Progressing: true, Message: condition.ParseMessage(message)}
	}
	aboutToStart := migrating(`The migration of image "ghcr.io/example/orders:1.4.0" is about to start`)
	has := &condition.Health{Ready: true, Reason: v1alpha1.ReasonMigrated, Message: condition.ParseMessage(`The migration of image "ghcr.io/example/orders:1.4.0" is complete`)}
	checkHealth(t, MigrationHealth, map[string]healthCase{
		"none is wanted": {of: "database-postgresql-builtin-retain"},
		"no database":    {of: "defaults"},
		"the database does not accept connections": {
			of: "migration-before-database", want: migrating(`The migration of image "ghcr.io/example/orders:1.4.0" waits for the database to accept connections`)},
		"the database waits for its restore": {
			of:      "restore-running",
			changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { in.Microservice.Spec.Database.Migration.Command = []string{"migrate"} }},
			want:    migrating(`The migration of image "ghcr.io/example/orders:1.4.0" waits for the restore of the database`)},
		"a reference is missing": {
			of: "migration-reference-missing",
			want: &condition.Health{Reason: v1alpha1.ReasonReferenceNotFound, Progressing: true, Message: condition.ParseMessage(
				`The migration of image "ghcr.io/example/orders:1.4.0" waits for a missing reference: ConfigMap "limits" does not exist in namespace "shop", and envFrom[0] needs it; to fix: create it, or correct envFrom[0]`)}},
		"it can start": {of: "migration-due", want: aboutToStart},
		"it runs":      {of: "migration-running", want: migrating(`Job "` + job + `" is running the migration of image "ghcr.io/example/orders:1.4.0"; running containers: "orders" since 2026-01-01T00:00:00Z`)},
		"its image does not exist": {
			of: "migration-running", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { in.Pods = nil }, stuck(job, v1alpha1.ComponentMigration)},
			want: &condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Stalled: true,
				Message: condition.ParseMessage(`Image "orders:1" of container "orders" cannot be pulled: the registry does not have it; to fix: correct image or database.migration.image, or push the image`)}},
		"the Job has ended":                     {of: "migration-complete", want: has},
		"the Deployment is marked":              {of: "migration-marked", want: has},
		"a suspended service that was migrated": {of: "migration-marked", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { inputstest.Suspended(in.Microservice) }}, want: has},
		"a suspended service": {
			of: "migration-suspended", want: &condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The migration runs when the service is no longer suspended")}},
		"it failed, with its output": {
			of: "error-migration-failed",
			want: &condition.Health{Reason: v1alpha1.ReasonMigrationFailed, Stalled: true, Message: condition.ParseMessage(`The migration of image "ghcr.io/example/orders:1.4.0" failed, and the rollout waits. Its output: ` +
				"migrating to 7\nrelation \"orders\" exists" + `; to fix: correct image, env or database.migration, or delete Job "` + job + `" to run it again`)}},
		"it failed and its pod is gone": {
			of: "error-migration-failed", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { in.Pods = nil }},
			want: &condition.Health{Reason: v1alpha1.ReasonMigrationFailed, Stalled: true, Message: condition.ParseMessage(`The migration of image "ghcr.io/example/orders:1.4.0" failed, and the rollout waits. Its output: ` +
				"see kubectl describe job -n shop " + job + `; to fix: correct image, env or database.migration, or delete Job "` + job + `" to run it again`)}},
		"a failed Job that was deleted is run again": {
			of: "error-migration-failed", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { in.Jobs, in.Pods = nil, nil }}, want: aboutToStart},
		"an earlier one runs": {
			of:   "migration-earlier-running",
			want: migrating(`Job "` + earlier + `" runs an earlier migration; the migration of image "ghcr.io/example/orders:1.4.0" waits for its end; to fix: wait, or delete the Job to stop it`)},
		"an earlier one has not started": {
			of:   "migration-earlier-waiting",
			want: migrating(`Job "` + earlier + `" is an earlier migration that has not started; the migration of image "ghcr.io/example/orders:1.4.0" replaces it`)},
		"an earlier one has failed":     {of: "migration-earlier-failed", want: aboutToStart},
		"a Job of another Microservice": {of: "migration-of-another-service", want: aboutToStart},
		"an External database":          {of: "migration-image", want: migrating(`The migration of image "flyway/flyway:11" is about to start`)},
		"another image is another migration": {
			of: "migration-marked", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { in.Microservice.Spec.Image = "ghcr.io/example/orders:1.5.0" }},
			want: migrating(`The migration of image "ghcr.io/example/orders:1.5.0" is about to start`)},
		"another variable is another migration": {
			of:      "migration-marked",
			changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { in.Microservice.Spec.Env = []corev1.EnvVar{{Name: "TENANT", Value: "b"}} }}, want: aboutToStart},
		"another number of pods is not": {
			of: "migration-marked", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { inputstest.Autoscaled(3, 9)(in.Microservice) }}, want: has},
		"another password is not": {
			of: "migration-marked", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { in.DatabaseState.Binding.Password = "other" }}, want: has},
	})
}

func TestRestoreHealth(t *testing.T) {
	const job = "orders-restore-fc1e1339de"
	soon := &condition.Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: condition.ParseMessage("The restore starts when the database accepts connections")}
	filled := &condition.Health{Ready: true, Reason: v1alpha1.ReasonRestored, Message: condition.ParseMessage("The database was restored from the backup")}
	refused := &condition.Health{Reason: v1alpha1.ReasonRestoreRefused, Stalled: true,
		Message: condition.ParseMessage("The restore was refused: the database is not new, and Atoll keeps its data; to fix: remove database.restore, or restore into a new Microservice; docs/databases.md says how to go back to a backup")}
	failed := func(why string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonRestoreFailed, Stalled: true,
			Message: condition.ParseMessage("The restore failed: " + why + `; to fix: correct database.restore, or delete Job "` + job + `" to retry, or remove database.restore to start with the database as it is`)}
	}
	checkHealth(t, RestoreHealth, map[string]healthCase{
		"none is wanted":                         {of: "database-postgresql-builtin-retain"},
		"no database":                            {of: "defaults"},
		"there is no volume yet":                 {of: "restore-waiting", want: soon},
		"the Job is about to start":              {of: "restore-claim", want: soon},
		"the Job runs":                           {of: "restore-running", want: &condition.Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: condition.ParseMessage(`Job "` + job + `" is restoring the database from the backup; running containers: "orders" since 2026-01-01T00:00:00Z`)}},
		"the Job has ended":                      {of: "restore-done", want: filled},
		"the claim is marked":                    {of: "restore-marked", want: filled},
		"the claim is marked by another restore": {of: "restore-of-another-volume", want: refused},
		"a suspended service":                    {of: "restore-suspended", want: &condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The restore starts when the service is no longer suspended")}},
		"a suspended service after its restore":  {of: "restore-marked", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { inputstest.Suspended(in.Microservice) }}, want: filled},
		"it failed, with its output":             {of: "error-restore-failed", want: failed("the database is not empty: it holds 3 tables")},
		"it failed without output":               {of: "error-restore-failed", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { in.Pods[0].Status.ContainerStatuses[0].State.Terminated.Message = " \n" }}, want: failed("it ended with exit code 1 and said nothing")},
		"its volume does not exist": {
			of: "restore-running", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) {
				pod := inputstest.Unschedulable(`0/1 nodes are available: persistentvolumeclaim "backups" not found. preemption: none`)
				pod.Labels[v1alpha1.LabelComponent] = v1alpha1.ComponentRestore
				inputstest.OfJob(&pod, job)
				in.Pods = []corev1.Pod{pod}
			}},
			want: &condition.Health{Reason: v1alpha1.ReasonUnschedulable, Progressing: true, Message: condition.ParseMessage(`No node fits the pod: 0/1 nodes are available: persistentvolumeclaim "backups" not found.`)}},

		"a Cluster that does not exist yet": {
			of: "cloudnativepg-restore", want: &condition.Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: condition.ParseMessage("CloudNativePG recovers the backup when it creates the Cluster")}},
		"a Cluster that was created without the restore": {
			of: "cloudnativepg-restore-too-late", want: &condition.Health{Reason: v1alpha1.ReasonRestoreRefused, Stalled: true,
				Message: refused.Message}},
		"a Cluster that is being recovered": {
			of: "cloudnativepg-live", changes: []func(*inputs.Inputs){recovering("False")},
			want: &condition.Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: condition.ParseMessage(`Cluster "orders-db" is in this phase: Setting up primary`)}},
		"a Cluster that was recovered": {
			of: "cloudnativepg-live", changes: []func(*inputs.Inputs){recovering("True")},
			want: &condition.Health{Ready: true, Reason: v1alpha1.ReasonRestored, Message: condition.ParseMessage("The database was recovered from the backup")}},
	})
}

// recovering requests the restore that a Cluster was created by.
func recovering(ready string) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) {
		in.Microservice.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{Service: "order-book"}}
		in.DatabaseState.Cluster.Object["status"] = map[string]any{
			"phase": "Setting up primary", "conditions": []any{map[string]any{"type": "Ready", "status": ready}},
		}
	}
}

func TestRotationHealth(t *testing.T) {
	rotating := func(message string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonRotating, Progressing: true, Message: condition.ParseMessage(message)}
	}
	done := &condition.Health{Ready: true, Reason: v1alpha1.ReasonRotated, Message: condition.ParseMessage("The password was rotated; the old password no longer works")}
	wanted := func(value string) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			in.Microservice.Annotations = map[string]string{v1alpha1.AnnotationRotateCredentials: value}
		}
	}
	madeFor := func(value string) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) { in.DatabaseState.Binding.Rotation = value }
	}
	checkHealth(t, RotationHealth, map[string]healthCase{
		"none is wanted":  {of: "database-postgresql-builtin-retain"},
		"no database":     {of: "defaults", changes: []func(*inputs.Inputs){wanted("1")}},
		"none was minted": {of: "database-postgresql-builtin-retain", changes: []func(*inputs.Inputs){wanted("1")}, want: rotating("A new password is about to be created")},
		"1 minted":        {of: "rotation-1-mint", want: rotating("A new password is about to be created")},
		"2 set":           {of: "rotation-2-set", want: rotating("The database is getting a new password; the old password still works")},
		"3 published":     {of: "rotation-3-publish", want: rotating(`Secret "orders-db" is about to get the new password; the old password still works`)},
		"4 rolled out":    {of: "rotation-4-roll", want: rotating("The pods are being replaced to get the new password; the old password still works")},
		"5 retired":       {of: "rotation-5-retire", want: rotating("The old password is being retired; no pod has it")},
		"6 done":          {of: "rotation-6-done", want: done},
		"done, and its objects deleted": {
			of: "database-postgresql-builtin-retain", changes: []func(*inputs.Inputs){wanted("1"), madeFor("1")}, want: done},
		"done for an earlier value": {
			of: "database-postgresql-builtin-retain", changes: []func(*inputs.Inputs){wanted("2"), madeFor("1")}, want: rotating("A new password is about to be created")},
		"done, and the annotation was removed": {
			of: "database-postgresql-builtin-retain", changes: []func(*inputs.Inputs){madeFor("1")}, want: done},
		"begun, and the annotation was removed": {
			of: "rotation-3-publish", changes: []func(*inputs.Inputs){wanted("")}, want: rotating(`Secret "orders-db" is about to get the new password; the old password still works`)},
		"another value during a rotation waits": {
			of: "rotation-6-done", changes: []func(*inputs.Inputs){wanted("autumn")}, want: rotating("A new password is about to be created")},
		"a suspended service": {
			of: "rotation-2-set", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { inputstest.Suspended(in.Microservice) }},
			want: rotating("The rotation continues when the service is no longer suspended; the present password works")},
		"a Job that can't start": {
			of: "rotation-2-set", changes: []func(*inputs.Inputs){stuck("orders-rotate-6f764820f2", v1alpha1.ComponentRotation)},
			want: &condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Progressing: true,
				Message: condition.ParseMessage(`Image "orders:1" of container "orders" cannot be pulled: the registry does not have it; to fix: correct database.version or database.image, or push the image`)}},
		"an External database": {
			of: "database-postgresql-external", changes: []func(*inputs.Inputs){wanted("1")},
			want: &condition.Health{Reason: v1alpha1.ReasonNotSupported, Message: condition.ParseMessage(`Secret "orders-cloudsql" is for an External database, whose password Atoll cannot change; to fix: ` +
				`change the password where the database runs and write it to the Secret, which replaces the pods; then remove the annotation atoll.dev/rotate-credentials`)}},
		"the first password of a Cluster": {
			of: "cloudnativepg-first-password", want: nil},
	})
}

// TestRolledOut checks that the old password works while a pod may have it.
func TestRolledOut(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*inputs.Inputs)
		want   rotationStep
	}{
		"every pod has the new one":                 {func(*inputs.Inputs) {}, rotationRetire},
		"the template has the old one":              {func(in *inputs.Inputs) { in.Deployment.Spec.Template.Annotations[names.AnnotationReferences] = "old" }, rotationRoll},
		"the Deployment's status is outdated":       {func(in *inputs.Inputs) { in.Deployment.Generation++ }, rotationRoll},
		"not every pod was replaced":                {func(in *inputs.Inputs) { in.Deployment.Status.UpdatedReplicas = 1 }, rotationRoll},
		"an old pod beside the new ones":            {func(in *inputs.Inputs) { in.Deployment.Status.Replicas = 3 }, rotationRoll},
		"the new pods do not serve yet":             {func(in *inputs.Inputs) { in.Deployment.Status.AvailableReplicas = 1 }, rotationRoll},
		"a pod of the service is terminating":       {func(in *inputs.Inputs) { in.Pods = append(in.Pods, leaving(v1alpha1.ComponentService)) }, rotationRoll},
		"a pod of another component is terminating": {func(in *inputs.Inputs) { in.Pods = append(in.Pods, leaving(v1alpha1.ComponentBackup)) }, rotationRetire},
		"a migration still runs": {func(in *inputs.Inputs) {
			in.Jobs = append(in.Jobs, &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "orders-migrate-1", Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentMigration}}})
		}, rotationRoll},
		"there is no Deployment": {func(in *inputs.Inputs) { in.Deployment = nil }, rotationRetire},
	} {
		t.Run(name, func(t *testing.T) {
			if got := builtCase(t, "rotation-5-retire", tc.change).rotation; got != tc.want {
				t.Errorf("step is %d, want %d", got, tc.want)
			}
		})
	}
}

func leaving(component string) corev1.Pod {
	pod := inputstest.WaitingPod(component, "", "")
	pod.DeletionTimestamp = &metav1.Time{}
	return pod
}
