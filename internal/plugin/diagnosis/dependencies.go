// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

func dependencyNotFound(e *Evidence) []*Finding {
	return e.unresolved(e.red(v1alpha1.ReasonDependencyNotFound), "does not exist", "Create it, or remove it from dependencies")
}

func portNotFound(e *Evidence) []*Finding {
	return e.unresolved(e.red(v1alpha1.ReasonPortNotFound), "does not have the port", "Correct dependencies[].port")
}

// notPermitted finds callees that do not permit the caller. Ready alone reports a
// Topology that the service may not join.
func notPermitted(e *Evidence) []*Finding {
	c := e.red(v1alpha1.ReasonNotPermitted)
	if c == nil || c.Type == v1alpha1.ConditionReady {
		return nil
	}
	return e.unresolved(c, "does not exist, or does not permit the call", "Correct dependencies, or add the caller to the callee's access")
}

// unresolved returns a finding for each dependency that does not resolve for the
// reason of a condition. Where the graph shows none by now, the finding repeats the
// condition.
func (e *Evidence) unresolved(c *metav1.Condition, state, otherwise string) []*Finding {
	if c == nil {
		return nil
	}
	var all []*Finding
	for _, edge := range graph.Resolve(e.Microservice, e.Graph) {
		reason, message := edge.Problem()
		if reason != c.Reason {
			continue
		}
		f := e.repeatCondition(PartDependencies, c, otherwise)[0]
		if edge.Secluded() && edge.Callee != nil {
			// Who may read the callee learns what the condition must not tell.
			message.Cause = "exists, and does not permit this caller"
			state = "does not permit the call"
		}
		f.report(message, otherwise)
		e.leadTo(f, message.Object, state)
		all = append(all, f)
	}
	if all == nil {
		return e.repeatConditionOfObject(PartDependencies, c, otherwise, state)
	}
	return all
}

// down returns the dependencies whose callee exists and is not ready.
func (e *Evidence) down() []graph.Edge {
	return slices.DeleteFunc(graph.Resolve(e.Microservice, e.Graph), func(edge graph.Edge) bool {
		return edge.Callee == nil || isReady(edge.Callee)
	})
}

// dependencyDown finds callees that are not ready: the cause is theirs. Such a callee
// keeps the caller from being ready where the caller's first rollout waits for it,
// or where the caller's log says that it cannot reach the callee.
func dependencyDown(e *Evidence) []*Finding {
	var all []*Finding
	for _, edge := range e.down() {
		if e.cycle(&edge) != nil {
			continue
		}
		// An optional dependency is a fault only where the log blames it.
		if f := e.callee(&edge); !edge.Optional() || !f.Beside {
			all = append(all, f)
		}
	}
	return append(all, e.behind()...)
}

// behind finds dependencies that are ready while a service that these depend on is not: their
// answers are errors, although each is Ready.
func (e *Evidence) behind() []*Finding {
	var all []*Finding
	for _, edge := range graph.Resolve(e.Microservice, e.Graph) {
		if edge.Callee == nil || edge.Optional() || !isReady(edge.Callee) {
			continue
		}
		path := graph.PathToDown(edge.Callee, graph.Services{Find: e.findOther, MemberOf: e.Graph.MemberOf})
		if path == nil {
			continue
		}
		through, down := e.shown(edge.Callee.Namespace, edge.Callee.Name), path[len(path)-1]
		_, reason, _ := graph.StateFromConditions(down.Status.Conditions, down.Generation)
		shown := e.shown(down.Namespace, down.Name)
		f := &Finding{
			Part: PartDependencies, Object: name("Microservice", shown), condition: v1alpha1.ConditionDependenciesReady, Beside: true,
			Steps:  []Step{step(name("Microservice", e.Microservice.Name), "calls %s, which is Ready, and which depends on %s", through, shown)},
			Cause:  fmt.Sprintf("Microservice %q, on which it depends through %q, is not ready: %s", shown, through, orElse(reason, "not observed by Atoll")),
			Remedy: fmt.Sprintf("See why: kubectl atoll why %s -n %s", down.Name, down.Namespace),
			Next:   keyOf(edge.Callee), behind: keyOf(path[1]),
		}
		if e.reasonOfReady() == v1alpha1.ReasonDependencyNotReady && edge.Dependency.Startup == v1alpha1.StartupWaitForAll {
			f.Steps = append(f.Steps, step(name("Microservice", e.Microservice.Name), "its first rollout waits for %s (startup: WaitForAll)", shown))
			f.Beside = false
		}
		all = append(all, f)
	}
	return all
}

