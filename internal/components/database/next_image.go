// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// annotationServerImage is the annotation of a StatefulSet with the image that Atoll
// declared for its server. An admission policy may have put another one there.
const annotationServerImage = "atoll.dev/server-image"

// imageSeconds is the time in which a node must pull the next image.
const imageSeconds = 30 * 60

// serverImage returns the image that was declared for the live server; empty if there is no
// server.
func serverImage(db *Database) string {
	if db.StatefulSet == nil {
		return ""
	}
	if declared := db.StatefulSet.Annotations[annotationServerImage]; declared != "" {
		return declared
	}
	live := db.StatefulSet.Spec.Template.Spec.Containers
	if at := slices.IndexFunc(live, func(c corev1.Container) bool { return c.Name == engine.ContainerName }); at >= 0 {
		return live[at].Image
	}
	return ""
}

// holdImage keeps a ready server on its image until the next image is pulled. A StatefulSet
// deletes its pod before the kubelet pulls the image of the next pod. So a version that does
// not exist would stop the database.
func holdImage(db *Database) {
	p, current := db.Plan, serverImage(db)
	if current == "" || current == p.Image || db.Suspended() {
		return
	}
	// A server that is not ready gets every change at once, unless a Job already pulls the next
	// image: the server may have stopped since.
	if job := db.Job(imageJobName(db, p.Image)); job == nil && !serverReady(db) || db.JobWorkDone(job) {
		return
	}
	p.Image, p.NextImage = current, p.Image
}

// AwaitsImage reports whether the server keeps its image until the next one is pulled.
func AwaitsImage(db *Database) bool { return db.Plan != nil && db.Plan.NextImage != "" }

func imageJobName(db *Database, image string) string {
	return names.Image(db.Microservice, image+string(db.StatefulSet.UID))
}

// ImageJobs returns the Job that pulls the image of the next server.
func ImageJobs(db *Database) ([]kube.Object, error) {
	if db.Plan == nil || db.StatefulSet == nil {
		return nil, nil
	}
	wanted := db.Plan.Image
	if AwaitsImage(db) {
		wanted = db.Plan.NextImage
	}
	name := imageJobName(db, wanted)
	switch job := db.Job(name); {
	case serverImage(db) == wanted:
		return nil, nil
	case job != nil:
		return kube.One(inputs.Kept(job))
	case !AwaitsImage(db):
		return nil, nil
	}
	return kube.One(db.Plan.ImageJob(name, names.Labels(db.Microservice, v1alpha1.ComponentImage)))
}

// ImageJob runs the next image, and nothing in it but the shell that the server's scripts
// need.
func (p *Plan) ImageJob(name string, labels map[string]string) *batchv1.Job {
	next := *p
	next.Image = p.NextImage
	job := next.job(name, labels, next.operationPod(next.operation("image", "exit 0", nil)), tries-1)
	// Other Jobs wait for its end, also where a quota refuses its pod.
	job.Spec.ActiveDeadlineSeconds = ptr.To[int64](imageSeconds)
	return job
}

// markServer records in annotations of a StatefulSet what Atoll declares for the server. While
// the server awaits its next image, its pod template does not change.
func markServer(db *Database, set *appsv1.StatefulSet) {
	set.Annotations = map[string]string{annotationServerHash: serverHash(db.Plan.serverContainer()), annotationServerImage: db.Plan.Image}
	if !AwaitsImage(db) {
		return
	}
	set.Spec.Template = *db.StatefulSet.Spec.Template.DeepCopy()
	set.Spec.UpdateStrategy.RollingUpdate.Partition = ptr.To[int32](1)
	if hash := db.StatefulSet.Annotations[annotationServerHash]; hash != "" {
		set.Annotations[annotationServerHash] = hash
	} else {
		delete(set.Annotations, annotationServerHash)
	}
}

// imageFailed reports whether the next image can't be pulled or run. The server then keeps its
// image until the spec changes, or the registry has the next image.
func imageFailed(db *Database) bool {
	job := db.Job(imageJobName(db, db.Plan.NextImage))
	return job != nil && (inputs.JobFailed(job) || jobFailure(db, v1alpha1.ComponentImage) != nil)
}

// ImageHealth reports the pull of the next image; nil if the server awaits none.
func ImageHealth(db *Database) *condition.Health {
	if !AwaitsImage(db) {
		return nil
	}
	const stays = "; the database goes on with its present image"
	name := imageJobName(db, db.Plan.NextImage)
	if h := jobFailure(db, v1alpha1.ComponentImage); h != nil {
		h.Message.Cause += stays
		return h
	}
	if job := db.Job(name); job != nil && inputs.JobFailed(job) {
		return &condition.Health{Reason: v1alpha1.ReasonContainerConfigInvalid, Stalled: true, Message: condition.Message{Object: object("Job", name),
			Cause:  imageFailure(db, job) + stays,
			Remedy: "correct database.version or database.image, or delete the Job to try again"}}
	}
	h := waiting(v1alpha1.ReasonProgressing, condition.Say("Image %q is pulled before the server is replaced", db.Plan.NextImage))
	return &h
}

func imageFailure(db *Database, job *batchv1.Job) string {
	if exceeded(job) {
		return fmt.Sprintf("could not pull image %q: it %s", db.Plan.NextImage, limitOf(job))
	}
	return fmt.Sprintf("could not run image %q: %s", db.Plan.NextImage, inputs.Failure(db.Inputs, job.Name))
}
