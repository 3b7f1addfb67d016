// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/engine/enginetest"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// extensionsEnded adds the Job of the extensions with a condition, and the last exit of
// its container.
func extensionsEnded(ended batchv1.JobConditionType, exitCode int32, message string) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) {
		name := extensionsJobName(Of(in))
		job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentExtensions}}}
		if ended != "" {
			job.Status.Conditions = []batchv1.JobCondition{{Type: ended, Status: corev1.ConditionTrue, LastTransitionTime: inputstest.At(4)}}
		}
		in.Jobs = append(in.Jobs, job)
		pod := inputstest.WaitingPod(v1alpha1.ComponentExtensions, "", "")
		inputstest.OfJob(&pod, name)
		pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: message}}
		in.Pods = append(in.Pods, pod)
	}
}

// replacedServer adds a server's pod that was created after all Jobs ended.
func replacedServer(in *inputs.Inputs) {
	server := corev1.Pod{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: inputstest.At(9), Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentDatabase}}}
	server.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	in.Pods = append(in.Pods, server)
}

// TestExtensionsHealth checks what the database reports of its extensions.
func TestExtensionsHealth(t *testing.T) {
	const of = "cases/extensions"
	job := extensionsJobName(builtCase(t, of))
	failed := func(cause, remedy string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonExtensionFailed, Stalled: true,
			Message: condition.Message{Field: "database.extensions", Cause: cause, Remedy: remedy}}
	}
	soon := &condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true, Message: condition.Say("The extensions in database.extensions are created when the database accepts connections")}
	checkHealth(t, ExtensionsHealth, map[string]healthCase{
		"none are wanted": {of: "database-postgresql-builtin-retain"},
		"no database":     {of: "defaults"},
		"a suspended service": {
			of: of, changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { inputstest.Suspended(in.Microservice) }}},
		"the Job does not exist yet": {
			of: of, want: soon},
		"the Job runs": {
			of: of, changes: []func(*inputs.Inputs){extensionsEnded("", 0, "")},
			want: &condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true, Message: condition.Message{Object: object("Job", job), Cause: "is creating the extensions in database.extensions"}}},
		"they exist": {of: of, changes: []func(*inputs.Inputs){extensionsEnded(batchv1.JobComplete, 0, "")}},
		"the image lacks one": {
			of: of, changes: []func(*inputs.Inputs){extensionsEnded(batchv1.JobFailed, engine.ExitExtensionsLacking, "postgis\n")},
			want: failed("the database's image does not contain postgis", "set database.image to an image that contains it, or remove it from database.extensions")},
		"they failed before the server was replaced": {
			of: of, changes: []func(*inputs.Inputs){extensionsEnded(batchv1.JobFailed, 3, "out of memory"), replacedServer}, want: soon},
		"the next try waits for the database": {
			of: of, changes: []func(*inputs.Inputs){extensionsEnded("", 0, ""), func(in *inputs.Inputs) { in.Jobs[0].Spec.Suspend = ptr.To(true) }}, want: soon},
		"another fault": {
			of: of, changes: []func(*inputs.Inputs){extensionsEnded(batchv1.JobFailed, 3, "must be loaded via shared_preload_libraries")},
			want: failed("could not be created: must be loaded via shared_preload_libraries", `correct database.extensions, or delete Job "`+job+`" to retry`)},
	})
}

// TestExtensionsWait checks that the migration waits for the extensions.
func TestExtensionsWait(t *testing.T) {
	if waits := migrationWaits(builtCase(t, "cases/extensions")); waits == nil || waits.Cause != "the extensions of the database" {
		t.Errorf("the migration waits for %v, want the extensions", waits)
	}
	if waits := migrationWaits(builtCase(t, "cases/extensions", extensionsEnded(batchv1.JobComplete, 0, ""))); waits != nil {
		t.Errorf("the migration waits for %v after the extensions were created", waits)
	}
}

// TestExtensionsJobName checks what creates the extensions again.
func TestExtensionsJobName(t *testing.T) {
	of := func(change func(*inputs.Inputs)) string {
		return extensionsJobName(builtCase(t, "cases/extensions", change))
	}
	first := of(func(*inputs.Inputs) {})
	for name, tc := range map[string]struct {
		change func(*inputs.Inputs)
		again  bool
	}{
		"another list":   {func(in *inputs.Inputs) { in.Microservice.Spec.Database.Extensions = []v1alpha1.ExtensionName{"hstore"} }, true},
		"another image":  {func(in *inputs.Inputs) { in.Microservice.Spec.Database.Image = "example.com/postgis:18" }, true},
		"another volume": {func(in *inputs.Inputs) { in.DatabaseState.Claim.UID = "uid-of-another" }, true},
		"another parameters": {func(in *inputs.Inputs) {
			in.Microservice.Spec.Database.Parameters = map[string]v1alpha1.ParameterValue{"jit": "off"}
		}, false},
	} {
		if again := of(tc.change) != first; again != tc.again {
			t.Errorf("%s: another Job is %t, want %t", name, again, tc.again)
		}
	}
}

// TestExtensionsScript runs the Job with a server that has the extensions, or lacks some.
func TestExtensionsScript(t *testing.T) {
	for name, tc := range map[string]struct {
		lacking, env         string
		want                 bool
		wantReport, wantTold string
	}{
		"they are available":         {want: true, wantTold: "CREATE EXTENSION IF NOT EXISTS"},
		"one is not":                 {lacking: "postgis\n", wantReport: "postgis\n"},
		"the server refuses one":     {env: "FAKE_REFUSED=CREATE EXTENSION", wantTold: "CREATE EXTENSION IF NOT EXISTS"},
		"the server does not answer": {env: "FAKE_DOWN=1"},
	} {
		t.Run(name, func(t *testing.T) {
			m := enginetest.NewMachine(t)
			m.Write(tc.lacking, "lacking")
			job := planOf(t, v1alpha1.EnginePostgreSQL).ExtensionsJob("x", []string{"postgis", "pg_trgm"}, nil)
			output, succeeded := m.Run(&job.Spec.Template.Spec.Containers[0], tc.env)
			if succeeded != tc.want || m.Read("report") != tc.wantReport {
				t.Errorf("succeeded is %t with report %q, want %t with %q; output:\n%s", succeeded, m.Read("report"), tc.want, tc.wantReport, output)
			}
			if told := m.Read("told"); !strings.Contains(told, tc.wantTold) || tc.wantTold == "" && told != "" {
				t.Errorf("the server was told\n%s\nwant %q", told, tc.wantTold)
			}
		})
	}
}
