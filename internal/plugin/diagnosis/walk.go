// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/internal/graph"
)

// Report is the cause of a service's state, with the path through all services to it.
type Report struct {
	Namespace string      `json:"namespace"`
	Service   string      `json:"service"`
	State     graph.State `json:"state"`
	Reason    string      `json:"reason,omitempty"`
	Message   string      `json:"message,omitempty"`
	// Path lists the services from this one to the one at fault, and then the part at
	// fault where that is not the service itself.
	Path []string `json:"path"`
	// Services is the number of services in Path.
	Services int `json:"-"`
	// Root is the cause, with the steps of the whole path; nil for a healthy service.
	Root *Finding `json:"root"`
	// Also holds the other findings about this service.
	Also []*Finding `json:"also"`
	// Unread names what could not be read on the path.
	Unread []string `json:"unread,omitempty"`
}

// Faulty reports whether something is wrong. Progress and a suspension are not.
func (r *Report) Faulty() bool {
	faulty := func(f *Finding) bool { return f.Fault != InProgress && f.Fault != "Suspended" }
	return r.Root != nil && faulty(r.Root) || slices.ContainsFunc(r.Also, faulty)
}

// maxHops bounds the length of the path.
const maxHops = 50

// Walk diagnoses a service and follows the services that it waits for to the cause.
// gather reads the evidence about a service.
func Walk(start types.NamespacedName, gather func(types.NamespacedName) (*Evidence, error)) (*Report, error) {
	report := &Report{Path: []string{}, Also: []*Finding{}}
	var way []types.NamespacedName
	var hops []*Finding
	for at := start; len(way) < maxHops; {
		e, err := gather(at)
		if err != nil {
			return nil, err
		}
		d := Diagnose(e)
		if len(way) == 0 {
			report.Namespace, report.Service, report.State, report.Reason, report.Message = d.Namespace, d.Service, d.State, d.Reason, d.Message
			if len(d.Findings) > 1 {
				report.Also = d.Findings[1:]
			}
		}
		for _, unread := range d.Unread {
			if !slices.Contains(report.Unread, unread) {
				report.Unread = append(report.Unread, unread)
			}
		}
		root := d.Root()
		if len(way) > 0 {
			root = d.rootFor(hops[len(hops)-1])
		}
		if root == nil {
			break
		}
		way = append(way, at)
		hops = append(hops, root)
		if root.Next == nil {
			break
		}
		if begin := slices.Index(way, *root.Next); begin >= 0 {
			hops = append(hops, cycleFinding(start.Namespace, way[begin:], hops[begin:]))
			break
		}
		at = *root.Next
	}
	report.conclude(start.Namespace, way, hops)
	return report, nil
}

// rootFor returns the cause in a service that others wait for: a fault that keeps it from being
// Ready, or, where the fault is behind it, the finding that leads there.
func (d *Diagnosis) rootFor(caller *Finding) *Finding {
	if behind := caller.behind; behind != nil {
		for _, f := range d.Findings {
			if f.Next != nil && *f.Next == *behind {
				return f
			}
		}
	}
	if root := d.Root(); root != nil && !root.Beside {
		return root
	}
	return nil
}

func shownIn(home string, at types.NamespacedName) string {
	if at.Namespace == home {
		return at.Name
	}
	return at.Namespace + "/" + at.Name
}

// cycleFinding returns the finding that services keep each other from being ready.
func cycleFinding(home string, cycle []types.NamespacedName, hops []*Finding) *Finding {
	names := make([]string, 0, len(cycle)+1)
	for _, at := range cycle {
		names = append(names, shownIn(home, at))
	}
	path := strings.Join(append(names, names[0]), " -> ")
	return &Finding{
		Fault: "CycleWait", Part: PartDependencies, Object: name("Microservice", names[0]), Beside: hops[0].Beside,
		Steps:  []Step{step("Cycle", "%s", path)},
		Cause:  fmt.Sprintf("%s wait for each other: each becomes ready only after the next one, so none does", path),
		Remedy: "Make one of them ready without the other: remove the other from its readiness probe, or startup: Wait from its dependencies",
	}
}

// conclude merges the findings of all hops: the cause of the last one, with the steps
// of all.
func (r *Report) conclude(home string, way []types.NamespacedName, hops []*Finding) {
	if len(hops) == 0 {
		r.Path = []string{r.Service}
		return
	}
	r.Services = len(way)
	for _, at := range way {
		r.Path = append(r.Path, shownIn(home, at))
	}
	last := hops[len(hops)-1]
	root := *last
	root.Steps = nil
	for i, hop := range hops {
		for _, s := range hop.Steps {
			// Objects outside the reader's namespace are marked.
			if i < len(way) && way[i].Namespace != home && !strings.Contains(s.Object, "/") {
				s.Object += " in " + way[i].Namespace
			}
			if !slices.Contains(root.Steps, s) {
				root.Steps = append(root.Steps, s)
			}
		}
	}
	root.Beside = hops[0].Beside
	switch root.Part {
	case PartDatabase, PartMigration, PartRestore:
		if len(hops) == len(way) {
			r.Path = append(r.Path, fmt.Sprintf("%s %s", possessive(r.Path[len(r.Path)-1]), root.Part))
		}
	}
	// The finding of a cycle names the service at fault with it.
	for _, hop := range hops[:len(hops)-1] {
		if hop.Fault == "CycleWait" && last.Fault != "CycleWait" {
			root.Fault = hop.Fault
			root.Cause = fmt.Sprintf("%s wait for each other and fail together; at fault is %s: %s", hop.cycle, r.Path[len(way)-1], last.Cause)
			break
		}
	}
	r.Root = &root
}

func possessive(of string) string {
	if strings.HasSuffix(of, "s") {
		return of + "'"
	}
	return of + "'s"
}
