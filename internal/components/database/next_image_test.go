// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// TestNextImage checks that a server which works stays until its next image is pulled.
func TestNextImage(t *testing.T) {
	const present, next = "docker.io/library/postgres:17-trixie", "docker.io/library/postgres:17.99-trixie"
	spec := func(version string) *v1alpha1.Microservice {
		return inputstest.Orders(func(ms *v1alpha1.Microservice) {
			ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Version: version, Parameters: map[string]v1alpha1.ParameterValue{"max_connections": "50"}}
		})
	}
	server := func(ready corev1.ConditionStatus) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			pod := corev1.Pod{}
			pod.Labels = map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentDatabase}
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
			in.Pods = append(in.Pods, pod)
		}
	}
	job := func(ended batchv1.JobConditionType) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			job := &batchv1.Job{}
			job.Name = imageJobName(&Database{Inputs: in}, next)
			if ended != "" {
				job.Status.Conditions = []batchv1.JobCondition{{Type: ended, Status: corev1.ConditionTrue}}
			}
			in.Jobs = append(in.Jobs, job)
		}
	}
	pulling := func(in *inputs.Inputs) { stuck(in.Jobs[0].Name, v1alpha1.ComponentImage)(in) }
	rewritten := func(in *inputs.Inputs) {
		in.StatefulSet.Spec.Template.Spec.Containers[0].Image = "mirror.example.com/postgres:17-trixie"
	}
	for name, tc := range map[string]struct {
		version string
		changes []func(*inputs.Inputs)
		// wantServer and wantOthers are the images of the server and of Jobs and backups.
		wantServer, wantOthers string
		// wantJob says that the Job of the pull is there, and wantBusy that no other may begin.
		wantJob, wantBusy bool
		wantHealth        string
	}{
		"no change":                        {"17", []func(*inputs.Inputs){server("True")}, present, present, false, false, ""},
		"an image that a policy put there": {"17", []func(*inputs.Inputs){server("True"), rewritten}, present, present, false, false, ""},
		"another version": {"17.99", []func(*inputs.Inputs){server("True")}, present, present, true, true,
			`Progressing: Image "` + next + `" is pulled before the server is replaced`},
		"it is being pulled": {"17.99", []func(*inputs.Inputs){server("True"), job("")}, present, present, true, true,
			`Progressing: Image "` + next + `" is pulled before the server is replaced`},
		"it does not exist": {"17.99", []func(*inputs.Inputs){server("True"), job(""), pulling}, present, present, true, false,
			`ImagePullFailed: Image "orders:1" of container "orders" cannot be pulled: the registry does not have it; the database goes on with its present image; to fix: correct database.version or database.image, or push the image`},
		"it can't be run": {"17.99", []func(*inputs.Inputs){server("True"), job(batchv1.JobFailed)}, present, present, true, false, "ContainerConfigInvalid"},
		"it was pulled":   {"17.99", []func(*inputs.Inputs){server("True"), job(batchv1.JobComplete)}, next, next, true, true, ""},
		"the server stops while an image is missing": {"17.99", []func(*inputs.Inputs){server("False"), job(""), pulling}, present, present, true, false,
			`ImagePullFailed: Image "orders:1" of container "orders" cannot be pulled: the registry does not have it; the database goes on with its present image; to fix: correct database.version or database.image, or push the image`},
		"the server does not work": {"17.99", []func(*inputs.Inputs){server("False")}, next, next, false, true, ""},
		"there is no server yet":   {"17.99", []func(*inputs.Inputs){func(in *inputs.Inputs) { in.StatefulSet = nil }}, next, next, false, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := &inputs.Inputs{Microservice: spec("17")}
			live := &appsv1.StatefulSet{}
			live.Spec.Template.Spec = Of(in).Plan.Engine.PodSpec(Of(in).Plan.server())
			markServer(Of(in), live)
			in.StatefulSet, in.Microservice = live, spec(tc.version)
			for _, change := range tc.changes {
				change(in)
			}
			db := Of(in)
			set := db.Plan.StatefulSet(in.StatefulSet, map[string]string{}, map[string]string{})
			set.Spec.UpdateStrategy = updateStrategy(db)
			markServer(db, set)
			if got := set.Annotations[annotationServerImage]; got != tc.wantServer || db.Plan.Image != tc.wantOthers {
				t.Errorf("the server has image %s and Jobs %s, want %s and %s", got, db.Plan.Image, tc.wantServer, tc.wantOthers)
			}
			jobs, err := ImageJobs(db)
			if err != nil || len(jobs) == 1 != tc.wantJob {
				t.Fatalf("%d Jobs pull the image: %v", len(jobs), err)
			}
			if tc.wantJob && len(in.Jobs) == 0 {
				if image := jobs[0].(*batchv1.Job).Spec.Template.Spec.Containers[0].Image; image != next {
					t.Errorf("the Job pulls %s, want %s", image, next)
				}
			}
			if busy := restarts(db); busy != tc.wantBusy {
				t.Errorf("the server is about to restart: %t, want %t", busy, tc.wantBusy)
			}
			got := ""
			if h := ImageHealth(db); h != nil {
				if got = h.Reason; got != v1alpha1.ReasonContainerConfigInvalid {
					got += ": " + h.Message.String()
				}
			}
			if got != tc.wantHealth {
				t.Errorf("the health is\n%s\nwant\n%s", got, tc.wantHealth)
			}
		})
	}
}
