// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// databaseDown finds a database that does not accept connections, where its container
// does not show why.
func databaseDown(e *Evidence) []*Finding {
	c := e.condition(v1alpha1.ConditionDatabaseReady)
	if c == nil || c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonUnavailable {
		return nil
	}
	set := e.StatefulSet
	if set == nil {
		otherwise := "See the pods and the log of the database"
		if e.read("StatefulSets") {
			// CloudNativePG runs the database, and the condition repeats its status.
			otherwise = "See the status and the log of the database's operator"
		}
		return e.repeatCondition(PartDatabase, c, otherwise)
	}
	f := &Finding{Object: name("StatefulSet", set.Name), pods: true}
	deleting := e.deleting(PartDatabase)
	unready := e.unready(PartDatabase)
	switch {
	case deleting != nil:
		f.Object = name("Pod", deleting.Name)
		f.Steps = []Step{podStep(deleting, "is being deleted; its successor starts once it is gone")}
		f.Cause = fmt.Sprintf("The database is down: pod %s is being deleted", deleting.Name)
		f.Remedy = "Wait until it is gone; if its node is lost, delete the node, or force the deletion of the pod"
		if len(deleting.Finalizers) > 0 {
			f.Cause += fmt.Sprintf(": its finalizer %s holds it", deleting.Finalizers[0])
			f.Remedy = "Let the controller that set the finalizer finish, or remove the finalizer"
		}
	case len(unready) == 0 && e.read("Pods") && e.Now.Sub(set.CreationTimestamp.Time) >= warmingUp:
		f.Cause = fmt.Sprintf("The database is down: StatefulSet %s has no pod", set.Name)
		f.Remedy = "See kubectl describe statefulset -n " + set.Namespace + " " + set.Name
	case len(unready) > 0 && !e.starting(PartDatabase):
		containers := containersOf(unready[0], PartDatabase)
		f.Object = name("Pod", unready[0].Name)
		f.Cause = fmt.Sprintf("The database is down: pod %s does not accept connections", unready[0].Name)
		f.Remedy = "See its log: kubectl logs -n " + unready[0].Namespace + " " + unready[0].Name
		for i := range containers {
			f.Steps = append(f.Steps, containers[i].steps()...)
			f.Proof = append(f.Proof, e.proof(&containers[i])...)
		}
	default:
		return nil
	}
	return []*Finding{e.inPart(f, PartDatabase)}
}

// deleting returns a pod of a part that is being deleted and has no successor yet.
func (e *Evidence) deleting(part Part) *corev1.Pod {
	var deleting *corev1.Pod
	for i := range e.Pods {
		pod := &e.Pods[i]
		if pod.Labels[v1alpha1.LabelComponent] != string(part) {
			continue
		}
		if pod.DeletionTimestamp == nil {
			return nil
		}
		deleting = pod
	}
	return deleting
}

func migrationFailed(e *Evidence) []*Finding {
	return e.jobFailed(PartMigration, e.red(v1alpha1.ReasonMigrationFailed), "The migration")
}

func restoreFailed(e *Evidence) []*Finding {
	c := e.red(v1alpha1.ReasonRestoreFailed, v1alpha1.ReasonRestoreRefused)
	if c == nil || c.Reason == v1alpha1.ReasonRestoreRefused {
		return e.repeatCondition(PartRestore, c, "Remove database.restore")
	}
	return e.jobFailed(PartRestore, c, "The restore of the database")
}

// backupFailed finds backups that failed or are overdue.
func backupFailed(e *Evidence) []*Finding {
	c := e.red(v1alpha1.ReasonBackupFailed, v1alpha1.ReasonBackupOverdue)
	if c == nil || c.Reason == v1alpha1.ReasonBackupOverdue {
		return e.repeatCondition(PartBackup, c, "See the CronJob's events")
	}
	return e.jobFailed(PartBackup, c, "The last backup")
}

// jobFailed finds a Job that failed, with the end of its log.
func (e *Evidence) jobFailed(part Part, c *metav1.Condition, what string) []*Finding {
	if c == nil {
		return nil
	}
	f := e.repeatCondition(part, c, "Correct what its log reports, and delete the Job to run it again")[0]
	job := e.job(part)
	if job == nil {
		return []*Finding{f}
	}
	f.Object = name("Job", job.Name)
	f.Steps = append(f.Steps, step(f.Object, "%s", jobState(job)))
	last := e.lastFailed(job.Name, part)
	if last == nil {
		return []*Finding{f}
	}
	f.Steps = append(f.Steps, last.steps()...)
	f.Proof = e.proof(last)
	f.Cause = fmt.Sprintf("%s failed with exit code %d%s", what, last.LastExit().ExitCode, e.quoted(last))
	switch part {
	case PartMigration:
		f.Remedy = fmt.Sprintf("Correct image, env or database.migration, or delete Job %s to run it again%s", job.Name, e.meanwhile())
	case PartRestore:
		f.Remedy = fmt.Sprintf("Correct or remove database.restore, or delete Job %s to try again", job.Name)
	}
	return []*Finding{f}
}

// meanwhile says, after a semicolon, what serves while a rollout is held. It is empty where that
// is unknown.
func (e *Evidence) meanwhile() string {
	d := e.deployment()
	switch {
	case d != nil && d.Status.ReadyReplicas > 0:
		return "; the previous revision keeps serving"
	case d == nil && !e.read("Deployments"):
		return ""
	}
	return "; no pod serves until then"
}

// lastFailed returns the container of a Job that failed last.
func (e *Evidence) lastFailed(job string, part Part) *container {
	var last *container
	for i := range e.Pods {
		if podfailure.Template(&e.Pods[i]) != job {
			continue
		}
		containers := containersOf(&e.Pods[i], part)
		for j := range containers {
			c := &containers[j]
			if ended := c.Status.State.Terminated; ended != nil && ended.ExitCode != 0 && (last == nil || last.LastExit().FinishedAt.Before(&ended.FinishedAt)) {
				last = c
			}
		}
	}
	return last
}

// mentioned reports whether the logs or probe results of the service's failing
// containers name an address.
func (e *Evidence) mentioned(addresses ...string) (line string, found bool) {
	containers := e.containers(PartService)
	for i := range containers {
		c := &containers[i]
		lines := e.currentLines(c)
		if a := e.answered(c, probeKinds...); a != nil && !c.Status.Ready {
			lines = append(lines, a.says)
		}
		for _, line := range lines {
			for _, address := range addresses {
				if strings.Contains(line, address) {
					return line, true
				}
			}
		}
	}
	return "", false
}

func isReady(ms *v1alpha1.Microservice) bool {
	return condition.Serving(ms.Status.Conditions) == metav1.ConditionTrue
}
