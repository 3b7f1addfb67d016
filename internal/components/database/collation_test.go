// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/engine/enginetest"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

const floatingTag = "cases/volume-of-a-floating-tag"

// checked adds the Job of the check, with the last exit of its container.
func checked(exitCode int32, message string) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) {
		name := collationJobName(Of(in))
		labels := map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentCollation}
		in.Jobs = append(in.Jobs, &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
		pod := inputstest.WaitingPod(v1alpha1.ComponentCollation, "CrashLoopBackOff", "back-off")
		inputstest.OfJob(&pod, name)
		pod.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: message}
		in.Pods = append(in.Pods, pod)
	}
}

// imageRuns sets the digest of the image that the server runs.
func imageRuns(digest string) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) { in.Pods[0].Status.ContainerStatuses[0].ImageID = digest }
}

// TestCollationHealth checks the report of a changed C library.
func TestCollationHealth(t *testing.T) {
	changed := &condition.Health{Reason: v1alpha1.ReasonCollationChanged, Message: condition.Message{
		Object: object("StatefulSet", "orders-db"),
		Cause:  "runs with another C library than the one that sorted the text indexes of orders, template1, which may give wrong results",
		Remedy: "in each of these databases, run REINDEX DATABASE and ALTER DATABASE ... REFRESH COLLATION VERSION as user postgres"}}
	done := func(in *inputs.Inputs) {
		in.Jobs[len(in.Jobs)-1].Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	}
	checkHealth(t, CollationHealth, map[string]healthCase{
		"a volume with a recorded base":        {of: "database-postgresql-builtin-retain"},
		"an engine with collations of its own": {of: "database-mariadb-builtin-retain"},
		"no database":                          {of: "defaults"},
		"it was not asked yet":                 {of: floatingTag},
		"the server does not answer":           {of: floatingTag, changes: []func(*inputs.Inputs){checked(2, "connection refused")}},
		"it changed":                           {of: floatingTag, changes: []func(*inputs.Inputs){checked(engine.ExitCollationChanged, "orders, template1\n")}, want: changed},
		"the server is being replaced": {
			of: floatingTag, changes: []func(*inputs.Inputs){checked(engine.ExitCollationChanged, "orders, template1\n"), imageRuns("")}, want: changed},
		"another image runs by now": {
			of: floatingTag, changes: []func(*inputs.Inputs){checked(engine.ExitCollationChanged, "orders, template1\n"), imageRuns("sha256:4567")}},
		"a suspended service": {
			of: floatingTag, changes: []func(*inputs.Inputs){checked(engine.ExitCollationChanged, "orders, template1\n"), func(in *inputs.Inputs) { inputstest.Suspended(in.Microservice) }}},
		"the indexes were rebuilt": {
			of: floatingTag, changes: []func(*inputs.Inputs){checked(engine.ExitCollationChanged, "orders, template1\n"), done},
			want: &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.Say("Text indexes have the order of the database's C library")}},
	})
}

// TestCollationJobs checks for which images the server is asked.
func TestCollationJobs(t *testing.T) {
	own := func(in *inputs.Inputs) { in.Microservice.Spec.Database.Image = "example.com/postgis:17" }
	recorded := func(in *inputs.Inputs) {
		for _, o := range []*corev1.PersistentVolumeClaim{in.DatabaseState.Claim, in.DatabaseState.ClaimTemplate} {
			o.Annotations = map[string]string{inputs.AnnotationBase: "trixie"}
		}
	}
	annotated := func(in *inputs.Inputs) {
		in.DatabaseState.Claim.Annotations = map[string]string{inputs.AnnotationBase: "bookworm"}
	}
	for name, tc := range map[string]struct {
		changes []func(*inputs.Inputs)
		want    int
	}{
		"a tag that moves":                         {want: 1},
		"a base since the volume was created":      {changes: []func(*inputs.Inputs){recorded}},
		"a base that the user recorded afterwards": {changes: []func(*inputs.Inputs){annotated}, want: 1},
		"an image of the user's":                   {changes: []func(*inputs.Inputs){recorded, own}, want: 1},
		"an image that was checked":                {changes: []func(*inputs.Inputs){checked(0, "")}, want: 1},
		"an unknown image, and none was checked":   {changes: []func(*inputs.Inputs){imageRuns("")}},
		"an unknown image after one that was":      {changes: []func(*inputs.Inputs){checked(0, ""), imageRuns("")}, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			jobs, err := CollationJobs(builtCase(t, floatingTag, tc.changes...))
			if err != nil {
				t.Fatal(err)
			}
			if len(jobs) != tc.want {
				t.Errorf("%d Jobs, want %d", len(jobs), tc.want)
			}
		})
	}
}

// TestCollationScript runs the check with a server that names databases, or none.
func TestCollationScript(t *testing.T) {
	for name, tc := range map[string]struct {
		changed, env string
		want         bool
		wantReport   string
	}{
		"nothing changed":            {want: true},
		"databases changed":          {changed: "orders, template1\n", wantReport: "orders, template1\n"},
		"the server does not answer": {env: "FAKE_DOWN=1"},
	} {
		t.Run(name, func(t *testing.T) {
			m := enginetest.NewMachine(t)
			m.Write(tc.changed, "collations")
			job := planOf(t, v1alpha1.EnginePostgreSQL).CollationJob("x", nil)
			output, succeeded := m.Run(&job.Spec.Template.Spec.Containers[0], tc.env)
			if succeeded != tc.want || m.Read("report") != tc.wantReport {
				t.Errorf("succeeded is %t with report %q, want %t with %q; output:\n%s", succeeded, m.Read("report"), tc.want, tc.wantReport, output)
			}
		})
	}
}
