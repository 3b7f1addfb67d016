// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// settleRounds is over the number of steps that any service takes: filling its
// database, then migrating it.
const settleRounds = 6

// settle lets everything happen that the operator waits for: the database
// accepts connections, and each Job succeeds.
func settle(in *gathered, wanted *components.Built) (*components.Built, error) {
	ran := map[string]kube.Object{}
	// Nobody waits for a dependency that is ready.
	in.WaitsInCycle = true
	for range settleRounds {
		settleDatabase(in, wanted.Components)
		settleJobs(in, wanted.Components, ran)
		next, err := components.Build(in.Inputs)
		if err != nil {
			return nil, err
		}
		wanted = next
		if !slices.ContainsFunc(wanted.Components, func(w components.Wanted) bool {
			return slices.ContainsFunc(w.Objects, func(o kube.Object) bool {
				return w.Component.Kind == "Job" && !slices.ContainsFunc(in.Jobs, func(j *batchv1.Job) bool { return j.Name == o.GetName() })
			})
		}) {
			break
		}
	}
	// Of a Job that has run only the name is still wanted; it is shown as it was.
	for i := range wanted.Components {
		w := &wanted.Components[i]
		for j, o := range w.Objects {
			if job := ran[o.GetName()]; w.Component.Kind == "Job" && job != nil {
				w.Objects[j] = job
			}
		}
	}
	return wanted, nil
}

func settleDatabase(in *gathered, wanted []components.Wanted) {
	ms, state := in.Microservice, &in.DatabaseState
	set := &appsv1.StatefulSet{}
	if in.StatefulSet != nil {
		set = in.StatefulSet.DeepCopy()
	}
	set.Status = appsv1.StatefulSetStatus{ObservedGeneration: set.Generation, ReadyReplicas: 1}
	for i := range wanted {
		if len(wanted[i].Objects) == 0 {
			continue
		}
		switch wanted[i].Component.Kind {
		case "StatefulSet":
			// A change of the server has reached its pod.
			set.Spec = wanted[i].Objects[0].(*appsv1.StatefulSet).Spec
			in.StatefulSet = set
		case "Cluster":
			cluster := wanted[i].Objects[0].DeepCopyObject().(*unstructured.Unstructured)
			if state.Cluster != nil {
				cluster = state.Cluster.DeepCopy()
			}
			cluster.Object["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "True"}}}
			state.Cluster = cluster
		}
	}
	// A restore is of a volume, which the StatefulSet makes.
	if in.StatefulSet != nil && state.Claim == nil && ms.Spec.Database != nil && ms.Spec.Database.Restore != nil {
		state.Claim = &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: ms.Namespace, Name: names.DatabaseClaim(ms.Name)}}
		for i := range in.StatefulSet.Spec.VolumeClaimTemplates {
			state.Claim.Annotations = in.StatefulSet.Spec.VolumeClaimTemplates[i].Annotations
		}
	}
}

func settleJobs(in *gathered, wanted []components.Wanted, ran map[string]kube.Object) {
	done := batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}}
	for i, job := range in.Jobs {
		if !slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool { return c.Type == batchv1.JobFailed }) {
			in.Jobs[i] = job.DeepCopy()
			in.Jobs[i].Status = done
		}
	}
	for i := range wanted {
		for _, o := range wanted[i].Objects {
			job, ok := o.(*batchv1.Job)
			if !ok || slices.ContainsFunc(in.Jobs, func(j *batchv1.Job) bool { return j.Name == job.Name }) {
				continue
			}
			ran[job.Name] = job
			finished := job.DeepCopy()
			finished.Status = done
			in.Jobs = append(in.Jobs, finished)
		}
	}
}
