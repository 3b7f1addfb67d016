//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
)

// transient are resources that report what happens, and are no part of a release, or are deprecated.
var transient = []string{"endpoints", "events", "leases"}

// snapshot maps the objects of a namespace to their version and to the last write of each manager.
type snapshot map[string]string

// takeSnapshot reads all objects of a namespace.
func takeSnapshot(ctx context.Context, namespace string) snapshot {
	GinkgoHelper()
	out := snapshot{}
	objects := metadata.NewForConfigOrDie(config)
	lists, err := discovery.NewDiscoveryClientForConfigOrDie(config).ServerPreferredNamespacedResources()
	Expect(err).NotTo(HaveOccurred())
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		Expect(err).NotTo(HaveOccurred())
		for _, resource := range list.APIResources {
			if version.Group == "metrics.k8s.io" || slices.Contains(transient, resource.Name) || !slices.Contains(resource.Verbs, "list") {
				continue
			}
			found, err := objects.Resource(version.WithResource(resource.Name)).Namespace(namespace).List(ctx, metav1.ListOptions{})
			Expect(err).NotTo(HaveOccurred())
			for i := range found.Items {
				out[resource.Name+"/"+found.Items[i].Name] = describeWrites(&found.Items[i])
			}
		}
	}
	return out
}

func describeWrites(o *metav1.PartialObjectMetadata) string {
	out := "uid " + string(o.UID) + " version " + o.ResourceVersion
	for _, entry := range o.ManagedFields {
		out += fmt.Sprintf(", %s %s %s at %s", entry.Manager, entry.Operation, entry.Subresource, entry.Time.UTC().Format(time.TimeOnly))
	}
	return out
}

// settledSnapshot waits until nothing has written to a namespace for some seconds.
func settledSnapshot(ctx context.Context, namespace string) snapshot {
	GinkgoHelper()
	before := takeSnapshot(ctx, namespace)
	var since time.Time
	Eventually(ctx, func(g Gomega) {
		after := takeSnapshot(ctx, namespace)
		if changes := before.changes(after); len(changes) > 0 || since.IsZero() {
			before, since = after, time.Now()
		}
		g.Expect(time.Since(since)).To(BeNumerically(">", 10*time.Second))
	}).WithPolling(2 * time.Second).Should(Succeed())
	return before
}

// changes returns a line for each object that differs.
func (s snapshot) changes(after snapshot) []string {
	var out []string
	for name, state := range after {
		if s[name] != state {
			out = append(out, fmt.Sprintf("%s\n  was %s\n  is  %s", name, s[name], state))
		}
	}
	for name := range s {
		if _, stays := after[name]; !stays {
			out = append(out, name+" is gone")
		}
	}
	slices.Sort(out)
	return out
}

// countWrites returns how many requests to the API server changed objects of the groups that Atoll
// and the shop use. Dry runs do not count.
func countWrites(ctx context.Context) int {
	GinkgoHelper()
	text, err := kubernetes.NewForConfigOrDie(config).RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	Expect(err).NotTo(HaveOccurred())
	total := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "apiserver_request_total{") || !strings.Contains(line, `dry_run=""`) {
			continue
		}
		write := containsAny(line, `verb="PATCH"`, `verb="APPLY"`, `verb="PUT"`, `verb="UPDATE"`, `verb="POST"`, `verb="CREATE"`, `verb="DELETE"`)
		group := containsAny(line, `group="atoll.dev"`, `group="apps"`, `group="batch"`, `group="policy"`, `group="networking.k8s.io"`,
			`group="gateway.networking.k8s.io"`, `group="autoscaling"`, `group="rbac.authorization.k8s.io"`)
		if write && group {
			var count float64
			_, err := fmt.Sscan(line[strings.LastIndexByte(line, ' ')+1:], &count)
			Expect(err).NotTo(HaveOccurred())
			total += int(count)
		}
	}
	return total
}

func containsAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
