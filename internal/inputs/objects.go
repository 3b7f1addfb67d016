// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"errors"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// addObjects picks the live objects that builders look at.
func addObjects(in *Inputs, source Source) error {
	ms := in.Microservice
	find := func(kind, name string) (kube.Object, error) {
		objects, err := source.Objects(ms, kind)
		at := slices.IndexFunc(objects, func(o kube.Object) bool { return o.GetName() == name })
		if err != nil || at < 0 {
			return nil, err
		}
		return objects[at], nil
	}
	var errs []error
	pick := func(kind, name string, use func(kube.Object)) {
		o, err := find(kind, name)
		if errs = append(errs, err); o != nil {
			use(o)
		}
	}
	database := names.Database(ms.Name)
	pick("ServiceAccount", ms.Name, func(o kube.Object) { in.OwnServiceAccount = metav1.IsControlledBy(o, ms) })
	pick("Deployment", ms.Name, func(o kube.Object) { in.Deployment = o.(*appsv1.Deployment) })
	pick("Service", ms.Name, func(o kube.Object) { in.Service = o.(*corev1.Service) })
	pick("NetworkPolicy", ms.Name, func(o kube.Object) { in.addPolicy(v1alpha1.ComponentService, o) })
	pick("NetworkPolicy", database, func(o kube.Object) { in.addPolicy(v1alpha1.ComponentDatabase, o) })
	pick("StatefulSet", database, func(o kube.Object) { in.StatefulSet = o.(*appsv1.StatefulSet) })
	pick("PersistentVolumeClaim", names.DatabaseClaim(ms.Name), func(o kube.Object) { in.DatabaseState.Claim = o.(*corev1.PersistentVolumeClaim) })
	pick("ObjectStore", database, func(o kube.Object) { in.ObjectStore = o.(*unstructured.Unstructured) })
	if spec := ms.Spec.Database; spec != nil && spec.Provider == v1alpha1.ProviderCloudNativePG {
		// A Cluster that another provider left behind is another database, as is a claim.
		in.DatabaseState.Claim = nil
		pick("Cluster", database, func(o kube.Object) { in.DatabaseState.Cluster = o.(*unstructured.Unstructured) })
	}
	for _, kind := range []string{"CronJob", "ScheduledBackup"} {
		pick(kind, names.Backup(ms.Name), func(o kube.Object) { in.BackupSince = o.GetCreationTimestamp() })
	}
	if set := in.StatefulSet; set != nil && len(set.Spec.VolumeClaimTemplates) == 1 {
		in.DatabaseState.ClaimTemplate = &set.Spec.VolumeClaimTemplates[0]
	}
	if len(ms.Spec.Routes) > 0 {
		for _, kind := range []string{"HTTPRoute", "GRPCRoute"} {
			routes, err := source.Objects(ms, kind)
			errs = append(errs, err)
			in.RoutesBehind = in.RoutesBehind || slices.ContainsFunc(routes, func(o kube.Object) bool { return isBehind(ms, o) })
		}
	}
	jobs, err := source.Objects(ms, "Job")
	errs = append(errs, err)
	schedules, err := source.Objects(ms, "CronJob")
	errs = append(errs, err)
	for _, o := range jobs {
		if ownsJob(ms, schedules, o) {
			in.Jobs = append(in.Jobs, o.(*batchv1.Job))
		}
	}
	pods, err := source.Objects(ms, "Pod")
	errs = append(errs, err)
	for _, o := range pods {
		in.Pods = append(in.Pods, *o.(*corev1.Pod))
	}
	return errors.Join(errs...)
}

// ownsJob reports whether a Job was created for a Microservice, by Atoll or by the CronJob of
// its backups. A label alone does not count, because tools copy labels. A Microservice of a file
// has no UID, and counts as the owner.
func ownsJob(ms *v1alpha1.Microservice, schedules []kube.Object, job metav1.Object) bool {
	return ms.UID == "" || metav1.IsControlledBy(job, ms) || slices.ContainsFunc(schedules, func(schedule kube.Object) bool {
		return metav1.IsControlledBy(schedule, ms) && metav1.IsControlledBy(job, schedule)
	})
}
