//go:build e2e

/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

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
	// backupClaim is the volume of the backups.
	backupClaim = "backups"
	// bucketName and bucketFolder are where the backups are in the bucket.
	bucketName, bucketFolder = "e2e-backups", "every/engine"
	// bucketSecret has the key to the bucket.
	bucketSecret = "bucket-key"
	bucketKeyID  = "e2e"
	bucketKey    = "not-much-of-a-secret"
)

// store is a volume, and a server that has the same volume as buckets: a folder
// of it is a bucket.
type store struct{ ns string }

func makeStore(ctx context.Context, ns string) *store {
	GinkgoHelper()
	claim := &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
	}}
	claim.Namespace, claim.Name = ns, backupClaim
	Expect(k8s.Create(ctx, claim)).To(Succeed())
	s := &store{ns}
	s.setKey(ctx, bucketKey)

	// It reads what the engines' users write.
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

// setKey writes the key that backups use, which may be a wrong one.
func (s *store) setKey(ctx context.Context, key string) {
	GinkgoHelper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: bucketSecret}}
	_, err := controllerutil.CreateOrUpdate(ctx, k8s, secret, func() error {
		secret.Data = map[string][]byte{database.KeyAccessKeyID: []byte(bucketKeyID), database.KeySecretAccessKey: []byte(key)}
		return nil
	})
	Expect(err).NotTo(HaveOccurred())
}

// volume is the store as a volume, bucket as a bucket.
func (*store) volume() v1alpha1.BackupLocation {
	return v1alpha1.BackupLocation{PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: backupClaim}}
}

func (s *store) bucket() v1alpha1.BackupLocation {
	return v1alpha1.BackupLocation{S3: &v1alpha1.S3Location{
		Bucket: bucketName, Prefix: bucketFolder, Endpoint: "http://store." + s.ns + ".svc:9000", SecretName: bucketSecret,
	}}
}

// names are those of a service's backups, oldest first.
func (s *store) names(ctx context.Context, b *backedUp) []string {
	GinkgoHelper()
	found := s.list(ctx, b)
	return slices.Sorted(maps.Keys(found))
}

// size is a backup's.
func (s *store) size(ctx context.Context, b *backedUp, name string) int64 {
	GinkgoHelper()
	found := s.list(ctx, b)
	Expect(found).To(HaveKey(name))
	return found[name]
}

// list is what is in a service's folder, without the checksums.
func (s *store) list(ctx context.Context, b *backedUp) map[string]int64 {
	GinkgoHelper()
	folder := "/backups"
	if b.inBucket() {
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