// findOther finds services other than the one of the diagnosis. In a cycle, its own state is no
// cause of itself, and its own dependencies are looked at already.
func (e *Evidence) findOther(namespace, name string) *v1alpha1.Microservice {
	if namespace == e.Microservice.Namespace && name == e.Microservice.Name {
		return nil
	}
	return e.Graph.Find(namespace, name)
}

func keyOf(ms *v1alpha1.Microservice) *types.NamespacedName {
	return &types.NamespacedName{Namespace: ms.Namespace, Name: ms.Name}
}

// callee returns a finding that leads to another service.
func (e *Evidence) callee(edge *graph.Edge) *Finding {
	callee := edge.Callee
	shown := e.shown(callee.Namespace, callee.Name)
	_, reason, _ := graph.StateFromConditions(callee.Status.Conditions, callee.Generation)
	f := &Finding{
		Part: PartDependencies, Object: name("Microservice", shown), condition: v1alpha1.ConditionDependenciesReady,
		Steps:  e.conditionSteps(v1alpha1.ConditionDependenciesReady),
		Cause:  fmt.Sprintf("Microservice %q, which it calls, is not ready: %s", shown, orElse(reason, "not observed by Atoll")),
		Remedy: fmt.Sprintf("See why: kubectl atoll why %s -n %s", callee.Name, callee.Namespace),
		Next:   &types.NamespacedName{Namespace: callee.Namespace, Name: callee.Name},
		Beside: true,
	}
	// Atoll sets this reason only while a first rollout waits.
	if e.reasonOfReady() == v1alpha1.ReasonDependencyNotReady && edge.Dependency.Startup.Waits() {
		f.Steps = append(f.Steps, step(name("Microservice", e.Microservice.Name), "its first rollout waits for %s (startup: Wait)", shown))
		f.Beside = false
	} else if line, found := e.mentioned(edge.Host(), edge.HeadlessHost(), callee.Name+"."+callee.Namespace, "//"+callee.Name+":", "//"+callee.Name+"/"); found {
		f.Steps = append(e.workloadSteps(PartService), step(name("Microservice", e.Microservice.Name), "logs about %s: %s", shown, cut(strings.TrimSpace(line), 160)))
		f.Beside, f.symptom = false, true
	}
	return f
}

// cycleWait finds services that wait for each other. Atoll lets none of them wait, so
// they fail together.
func cycleWait(e *Evidence) []*Finding {
	var all []*Finding
	for _, edge := range e.down() {
		cycle := e.cycle(&edge)
		if cycle == nil {
			continue
		}
		f := e.callee(&edge)
		f.Steps = append(f.Steps, step("Cycle", "%s; none of them waits, because the wait would not end", strings.Join(cycle, " -> ")))
		f.cycle = strings.Join(cycle, " -> ")
		f.Cause = fmt.Sprintf("%s wait for each other (startup: Wait) and fail together: %s is not ready", f.cycle, e.shown(edge.Callee.Namespace, edge.Callee.Name))
		f.Remedy = fmt.Sprintf("See why: kubectl atoll why %s -n %s; remove startup: Wait from one of them", edge.Callee.Name, edge.Callee.Namespace)
		all = append(all, f)
	}
	return all
}

// cycle returns the path by which a service waits for itself through an edge, and
// nil where it does not.
func (e *Evidence) cycle(edge *graph.Edge) []string {
	if !edge.Dependency.Startup.Waits() {
		return nil
	}
	type way struct {
		to   *v1alpha1.Microservice
		path []string
	}
	home := e.Microservice
	from := e.shown(home.Namespace, home.Name)
	seen := map[*v1alpha1.Microservice]bool{}
	ways := []way{{edge.Callee, []string{from, e.shown(edge.Callee.Namespace, edge.Callee.Name)}}}
	for len(ways) > 0 {
		w := ways[0]
		ways = ways[1:]
		if seen[w.to] {
			continue
		}
		seen[w.to] = true
		for i := range w.to.Spec.Dependencies {
			dependency := &w.to.Spec.Dependencies[i]
			if !dependency.Startup.Waits() {
				continue
			}
			namespace := graph.NamespaceOf(w.to, dependency)
			if namespace == home.Namespace && dependency.Name == home.Name {
				return append(slices.Clone(w.path), from)
			}
			if callee := e.Graph.Find(namespace, dependency.Name); callee != nil {
				ways = append(ways, way{callee, append(slices.Clone(w.path), e.shown(namespace, dependency.Name))})
			}
		}
	}
	return nil
}
