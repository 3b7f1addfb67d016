// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"bytes"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	engines "github.com/atoll-dev/atoll/internal/engine"
)

var leftOverPattern = regexp.MustCompile(`@[a-z]+@`)

// leftOver returns a part that is missing in a script.
func leftOver(script string) string { return leftOverPattern.FindString(script) }

// containerScript is a script, and the variables of the container that runs it.
type containerScript struct {
	text string
	env  []corev1.EnvVar
}

// scriptsOf returns all scripts of all engines: of servers, of their probes, and of the
// operations on them.
func scriptsOf(t *testing.T) map[string]containerScript {
	t.Helper()
	scripts := map[string]containerScript{}
	add := func(name string, command []string, env []corev1.EnvVar) {
		if len(command) > 2 && command[0] == "/bin/sh" {
			scripts[name] = containerScript{command[2], env}
		}
	}
	for kind := range engines.Engines {
		pods := map[string]corev1.PodSpec{}
		plan := planOf(t, kind)
		pods["server"] = plan.Engine.PodSpec(plan.server())
		pods["set password"] = plan.SetPasswordJob("x", nil).Spec.Template.Spec
		pods["retire password"] = plan.RetirePasswordJob("x", "y", nil).Spec.Template.Spec
		plan.NextImage = plan.Image
		pods["next image"] = plan.ImageJob("x", nil).Spec.Template.Spec
		migration := corev1.PodSpec{}
		plan.AwaitServer(&migration)
		pods["migration"] = migration
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
				add(string(kind)+": "+pod+": "+c.Name, c.Command, c.Env)
				for probe, p := range map[string]*corev1.Probe{"startup": c.StartupProbe, "readiness": c.ReadinessProbe, "liveness": c.LivenessProbe} {
					if p != nil && p.Exec != nil {
						add(string(kind)+": "+pod+": "+probe+" probe", p.Exec.Command, c.Env)
					}
				}
			}
		}
	}
	// A server with three probes, two Jobs for passwords, and backup and restore,
	// which are two containers each for a bucket, a Job for the next image, and the wait of a
	// migration. One engine checks its collation, and creates extensions.
	if want := 14*len(engines.Engines) + 2; len(scripts) != want {
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
			if left := leftOver(script.text); left != "" {
				t.Errorf("%s was not replaced", left)
			}
			check := exec.CommandContext(t.Context(), sh, "-n")
			check.Stdin = strings.NewReader(script.text)
			var said bytes.Buffer
			check.Stderr = &said
			if err := check.Run(); err != nil {
				t.Errorf("%v: %s\n%s", err, &said, script.text)
			}
		})
	}
}

// ownVariable is a variable of Atoll's that has no default in a script.
var ownVariable = regexp.MustCompile(`\$\{?(ATOLL_[A-Z_]+)(:?-)?`)

// TestScriptsHaveTheirVariables checks that the container of each script has the variables that
// the script reads. The shell ends with an error where one is unset.
func TestScriptsHaveTheirVariables(t *testing.T) {
	for name, script := range scriptsOf(t) {
		for _, found := range ownVariable.FindAllStringSubmatch(script.text, -1) {
			variable := found[1]
			given := slices.ContainsFunc(script.env, func(v corev1.EnvVar) bool { return v.Name == variable })
			if found[2] == "" && !given && !regexp.MustCompile(`\b`+variable+`=`).MatchString(script.text) {
				t.Errorf("%s reads %s, which its container does not have", name, variable)
			}
		}
	}
}
