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
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/internal/graph"
)

// Report is the whole answer to why a service is not as it should be, through all
// services on the way to the cause.
type Report struct {
	Namespace string      `json:"namespace"`
	Service   string      `json:"service"`
	State     graph.State `json:"state"`
	Reason    string      `json:"reason,omitempty"`
	Message   string      `json:"message,omitempty"`
	// Path is the services from this one to the one at fault, and the part of it that
	// is, where that is not the service itself.
	Path []string `json:"path"`
	// Services is how many services that are.
	Services int `json:"-"`
	// Root is the cause, with the steps of the whole way; nil where all is well.
	Root *Finding `json:"root"`
	// Also is what was found beside it, of this service alone.
	Also []*Finding `json:"also"`
	// Unread is what could not be read on the way.
	Unread []string `json:"unread,omitempty"`
}

// Faulty says whether something is wrong: that something is on its way, or was
// suspended, is as it should be.
func (r *Report) Faulty() bool {
	faulty := func(f *Finding) bool { return f.Fault != InProgress && f.Fault != "Suspended" }
	return r.Root != nil && faulty(r.Root) || slices.ContainsFunc(r.Also, faulty)
}

// maxHops is more services than any way should have.
const maxHops = 50

// Walk diagnoses a service, and goes on to the ones that it waits for until it is
// where the cause is. gather reads the evidence of a service.
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
		// Of a service that others wait for, only what keeps it from being Ready counts.
		if root == nil || len(way) > 0 && root.Beside {
			break
		}
		way = append(way, at)
		hops = append(hops, root)
		if root.Next == nil {
			break
		}
		if begin := slices.Index(way, *root.Next); begin >= 0 {
			hops = append(hops, circular(start.Namespace, way[begin:], hops[begin:]))
			break
		}
		at = *root.Next
	}
	report.conclude(start.Namespace, way, hops)
	return report, nil
}

func shownIn(home string, at types.NamespacedName) string {
	if at.Namespace == home {
		return at.Name
	}
	return at.Namespace + "/" + at.Name
}

// circular is the finding that services keep each other from being ready.
func circular(home string, circle []types.NamespacedName, hops []*Finding) *Finding {
	names := make([]string, 0, len(circle)+1)
	for _, at := range circle {
		names = append(names, shownIn(home, at))
	}
	path := strings.Join(append(names, names[0]), " -> ")
	return &Finding{
		Fault: "CycleWait", Part: PartDependencies, Object: name("Microservice", names[0]), Beside: hops[0].Beside,
		Steps:  []Step{step("Circle", "%s: back where the walk has been", path)},
		Cause:  fmt.Sprintf("%s wait for each other: each becomes ready only when the next one is, and so none does", path),
		Remedy: "Have one of them become ready without the other: take the other out of its readiness probe, or startup: Wait out of its dependencies",
	}
}

// conclude makes one finding of those of all hops: the last one's cause, with the
// steps of all.
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
			// Objects of other namespaces than the reader's are told apart.
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
