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

// backedUp is a service that keeps two backups.
type backedUp struct {
	*notes
	store *store
	// runs counts the backups that were asked for.
	runs int
	// taken are those that were made, oldest first.
	taken []takenBackup
}

// takenBackup is a backup and the notes that it must hold.
type takenBackup struct {
	name  string
	notes map[string]string
}

// newBackedUp describes a service for each engine.
func newBackedUp(s *store, where string, destination v1alpha1.BackupLocation) []*backedUp {
	all := make([]*backedUp, len(engines))
	for i, n := range onePerEngine(s.ns, "-"+where) {
		n.spec.Spec.Database.Backup = &v1alpha1.DatabaseBackup{Schedule: "@yearly", Keep: ptr.To[int32](2), Destination: destination}
		n.spec.Spec.Scaling = &v1alpha1.Scaling{Replicas: ptr.To[int32](1)}
		all[i] = &backedUp{notes: n, store: s}
	}
	return all
}

func (b *backedUp) inBucket() bool { return b.spec.Spec.Database.Backup.Destination.S3 != nil }

// source is the service's own backup of a name; empty means the newest.
func (b *backedUp) source(name string) v1alpha1.RestoreSource {
	to := &b.spec.Spec.Database.Backup.Destination
	return v1alpha1.RestoreSource{PersistentVolumeClaim: to.PersistentVolumeClaim, S3: to.S3, Backup: name}
}

// run begins a backup as a user would who wants one now.
func (b *backedUp) run(ctx context.Context) {
	GinkgoHelper()
	b.runs++
	cronJob := names.Backup(b.name())
	_, err := kubectl(ctx, "-n", b.spec.Namespace, "create", "job", "--from=cronjob/"+cronJob, fmt.Sprintf("%s-%d", cronJob, b.runs))
	Expect(err).NotTo(HaveOccurred())
}

// backUp takes a backup and waits until the status tells of it.
func (b *backedUp) backUp(ctx context.Context) {
	GinkgoHelper()
	begin := time.Now().Truncate(time.Second)
	b.mu.Lock()
	notes := maps.Clone(b.written)
	b.mu.Unlock()
	b.run(ctx)

	var last *v1alpha1.BackupStatus
	Eventually(ctx, func(g Gomega) {
		ms := b.live()
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms)).To(Succeed())
		last = ms.Status.Database.LastBackup
		g.Expect(last).NotTo(BeNil())
		g.Expect(last.Time.Time).To(BeTemporally(">=", begin))
	}).Should(Succeed(), b.name())
	eventuallyHas(ctx, b.live(), v1alpha1.ConditionBackupReady, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)

	folder, name := path.Split(last.Location)
	Expect(folder).To(Equal(b.location()))
	Expect(last.Size).To(Equal(b.store.size(ctx, b, name)), b.name())
	Expect(last.Time.Time).To(BeTemporally("<=", time.Now()))
	b.taken = append(b.taken, takenBackup{name, notes})
}

// location is where the service's backups are, as the status has it.
func (b *backedUp) location() string {
	if b.inBucket() {
		return fmt.Sprintf("s3://%s/%s/%s/%s/", bucketName, bucketFolder, b.spec.Namespace, b.name())
	}
	return fmt.Sprintf("pvc://%s/%s/", backupClaim, b.name())
}
