//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestLifecycle installs Atoll on a real cluster and runs the sample topology. Then it
// upgrades, rolls back, uninstalls and reinstalls Atoll. The services must notice nothing:
// no request fails, no pod is replaced or restarted, and no child is changed.
func TestLifecycle(t *testing.T) {
	c := newCluster(t)
	current := []string{chart}
	previous := []string{c.previousChart(t)}

	begin := time.Now()
	served := c.firstRequest(t, begin)
	c.helm(t, append([]string{"install", "atoll", "--create-namespace", "--wait"}, previous...)...)
	t.Logf("helm install --wait took %s", time.Since(begin).Round(100*time.Millisecond))
	c.applyShop(t)
	t.Logf("from helm install to the first served request: %s", (<-served).Round(100*time.Millisecond))
	c.expectOperator(t)
	c.expectCRDs(t, true)

	before := c.shopState(t)
	traffic := c.startTraffic(t)
	for _, step := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"upgrade with a changed value", func(t *testing.T) {
			c.helm(t, append([]string{"upgrade", "atoll", "--wait", "--set=workers=3"}, current...)...)
			if args := c.managerArgs(t); !strings.Contains(args, "--workers=3") {
				t.Errorf("the manager has the arguments %s", args)
			}
			c.expectCRDs(t, false)
			c.expectOperator(t)
		}},
		{"rollback", func(t *testing.T) {
			c.helm(t, "rollback", "atoll", "1", "--wait")
			if args := c.managerArgs(t); strings.Contains(args, "--workers") {
				t.Errorf("the manager has the arguments %s", args)
			}
			c.expectCRDs(t, true)
			c.expectOperator(t)
		}},
		{"uninstall", func(t *testing.T) { c.uninstall(t); c.expectOnlyCRDs(t) }},
		{"reinstall while the CRDs were kept", func(t *testing.T) {
			c.helm(t, append([]string{"install", "atoll", "--wait"}, current...)...)
			c.expectCRDs(t, false)
			c.expectOperator(t)
		}},
		{"move from dist/install.yaml to Helm", func(t *testing.T) {
			c.uninstall(t)
			c.applyInstallManifest(t)
			c.expectOperator(t)
			c.helm(t, append([]string{"install", "atoll", "--wait", "--take-ownership", "--force-conflicts"}, current...)...)
			c.expectOperator(t)
		}},
		{"a second release under another name is refused", func(t *testing.T) {
			out, err := c.tryHelm(t, append([]string{"install", "atoll-2"}, current...)...)
			if err == nil || !strings.Contains(err.Error(), "exists and cannot be imported into the current release") {
				t.Errorf("got %v\n%s", err, out)
			}
		}},
	} {
		ok := t.Run(step.name, func(t *testing.T) {
			step.run(t)
			c.expectUnchanged(t, before)
			traffic.expectNoFailure(t)
		})
		if !ok {
			t.FailNow()
		}
	}
	traffic.stop()
	t.Log(traffic)

	t.Run("uninstall with the CRDs", func(t *testing.T) {
		c.helm(t, append([]string{"upgrade", "atoll", "--wait", "--set=crds.keep=false"}, current...)...)
		c.uninstall(t)
		c.eventually(t, "the CRDs and all pods of services are gone", func() bool {
			return c.kubectl(t, "get", "crd", "--output=name", "--ignore-not-found", "microservices.atoll.dev", "topologies.atoll.dev") == "" &&
				c.kubectl(t, "get", "pods", "--namespace=shop", "--output=name") == ""
		})
	})
}

// previousName is a short name of Microservices that only the CRD of the previous chart has.
const previousName = "previous-ms"

// previousChart returns a copy of the chart with a lower version, another name in a CRD and no other
// difference.
func (c *cluster) previousChart(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "atoll")
	if err := os.CopyFS(folder, os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	for file, change := range map[string]struct{ from, to string }{
		"Chart.yaml": {`(?m)^version: .*$`, "version: 0.0.1"},
		"templates/crds/microservices.atoll.dev.yaml": {`(?m)^    - ms$`, "    - ms\n    - " + previousName},
	} {
		path := filepath.Join(folder, file)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := regexp.MustCompile(change.from).ReplaceAll(text, []byte(change.to))
		if bytes.Equal(changed, text) {
			t.Fatalf("%s has nothing like %s", path, change.from)
		}
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// expectCRDs checks whether the CRDs are those of the previous chart or of the current one.
func (c *cluster) expectCRDs(t *testing.T, previous bool) {
	t.Helper()
	names := c.kubectl(t, "get", "crd", "microservices.atoll.dev", "--output=jsonpath={.spec.names.shortNames}")
	if strings.Contains(names, previousName) != previous {
		t.Errorf("Microservices have the short names %s, want those of the previous chart: %t", names, previous)
	}
}
