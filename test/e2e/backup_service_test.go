//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"path"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/names"
)

// backupService is a notes service that keeps two backups.
type backupService struct {
	*notesService
	store *backupStore
	// jobCount is the number of backup Jobs that the test created.
	jobCount int
	// completed holds the completed backups, oldest first.
	completed []completedBackup
}

// completedBackup is a backup and the notes that it must hold.
type completedBackup struct {
	name  string
	notes map[string]string
}

// newBackupServices describes one service for each engine.
func newBackupServices(s *backupStore, suffix string, destination v1alpha1.BackupLocation) []*backupService {
	all := make([]*backupService, len(engines))
	for i, n := range onePerEngine(s.ns, "-"+suffix) {
		n.spec.Spec.Database.Backup = &v1alpha1.DatabaseBackup{Schedule: "@yearly", Keep: ptr.To[int32](2), Destination: destination}
		n.spec.Spec.Scaling = &v1alpha1.Scaling{Replicas: ptr.To[int32](1)}
		all[i] = &backupService{notesService: n, store: s}
	}
	return all
}

func (b *backupService) usesBucket() bool { return b.spec.Spec.Database.Backup.Destination.S3 != nil }

// source returns the named backup of the service; an empty name means the newest.
func (b *backupService) restoreSource(name string) v1alpha1.RestoreSource {
	destination := &b.spec.Spec.Database.Backup.Destination
	return v1alpha1.RestoreSource{PersistentVolumeClaim: destination.PersistentVolumeClaim, S3: destination.S3, Backup: name}
}

// startBackup starts a backup with the command that a user would run.
func (b *backupService) startBackup(ctx context.Context) {
	GinkgoHelper()
	b.jobCount++
	cronJob := names.Backup(b.name())
	_, err := kubectl(ctx, "-n", b.spec.Namespace, "create", "job", "--from=cronjob/"+cronJob, fmt.Sprintf("%s-%d", cronJob, b.jobCount))
	Expect(err).NotTo(HaveOccurred())
}

// backUp starts a backup and waits until the status reports it.
func (b *backupService) backUp(ctx context.Context) {
	GinkgoHelper()
	begin := time.Now().Truncate(time.Second)
	b.mu.Lock()
	notes := maps.Clone(b.written)
	b.mu.Unlock()
	b.startBackup(ctx)

	var last *v1alpha1.BackupStatus
	Eventually(ctx, func(g Gomega) {
		ms := b.key()
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms)).To(Succeed())
		last = ms.Status.Database.LastBackup
		g.Expect(last).NotTo(BeNil())
		g.Expect(last.Time.Time).To(BeTemporally(">=", begin))
	}).Should(Succeed(), b.name())
	eventuallyHas(ctx, b.key(), v1alpha1.ConditionBackupReady, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)

	folder, name := path.Split(last.Location)
	Expect(folder).To(Equal(b.location()))
	Expect(last.Size).To(Equal(b.store.backupSize(ctx, b, name)), b.name())
	Expect(last.Time.Time).To(BeTemporally("<=", time.Now()))
	b.completed = append(b.completed, completedBackup{name, notes})
}

// location returns the folder of the service's backups as the status reports it.
func (b *backupService) location() string {
	if b.usesBucket() {
		return fmt.Sprintf("s3://%s/%s/%s/%s/", bucketName, bucketFolder, b.spec.Namespace, b.name())
	}
	return fmt.Sprintf("pvc://%s/%s/", backupClaim, b.name())
}
