// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"bytes"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	engines "github.com/atoll-dev/atoll/internal/engine"
)

var leftOverPattern = regexp.MustCompile(`@[a-z]+@`)

// leftOver returns a part that is missing in a script.
func leftOver(script string) string { return leftOverPattern.FindString(script) }

// scriptsOf returns all scripts of all engines: of servers, of their probes, and of the
// operations on them.
func scriptsOf(t *testing.T) map[string]string {
	t.Helper()
	scripts := map[string]string{}
	add := func(name string, command []string) {
		if len(command) > 2 && command[0] == "/bin/sh" {
			scripts[name] = command[2]
		}
	}
	for kind := range engines.Engines {
		pods := map[string]corev1.PodSpec{}
		plan := planOf(t, kind)
		pods["server"] = plan.Engine.PodSpec(plan.server())
		pods["set password"] = plan.SetPasswordJob("x", nil).Spec.Template.Spec
		pods["retire password"] = plan.RetirePasswordJob("x", "y", nil).Spec.Template.Spec
		if plan.Engine.Scripts().Collation != "" {
			pods["collation"] = plan.CollationJob("x", nil).Spec.Template.Spec
		}
		if plan.Engine.Scripts().Extensions != "" {
			pods["extensions"] = plan.ExtensionsJob("x", []string{"postgis"}, nil).Spec.Template.Spec
		}
		for where, location := range map[string]v1alpha1.BackupLocation{
			"claim": {PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: "backups"}}, "bucket": {S3: &v1alpha1.S3Location{Bucket: "shop"}},
		} {
			spec := &v1alpha1.Database{Engine: kind, Backup: &v1alpha1.DatabaseBackup{Schedule: "@daily", Destination: location}, Restore: &v1alpha1.DatabaseRestore{}}
			pods["backup to "+where] = plan.BackupCronJob(spec.Backup, "", false, nil).Spec.JobTemplate.Spec.Template.Spec
			pods["restore from "+where] = plan.RestoreJob("x", "y", spec, "", nil).Spec.Template.Spec
		}
		for pod, spec := range pods {
			for _, c := range append(spec.InitContainers, spec.Containers...) {
				add(string(kind)+": "+pod+": "+c.Name, c.Command)
				for probe, p := range map[string]*corev1.Probe{"startup": c.StartupProbe, "readiness": c.ReadinessProbe, "liveness": c.LivenessProbe} {
					if p != nil && p.Exec != nil {
						add(string(kind)+": "+pod+": "+probe+" probe", p.Exec.Command)
					}
				}
			}
		}
	}
	// A server with three probes, two Jobs for passwords, and backup and restore,
	// which are two containers each for a bucket. One engine checks its collation, and
	// creates extensions.
	if want := 12*len(engines.Engines) + 2; len(scripts) != want {
		t.Errorf("there are %d scripts, want %d: did this test lose some?", len(scripts), want)
	}
	return scripts
}

// TestScriptsParse checks the syntax of all scripts.
func TestScriptsParse(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal("the scripts need sh: install it")
	}
	for name, script := range scriptsOf(t) {
		t.Run(name, func(t *testing.T) {
			if left := leftOver(script); left != "" {
				t.Errorf("%s was not replaced", left)
			}
			check := exec.CommandContext(t.Context(), sh, "-n")
			check.Stdin = strings.NewReader(script)
			var said bytes.Buffer
			check.Stderr = &said
			if err := check.Run(); err != nil {
				t.Errorf("%v: %s\n%s", err, &said, script)
			}
		})
	}
}
