// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"path"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
)

// Keys of the Secret of an S3Location.
const (
	KeyAccessKeyID     = "accessKeyId"
	KeySecretAccessKey = "secretAccessKey"
)

// RcloneImage is the default image that copies backups to and from buckets. It has
// rclone and sh.
const RcloneImage = "docker.io/rclone/rclone:1.76"

// place is a location as a pod sees it: a folder /backup/<service>, which is the
// location itself or a copy of it.
type place struct {
	env    []corev1.EnvVar
	volume corev1.Volume
	bucket bool
	// readOnly means that the pod does not write to the location.
	readOnly bool
	secrets  *v1alpha1.S3Location
}

func (p *Plan) locate(location *v1alpha1.BackupLocation, namespace, service string) place {
	if claim := location.PersistentVolumeClaim; claim != nil {
		return place{
			env: []corev1.EnvVar{{Name: "ATOLL_SERVICE", Value: service}, {Name: "ATOLL_LOCATION", Value: "pvc://" + claim.ClaimName + "/" + service}},
			volume: corev1.Volume{Name: "backup", VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.ClaimName},
			}},
		}
	}
	folder := bucketPath(location.S3, namespace) + "/" + service
	return place{
		env: []corev1.EnvVar{
			{Name: "ATOLL_SERVICE", Value: service}, {Name: "ATOLL_LOCATION", Value: "s3://" + folder}, {Name: "ATOLL_PATH", Value: folder},
		},
		volume:  p.staging(location.S3.Staging),
		bucket:  true,
		secrets: location.S3,
	}
}

// staging returns the volume that holds a dump between the database and a bucket. On the
// node's disk it is limited, so that the kubelet evicts this pod and no other one. A dump is
// compressed. One of MariaDB can still be larger than its data, if that does not compress.
func (p *Plan) staging(s *v1alpha1.StagingStorage) corev1.Volume {
	if s == nil {
		volume := engine.EmptyDir("backup", corev1.StorageMediumDefault)
		limit := p.Size.DeepCopy()
		limit.Add(p.Size)
		volume.EmptyDir.SizeLimit = &limit
		return volume
	}
	claim := corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}}
	if size, err := resource.ParseQuantity(s.Size); err == nil {
		claim.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: size}
	}
	if s.StorageClassName != "" {
		claim.StorageClassName = &s.StorageClassName
	}
	return corev1.Volume{Name: "backup", VolumeSource: corev1.VolumeSource{
		Ephemeral: &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{Spec: claim}},
	}}
}

// bucketPath returns the bucket and the folder of a namespace in it. In a shared
// folder, services of the same name in two namespaces would delete each other's
// backups.
func bucketPath(s3 *v1alpha1.S3Location, namespace string) string {
	return path.Join(s3.Bucket, s3.Prefix, namespace)
}

func (l *place) mount(c corev1.Container) corev1.Container {
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "backup", MountPath: "/backup", ReadOnly: l.readOnly})
	return c
}

// attach adds the volume of the location to a pod.
func (l *place) attach(pod *corev1.PodSpec) { pod.Volumes = append(pod.Volumes, l.volume) }

// rclone returns a container that reads or writes the bucket. Its configuration is
// in the environment (https://rclone.org/docs/#config-file).
func (l *place) rclone(name, script string, env []corev1.EnvVar, rcloneImage string) corev1.Container {
	own := make([]corev1.EnvVar, 0, len(env)+10)
	for i := range env {
		// It does not need the database's users.
		if env[i].ValueFrom == nil {
			own = append(own, env[i])
		}
	}
	set := func(key, value string) {
		own = append(own, corev1.EnvVar{Name: "RCLONE_CONFIG_STORE_" + key, Value: value})
	}
	own = append(own, corev1.EnvVar{Name: "RCLONE_CONFIG", Value: "/tmp/rclone.conf"})
	set("TYPE", "s3")
	set("PROVIDER", "AWS")
	if l.secrets.Endpoint != "" {
		own[len(own)-1].Value = "Other"
		set("ENDPOINT", l.secrets.Endpoint)
	}
	region := l.secrets.Region
	if region == "" {
		region = defaultRegion
	}
	set("REGION", region)
	// A key that may write to a bucket need not have the right to look it up.
	set("NO_CHECK_BUCKET", "true")
	if l.secrets.SecretName != "" {
		own = append(own,
			engine.SecretEnv("RCLONE_CONFIG_STORE_ACCESS_KEY_ID", l.secrets.SecretName, KeyAccessKeyID),
			engine.SecretEnv("RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY", l.secrets.SecretName, KeySecretAccessKey))
	} else {
		set("ENV_AUTH", "true")
	}
	return l.mount(corev1.Container{
		Name:                     name,
		Image:                    rcloneImage,
		Command:                  []string{"/bin/sh", "-c", "set -eu\n" + script},
		Env:                      own,
		Resources:                operationResources(),
		SecurityContext:          engine.Restricted(),
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		VolumeMounts:             []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}},
	})
}

const defaultRegion = "us-east-1"
