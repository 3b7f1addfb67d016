// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// red returns the first condition that is False for one of some reasons, and nil
// where there is none. A condition that decides Ready comes before Ready, which
// repeats it, and before those that do not decide. A condition of an earlier
// generation does not count.
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

// condition returns a condition of the Microservice, and nil where it is absent.
func (e *Evidence) condition(t string) *metav1.Condition {
	return meta.FindStatusCondition(e.Microservice.Status.Conditions, t)
}

// conditionSteps begin a walk at a condition, or at Ready where that condition is
// True or absent.
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

// repeatCondition returns a finding that repeats a condition, and none without a condition.
// One that does not decide Ready is about its own part alone.
func (e *Evidence) repeatCondition(part Part, c *metav1.Condition, otherwise string) []*Finding {
	if c == nil {
		return nil
	}
	if !decides(c) {
		part = partOf(c.Type)
	}
	f := &Finding{Part: part, Beside: !decides(c), Object: name("Microservice", e.Microservice.Name), Steps: e.conditionSteps(c.Type), condition: c.Type}
	f.report(condition.ParseMessage(c.Message), otherwise)
	return []*Finding{f}
}

// repeatConditionOfObject does the same with the object of the message as the object at fault.
func (e *Evidence) repeatConditionOfObject(part Part, c *metav1.Condition, otherwise, state string) []*Finding {
	found := e.repeatCondition(part, c, otherwise)
	for _, f := range found {
		e.leadTo(f, condition.ParseMessage(c.Message).Object, state)
	}
	return found
}

// leadTo makes the object of a message, where it has one, the object at fault.
func (e *Evidence) leadTo(f *Finding, o condition.Object, state string) {
	if o.Kind == "" {
		return
	}
	f.Object = name(o.Kind, o.Name)
	if o.Namespace != "" {
		f.Object = name(o.Kind, e.shown(o.Namespace, o.Name))
	}
	f.Steps = append(f.Steps, step(f.Object, "%s", state))
}

// notSeen finds a Microservice, or a change of it, that Atoll has not observed, and
// an operator that does not run. Atoll does not observe a deletion.
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
		f.Cause = "Atoll has not observed this Microservice"
	case ready.ObservedGeneration < ms.Generation:
		f.Cause = "Atoll has not observed the latest change of this Microservice"
	case e.Operators != nil && !running:
		f.Cause, f.Beside = "The status may be outdated", true
	default:
		return nil
	}
	switch {
	case e.Operators == nil:
		f.Remedy = "Check that Atoll runs: kubectl -n atoll-system get pods"
	case operator == "":
		f.Cause += ": the cluster has no Deployment of Atoll"
		f.Remedy = "Install it: kubectl apply --server-side -k config/default"
	case !running:
		f.Cause += fmt.Sprintf(": Deployment %s, which runs Atoll, has no ready pod", operator)
		f.Remedy = "See why: " + logsOfOperator("describe", operator)
		f.Steps = append(f.Steps, step(name("Deployment", operator), "no ready pod"))
	default:
		f.Remedy = "Wait; if nothing changes, see the log of Atoll: " + logsOfOperator("logs", operator)
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

// operator reports whether Atoll runs, and where. where is empty without a
// Deployment of Atoll.
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
		Cause: "It is suspended: suspend: true scales it to zero", Remedy: "Set suspend to false to start it",
	}}
}

func topologyNotFound(e *Evidence) []*Finding {
	return e.repeatCondition(PartSpec, e.red(v1alpha1.ReasonTopologyNotFound), "Create the Topology, or correct topologyRef")
}

// namespaceNotAllowed is reported by Ready alone. NotPermitted in DependenciesReady
// is about a dependency that does not permit the caller.
func namespaceNotAllowed(e *Evidence) []*Finding {
	c := e.condition(v1alpha1.ConditionReady)
	if c == nil || c.Reason != v1alpha1.ReasonNotPermitted || condition.ParseMessage(c.Message).Object.Kind != "Topology" {
		return nil
	}
	return e.repeatCondition(PartSpec, c, "Change the Topology's allowedNamespaces, or topologyRef")
}

func invalidSpec(e *Evidence) []*Finding {
	return e.repeatCondition(PartSpec, e.red(v1alpha1.ReasonInvalidSpec), "Correct what the message names in the spec")
}

func crdNotInstalled(e *Evidence) []*Finding {
	return e.repeatCondition(PartSpec, e.red(v1alpha1.ReasonCRDNotInstalled), "Install the CustomResourceDefinition")
}

func credentialsLost(e *Evidence) []*Finding {
	return e.repeatCondition(PartDatabase, e.red(v1alpha1.ReasonCredentialsLost), "Restore the Secret, or delete the claim if its data is not needed")
}

func foreignAutoscaler(e *Evidence) []*Finding {
	return e.repeatCondition(PartService, e.red(v1alpha1.ReasonForeignAutoscaler), "Let it scale the Microservice, or delete it")
}

func tooFewConnections(e *Evidence) []*Finding {
	return e.repeatCondition(PartDatabase, e.red(v1alpha1.ReasonTooFewConnections), "Lower database.pool or the number of pods")
}
