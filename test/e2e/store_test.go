//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
)

const (
	// backupClaim is the claim that holds the backups.
	backupClaim = "backups"
	// bucketName and bucketFolder locate the backups in S3.
	bucketName, bucketFolder = "e2e-backups", "every/engine"
	// bucketSecret is the Secret with the bucket's access key.
	bucketSecret = "bucket-key"
	bucketKeyID  = "e2e"
	bucketKey    = "not-much-of-a-secret"
)

// backupStore is a volume and an S3 server that exposes the folders of the volume
// as buckets.
type backupStore struct{ ns string }

func createStore(ctx context.Context, ns string) *backupStore {
	GinkgoHelper()
	claim := &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
	}}
	claim.Namespace, claim.Name = ns, backupClaim
	Expect(k8s.Create(ctx, claim)).To(Succeed())
	s := &backupStore{ns}
	s.setKey(ctx, bucketKey)

	// The server runs as the user that the engines write backups with.
	const overlay = `{"spec": {
		"securityContext": {"runAsUser": 999, "runAsGroup": 999, "fsGroup": 999},
		"containers": [{"name": "store", "volumeMounts": [{"name": "backups", "mountPath": "/backups"}]}],
		"volumes": [{"name": "backups", "persistentVolumeClaim": {"claimName": "` + backupClaim + `"}}]
	}}`
	ms := &v1alpha1.Microservice{Spec: v1alpha1.MicroserviceSpec{
		Image:       "docker.io/rclone/rclone:1.76",
		Command:     []string{"/bin/sh", "-c", `mkdir -p "/backups/` + bucketName + `" && exec rclone serve s3 --auth-key "$0" --addr :9000 /backups`},
		Args:        []string{bucketKeyID + "," + bucketKey},
		Env:         []corev1.EnvVar{{Name: "HOME", Value: "/tmp"}},
		Ports:       []v1alpha1.Port{{Name: "s3", Port: 9000, Protocol: v1alpha1.ProtocolTCP}},
		Scaling:     &v1alpha1.Scaling{Replicas: ptr.To[int32](1)},
		PodTemplate: &runtime.RawExtension{Raw: []byte(overlay)},
	}}
	ms.Namespace, ms.Name = ns, "store"
	Expect(k8s.Create(ctx, ms)).To(Succeed())
	eventuallyReady(ctx, ms)
	return s
}

// setKey writes the access key that backups use; a test may write a wrong one.
func (s *backupStore) setKey(ctx context.Context, key string) {
	GinkgoHelper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: bucketSecret}}
	_, err := controllerutil.CreateOrUpdate(ctx, k8s, secret, func() error {
		secret.Data = map[string][]byte{database.KeyAccessKeyID: []byte(bucketKeyID), database.KeySecretAccessKey: []byte(key)}
		return nil
	})
	Expect(err).NotTo(HaveOccurred())
}

// volumeLocation returns the backup location of the volume.
func (*backupStore) volumeLocation() v1alpha1.BackupLocation {
	return v1alpha1.BackupLocation{PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: backupClaim}}
}

// bucketLocation returns the backup location of the bucket.
func (s *backupStore) bucketLocation() v1alpha1.BackupLocation {
	return v1alpha1.BackupLocation{S3: &v1alpha1.S3Location{
		Bucket: bucketName, Prefix: bucketFolder, Endpoint: "http://store." + s.ns + ".svc:9000", SecretName: bucketSecret,
	}}
}

// backupNames returns the names of a service's backups, oldest first.
func (s *backupStore) backupNames(ctx context.Context, b *backupService) []string {
	GinkgoHelper()
	return slices.Sorted(maps.Keys(s.backupSizes(ctx, b)))
}

// backupSize returns the size of one backup in bytes.
func (s *backupStore) backupSize(ctx context.Context, b *backupService, name string) int64 {
	GinkgoHelper()
	sizes := s.backupSizes(ctx, b)
	Expect(sizes).To(HaveKey(name))
	return sizes[name]
}

// backupSizes returns the sizes of a service's backups by name, without the checksum
// files.
func (s *backupStore) backupSizes(ctx context.Context, b *backupService) map[string]int64 {
	GinkgoHelper()
	folder := "/backups"
	if b.usesBucket() {
		folder = path.Join(folder, bucketName, bucketFolder, b.spec.Namespace)
	}
	out, err := kubectl(ctx, "-n", s.ns, "exec", "deploy/store", "--",
		"rclone", "lsf", "--files-only", "--exclude=*.sha256", "--format=ps", "--separator= ", path.Join(folder, b.name()))
	Expect(err).NotTo(HaveOccurred())
	sizes := map[string]int64{}
	for line := range strings.Lines(out) {
		name, size, _ := strings.Cut(strings.TrimSpace(line), " ")
		bytes, err := strconv.ParseInt(size, 10, 64)
		Expect(err).NotTo(HaveOccurred(), out)
		sizes[name] = bytes
	}
	return sizes
}
