// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// refusal is what the API server answered when it refused a pod or a claim.
type refusal struct {
	condition.Refusal
	part   Part
	object string
	proof  []Excerpt
}

// refusals returns those of the pods and claims of all parts.
func (e *Evidence) refusals() []refusal {
	var all []refusal
	if d := e.deployment(); d != nil {
		for i := range d.Status.Conditions {
			if c := &d.Status.Conditions[i]; c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
				all = append(all, refusal{condition.ClassifyRefusal(c.Message), PartService, name("Deployment", d.Name), nil})
			}
		}
	}
	add := func(part Part, kind string, o metav1.Object) {
		if event := e.standing(o, nil, []string{"FailedCreate"}, []string{"SuccessfulCreate"}); event != nil {
			all = append(all, refusal{condition.ClassifyRefusal(event.Message), part, name(kind, o.GetName()), eventProof(event)})
		}
	}
	if set := e.StatefulSet; set != nil && set.Status.Replicas == 0 && replicas(set.Spec.Replicas) > 0 {
		add(PartDatabase, "StatefulSet", set)
	}
	for _, part := range []Part{PartRestore, PartImage, PartExtensions, PartRotation, PartMigration, PartBackup} {
		if job := e.job(part); job != nil && job.Status.Active == 0 && jobState(job) == "has not ended" {
			add(part, "Job", job)
		}
	}
	return all
}

// quotaExceeded finds pods that a ResourceQuota refuses, and how much of it is used.
func quotaExceeded(e *Evidence) []*Finding {
	var all []*Finding
	for _, r := range e.refusals() {
		if !r.OfQuota() {
			continue
		}
		f := e.refused(r)
		f.Cause = fmt.Sprintf("%s cannot create its pods: %s", r.object, r.Text)
		f.Remedy = upperFirst(r.Advice)
		if q := r.Quota; q != nil {
			f.Object = name("ResourceQuota", q.Name)
			f.Steps = append(f.Steps, step(f.Object, "is exceeded"))
			f.Cause = fmt.Sprintf("ResourceQuota %q refuses the pods of %s: %s", q.Name, r.object, e.asked(q))
			f.Remedy = "Raise the quota, or lower resources or the number of pods"
		}
		all = append(all, f)
	}
	return all
}

// asked says what a pod requests of the limits of a quota, and how much of them is
// used now.
func (e *Evidence) asked(quota *condition.ExceededQuota) string {
	at := slices.IndexFunc(e.Quotas, func(q corev1.ResourceQuota) bool { return q.Name == quota.Name })
	var asks []string
	for _, request := range quota.Requests {
		ask := fmt.Sprintf("%s %s (of %s in all)", request.Requested, request.Resource, request.Limit)
		if at >= 0 {
			if used, ok := e.Quotas[at].Status.Used[corev1.ResourceName(request.Resource)]; ok {
				ask = fmt.Sprintf("%s %s, and %s of %s are used", request.Requested, request.Resource, used.String(), request.Limit)
			}
		}
		asks = append(asks, ask)
	}
	return "one requests " + strings.Join(asks, "; ")
}

const refusalRemedy = "Correct what the message names, in the spec or in the policies of the cluster"

// admissionRefused finds pods that the API server refuses for another reason, and
// objects of Atoll's that it refuses.
func admissionRefused(e *Evidence) []*Finding {
	var all []*Finding
	for _, r := range e.refusals() {
		if r.OfQuota() {
			continue
		}
		f := e.refused(r)
		f.Cause = fmt.Sprintf("The API server refuses the pods of %s: %s", r.object, r.Text)
		f.Remedy = upperFirst(orElse(r.Advice, refusalRemedy))
		all = append(all, f)
	}
	if c := e.red(v1alpha1.ReasonRefused); c != nil {
		all = append(all, e.repeatCondition(partOf(c.Type), c, refusalRemedy)...)
	}
	return all
}

func (e *Evidence) refused(r refusal) *Finding {
	f := e.inPart(&Finding{Object: r.object, Proof: r.proof}, r.part)
	if last := len(f.Steps) - 1; last >= 0 && f.Steps[last].Object == r.object {
		f.Steps = f.Steps[:last]
	}
	f.Steps = append(f.Steps, step(r.object, "the API server refuses its pods"))
	return f
}
