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

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// red is the first condition that is False for one of some reasons, and nil when
// there is none. One that decides over Ready comes before Ready, which only repeats
// it, and before those that don't decide. What was said of an earlier spec does not
// count.
func (e *Evidence) red(reasons ...string) *metav1.Condition {
	var red *metav1.Condition
	weight := func(c *metav1.Condition) int {
		switch {
		case !decides(c):
			return 1
		case c.Type == v1alpha1.ConditionReady:
			return 2
		}
		return 3
	}
	for i := range e.Microservice.Status.Conditions {
		c := &e.Microservice.Status.Conditions[i]
		if c.Status != metav1.ConditionFalse || !slices.Contains(reasons, c.Reason) || c.ObservedGeneration < e.Microservice.Generation {
			continue
		}
		if red == nil || weight(c) > weight(red) {
			red = c
		}
	}
	return red
}

// condition is one of the Microservice's; nil when it is not there.
func (e *Evidence) condition(t string) *metav1.Condition {
	return meta.FindStatusCondition(e.Microservice.Status.Conditions, t)
}

// conditionSteps begin a walk at a condition, or at Ready where that one does not
// say that anything is wrong.
func (e *Evidence) conditionSteps(t string) []Step {
	c := e.condition(t)
	if c == nil || c.Status == metav1.ConditionTrue {
		c = e.condition(v1alpha1.ConditionReady)
	}
	object := name("Microservice", e.Microservice.Name)
	switch {
	case c == nil:
		return []Step{step(object, "has no condition yet")}
	case c.Status == metav1.ConditionTrue:
		return []Step{step(object, "%s", c.Type)}
	}
	return []Step{step(object, "%s is %s: %s", c.Type, c.Status, c.Reason)}
}

// remedies begin with what is to be done.
var remedies = regexp.MustCompile(`(?:[:;,]|\.) ((?:[Cc]reate|[Cc]orrect|[Ss]et|[Rr]emove|[Dd]elete|[Cc]hange|[Aa]dd|[Rr]aise|[Ll]ower|[Ii]nstall|[Cc]heck|[Ss]ee|[Gg]ive|[Hh]ave|[Rr]estore|[Uu]se|[Ss]ign|[Ww]ait (?:for|until)|for one now)\b.*)$`)

// advised parts a message of Atoll's into what is wrong and what to do.
func advised(message, otherwise string) (cause, remedy string) {
	if at := remedies.FindStringSubmatchIndex(message); at != nil {
		return message[:at[0]], upperFirst(message[at[2]:at[3]])
	}
	return message, otherwise
}

// said is a finding of which a condition says all there is to say. One that does
// not decide over Ready tells of its own part alone.
func (e *Evidence) said(part Part, c *metav1.Condition, otherwise string) []*Finding {
	if c == nil {
		return nil
	}
	if !decides(c) {
		part = partOf(c.Type)
	}
	f := &Finding{Part: part, Beside: !decides(c), Object: name("Microservice", e.Microservice.Name), Steps: e.conditionSteps(c.Type), condition: c.Type}
	f.Cause, f.Remedy = advised(c.Message, otherwise)
	return []*Finding{f}
}

// notSeen tells of what Atoll has not looked at, and of Atoll not running. A
// deletion is a change that it does not look at.
func notSeen(e *Evidence) []*Finding {
	ms := e.Microservice
	if ms.DeletionTimestamp != nil {
		return nil
	}
	running, operator := e.operator()
	ready := e.condition(v1alpha1.ConditionReady)
	f := &Finding{Part: PartSpec, Object: name("Microservice", ms.Name), Steps: e.conditionSteps(v1alpha1.ConditionReady), condition: v1alpha1.ConditionReady}
	switch {
	case ready == nil || ready.Status == metav1.ConditionUnknown:
		f.Cause = "Atoll has not seen this Microservice"
	case ready.ObservedGeneration < ms.Generation:
		f.Cause = "Atoll has not seen the latest change of this Microservice"
	case e.Operators != nil && !running:
		f.Cause, f.Beside = "What the status says may be old", true
	default:
		return nil
	}
	switch {
	case e.Operators == nil:
		f.Remedy = "Check that Atoll runs: kubectl -n atoll-system get pods"
	case operator == "":
		f.Cause += ": no Deployment of Atoll is in the cluster"
		f.Remedy = "Install it: kubectl apply --server-side -k config/default"
	case !running:
		f.Cause += fmt.Sprintf(": Atoll itself, Deployment %s, has no pod that is ready", operator)
		f.Remedy = "See why: " + logsOfOperator("describe", operator)
		f.Steps = append(f.Steps, step(name("Deployment", operator), "no pod is ready"))
	default:
		f.Remedy = "Wait; if it stays so, see Atoll's log: " + logsOfOperator("logs", operator)
	}
	return []*Finding{f}
}

func logsOfOperator(verb, operator string) string {
	namespace, of := splitKey(operator)
	if verb == "logs" {
		return fmt.Sprintf("kubectl -n %s logs deployment/%s", namespace, of)
	}
	return fmt.Sprintf("kubectl -n %s %s deployment %s", namespace, verb, of)
}

// operator says whether Atoll runs, and where; it is empty when it is nowhere.
func (e *Evidence) operator() (running bool, where string) {
	for i := range e.Operators {
		d := &e.Operators[i]
		if where = d.Namespace + "/" + d.Name; d.Status.ReadyReplicas > 0 {
			return true, where
		}
	}
	return false, where
}

func suspended(e *Evidence) []*Finding {
	if ms := e.Microservice; ms.Spec.Suspend == nil || !*ms.Spec.Suspend {
		return nil
	}
	return []*Finding{{
		Part: PartSpec, Object: name("Microservice", e.Microservice.Name), Steps: e.conditionSteps(v1alpha1.ConditionReady), condition: v1alpha1.ConditionReady,
		Cause: "It is suspended: suspend: true took its pods away", Remedy: "Set suspend to false to start it",
	}}
}

func topologyNotFound(e *Evidence) []*Finding {
	return e.said(PartSpec, e.red(v1alpha1.ReasonTopologyNotFound), "Create the Topology, or correct topologyRef")
}

// namespaceNotAllowed is told by Ready alone: a dependency that does not permit
// the caller is told by DependenciesReady too.
func namespaceNotAllowed(e *Evidence) []*Finding {
	c := e.condition(v1alpha1.ConditionReady)
	if c == nil || c.Reason != v1alpha1.ReasonNotPermitted || !strings.HasPrefix(c.Message, "Topology ") {
		return nil
	}
	return e.said(PartSpec, c, "Change the Topology's allowedNamespaces, or topologyRef")
}

func invalidSpec(e *Evidence) []*Finding {
	return e.said(PartSpec, e.red(v1alpha1.ReasonInvalidSpec), "Correct what the message names in the spec")
}

func crdNotInstalled(e *Evidence) []*Finding {
	return e.said(PartSpec, e.red(v1alpha1.ReasonCRDNotInstalled), "Install the CustomResourceDefinition")
}

func credentialsLost(e *Evidence) []*Finding {
	return e.said(PartDatabase, e.red(v1alpha1.ReasonCredentialsLost), "Restore the Secret, or delete the claim if its data is not needed")
}

func tooFewConnections(e *Evidence) []*Finding {
	return e.said(PartDatabase, e.red(v1alpha1.ReasonTooFewConnections), "Lower database.pool or the number of pods")
}
