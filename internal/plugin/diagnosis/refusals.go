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

package diagnosis

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// refusal is what the API server said when it refused a pod or a claim.
type refusal struct {
	part   Part
	object string
	says   string
	proof  []Excerpt
	// condition is the one that says so; nil where none does.
	condition *metav1.Condition
}

// refusals are those of the pods of all parts, and of Atoll's own objects.
func (e *Evidence) refusals() []refusal {
	var all []refusal
	if d := e.deployment(); d != nil {
		for i := range d.Status.Conditions {
			if c := &d.Status.Conditions[i]; c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
				all = append(all, refusal{part: PartService, object: name("Deployment", d.Name), says: c.Message})
			}
		}
	}
	add := func(part Part, kind string, o metav1.Object) {
		if event := e.standing(o, nil, []string{"FailedCreate"}, []string{"SuccessfulCreate"}); event != nil {
			all = append(all, refusal{part: part, object: name(kind, o.GetName()), says: event.Message, proof: told(event)})
		}
	}
	if set := e.StatefulSet; set != nil && set.Status.Replicas == 0 && replicas(set.Spec.Replicas) > 0 {
		add(PartDatabase, "StatefulSet", set)
	}
	for _, part := range []Part{PartRestore, PartRotation, PartMigration, PartBackup} {
		if job := e.job(part); job != nil && job.Status.Active == 0 && jobState(job) == "has not ended" {
			add(part, "Job", job)
		}
	}
	if c := e.red(v1alpha1.ReasonRefused); c != nil {
		all = append(all, refusal{part: partOf(c.Type), object: name("Microservice", e.Microservice.Name), says: c.Message, condition: c})
	}
	return all
}

// createdBy is how controllers begin what they say of a pod that was refused.
var createdBy = regexp.MustCompile(`^(?:Error creating: |create (?:Pod|Claim) \S+ in StatefulSet \S+ failed error: |create Claim .*? failed error: )?(?:(?:pods|Pod|persistentvolumeclaims) "[^"]*" is (?:forbidden|invalid): )?`)

var quotaWords = regexp.MustCompile(`exceeded quota: ([^,]+), requested: ([^\s,]+(?:,[^\s,]+)*), used: \S+, limited: ([^\s,]+(?:,[^\s,]+)*)`)

// quotaExceeded tells of pods that a ResourceQuota refuses, and of how much of what
// it has.
func quotaExceeded(e *Evidence) []*Finding {
	var all []*Finding
	for _, r := range e.refusals() {
		says := createdBy.ReplaceAllString(r.says, "")
		if !strings.Contains(says, "exceeded quota") && !strings.Contains(says, "failed quota") {
			continue
		}
		f := e.refused(r)
		f.Cause = fmt.Sprintf("%s can't make its pods: %s", r.object, says)
		f.Remedy = "Set these in resources, or in the Topology's defaults.resources"
		if found := quotaWords.FindStringSubmatch(says); found != nil {
			f.Object = name("ResourceQuota", found[1])
			f.Steps = append(f.Steps, step(f.Object, "lets no more in"))
			f.Cause = fmt.Sprintf("ResourceQuota %q lets no pod of %s in: %s", found[1], r.object, e.asked(found[1], found[2], found[3]))
			f.Remedy = "Raise the quota, or lower resources or the number of pods"
		}
		all = append(all, f)
	}
	return all
}

// asked is what a pod asks for of what a quota limits, and how much of it is used
// now.
func (e *Evidence) asked(quota, asked, limited string) string {
	limits := map[string]string{}
	for _, pair := range strings.Split(limited, ",") {
		of, limit, _ := strings.Cut(pair, "=")
		limits[of] = limit
	}
	at := slices.IndexFunc(e.Quotas, func(q corev1.ResourceQuota) bool { return q.Name == quota })
	var asks []string
	for _, pair := range strings.Split(asked, ",") {
		of, wanted, _ := strings.Cut(pair, "=")
		ask := fmt.Sprintf("%s %s (of %s in all)", wanted, of, limits[of])
		if at >= 0 {
			if used, ok := e.Quotas[at].Status.Used[corev1.ResourceName(of)]; ok {
				ask = fmt.Sprintf("%s %s, and %s of %s are used", wanted, of, used.String(), limits[of])
			}
		}
		asks = append(asks, ask)
	}
	return "one asks for " + strings.Join(asks, "; ")
}

// admissionRefused tells of everything else for which the API server refuses pods,
// or an object of Atoll's.
func admissionRefused(e *Evidence) []*Finding {
	var all []*Finding
	for _, r := range e.refusals() {
		says := createdBy.ReplaceAllString(r.says, "")
		if strings.Contains(says, "exceeded quota") || strings.Contains(says, "failed quota") {
			continue
		}
		f := e.refused(r)
		f.Cause, f.Remedy = advised(condition.Refusal(says), "Correct what it names, in the spec or in the cluster's policies")
		if r.object != name("Microservice", e.Microservice.Name) {
			f.Cause = fmt.Sprintf("The API server refuses the pods of %s: %s", r.object, f.Cause)
		}
		all = append(all, f)
	}
	return all
}

func (e *Evidence) refused(r refusal) *Finding {
	f := e.inPart(&Finding{Object: r.object, Proof: r.proof}, r.part)
	if r.condition != nil {
		f.Beside, f.condition, f.Steps = !decides(r.condition), r.condition.Type, e.conditionSteps(r.condition.Type)
		return f
	}
	if last := len(f.Steps) - 1; last >= 0 && f.Steps[last].Object == r.object {
		f.Steps = f.Steps[:last]
	}
	f.Steps = append(f.Steps, step(r.object, "the API server refuses what it makes"))
	return f
}
