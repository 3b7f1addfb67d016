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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

func dependencyNotFound(e *Evidence) []*Finding {
	return e.unresolved(e.red(v1alpha1.ReasonDependencyNotFound), "does not exist", "Create it, or remove it from dependencies")
}

func portNotFound(e *Evidence) []*Finding {
	return e.unresolved(e.red(v1alpha1.ReasonPortNotFound), "has no such port", "Correct dependencies[].port")
}

// calleeNamed is how Atoll names the service that does not resolve.
var calleeNamed = regexp.MustCompile(`^Microservice "([^"]+)"(?: of namespace "([^"]+)")?`)

// unresolved tells of a dependency that does not resolve.
func (e *Evidence) unresolved(c *metav1.Condition, says, otherwise string) []*Finding {
	found := e.said(PartDependencies, c, otherwise)
	for _, f := range found {
		if callee := calleeNamed.FindStringSubmatch(c.Message); callee != nil {
			f.Object = name("Microservice", callee[1])
			if callee[2] != "" {
				f.Object = name("Microservice", e.shown(callee[2], callee[1]))
			}
			f.Steps = append(f.Steps, step(f.Object, "%s", says))
		}
	}
	return found
}

// notPermitted tells of callees that don't permit the caller. That the Topology
// does not let the service join is told by Ready alone.
func notPermitted(e *Evidence) []*Finding {
	c := e.red(v1alpha1.ReasonNotPermitted)
	if c == nil || c.Type == v1alpha1.ConditionReady {
		return nil
	}
	found := e.unresolved(c, "does not permit the call", "Add the caller to the callee's access")
	for _, f := range found {
		f.Remedy = strings.Replace(f.Remedy, "to its access", "to access of "+f.Object, 1)
	}
	return found
}

// down are the dependencies that resolve and are not ready.
func (e *Evidence) down() []graph.Edge {
	return slices.DeleteFunc(graph.Resolve(e.Microservice, e.Graph), func(edge graph.Edge) bool {
		return edge.Callee == nil || isReady(edge.Callee)
	})
}

// dependencyDown tells of services that are called and are not ready: the cause is
// theirs. It keeps the caller from being ready where the caller waits for it, or
// says itself that it can't reach it.
func dependencyDown(e *Evidence) []*Finding {
	var all []*Finding
	for _, edge := range e.down() {
		if e.circle(&edge) == nil {
			all = append(all, e.callee(&edge))
		}
	}
	return all
}

// callee is a finding that leads to another service.
func (e *Evidence) callee(edge *graph.Edge) *Finding {
	callee := edge.Callee
	shown := e.shown(callee.Namespace, callee.Name)
	_, reason, _ := graph.StateFromConditions(callee.Status.Conditions, callee.Generation)
	f := &Finding{
		Part: PartDependencies, Object: name("Microservice", shown), condition: v1alpha1.ConditionDependenciesReady,
		Steps:  e.conditionSteps(v1alpha1.ConditionDependenciesReady),
		Cause:  fmt.Sprintf("Microservice %q, which it calls, is not ready: %s", shown, orElse(reason, "not seen by Atoll")),
		Remedy: fmt.Sprintf("See why: kubectl atoll why %s -n %s", callee.Name, callee.Namespace),
		Next:   &types.NamespacedName{Namespace: callee.Namespace, Name: callee.Name},
		Beside: true,
	}
	// Atoll gives this reason only while a first rollout is held back.
	if e.reasonOfReady() == v1alpha1.ReasonDependencyNotReady && edge.Dependency.Startup == v1alpha1.StartupWait {
		f.Steps = append(f.Steps, step(name("Microservice", e.Microservice.Name), "its first rollout waits for %s (startup: Wait)", shown))
		f.Beside = false
	} else if line, found := e.mentioned(edge.Host(), callee.Name+"."+callee.Namespace, "//"+callee.Name+":", "//"+callee.Name+"/"); found {
		f.Steps = append(e.workloadSteps(PartService), step(name("Microservice", e.Microservice.Name), "says of %s: %s", shown, cut(strings.TrimSpace(line), 160)))
		f.Beside, f.symptom = false, true
	}
	return f
}

// cycleWait tells of services that wait for each other: Atoll has none of them
// wait, and they fail together.
func cycleWait(e *Evidence) []*Finding {
	var all []*Finding
	for _, edge := range e.down() {
		circle := e.circle(&edge)
		if circle == nil {
			continue
		}
		f := e.callee(&edge)
		f.Steps = append(f.Steps, step("Circle", "%s; none of them waits, because all would for ever", strings.Join(circle, " -> ")))
		f.circle = strings.Join(circle, " -> ")
		f.Cause = fmt.Sprintf("%s wait for each other (startup: Wait), and fail together: %s is not ready", f.circle, e.shown(edge.Callee.Namespace, edge.Callee.Name))
		f.Remedy = fmt.Sprintf("See why: kubectl atoll why %s -n %s; take startup: Wait out of one of them", edge.Callee.Name, edge.Callee.Namespace)
		all = append(all, f)
	}
	return all
}

// circle is the way by which a service waits for itself through an edge; nil when
// it does not.
func (e *Evidence) circle(edge *graph.Edge) []string {
	if edge.Dependency.Startup != v1alpha1.StartupWait {
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
			if dependency.Startup != v1alpha1.StartupWait {
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
