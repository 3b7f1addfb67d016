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

package database

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// The database is looked at before anything is done to it: one that holds
// anything is not touched.
const restoreScript = datedFiles + `folder=/backup/$ATOLL_SERVICE
held() {
@filled@
}
held=$(held)
if [ -n "$held" ]; then
  echo "the database is not empty: it holds $held" | tr '\n' ' ' >&2
  exit 1
fi
name=$ATOLL_BACKUP
if [ -z "$name" ] && [ -d "$folder" ]; then
  files=$(ls -1 "$folder")
  name=$(printf '%s\n' "$files" | dated | tail -n 1)
fi
if [ -z "$name" ] || [ ! -f "$folder/$name" ]; then
  echo "there is no backup ${ATOLL_BACKUP:-with the extension $ATOLL_EXTENSION} at $ATOLL_LOCATION" >&2
  exit 1
fi
ATOLL_FILE=$folder/$name
if [ -f "$ATOLL_FILE.sha256" ]; then
  (cd "$folder" && sha256sum -c "$name.sha256" >/dev/null) || { echo "backup $name at $ATOLL_LOCATION is damaged: its checksum differs" >&2; exit 1; }
fi
{
@verify@
} >/dev/null
echo "restoring $name"
@restore@
printf %s "$ATOLL_LOCATION/$name" > /dev/termination-log
echo "restored $ATOLL_LOCATION/$name"
`

// What is there is taken down first: a pipe would hide that it could not be
// listed, and the wrong key would be told as a backup that is not there.
const restoreDownload = datedFiles + `mkdir -p "/backup/$ATOLL_SERVICE"
name=$ATOLL_BACKUP
if [ -z "$name" ]; then
  files=$(rclone lsf --files-only --include "/*.$ATOLL_EXTENSION" "store:$ATOLL_PATH/")
  name=$(printf '%s\n' "$files" | dated | tail -n 1)
fi
if [ -n "$name" ]; then
  rclone copy --include "/$name" --include "/$name.sha256" "store:$ATOLL_PATH/" "/backup/$ATOLL_SERVICE"
fi
`

// RestoreID names what a restore brings into which volume or Cluster: with another
// one it has not happened yet. How the backup is reached does not matter.
func RestoreID(restore *v1alpha1.DatabaseRestore, holder types.UID) string {
	from := restore.From
	if from.S3 != nil {
		bucket := *from.S3
		bucket.SecretName, bucket.Region = "", ""
		from.S3 = &bucket
	}
	// What can be encoded for the API server can be encoded.
	text, _ := json.Marshal(from)
	sum := sha256.Sum256(append(text, holder...))
	return "atoll_restore_" + hex.EncodeToString(sum[:5])
}

// restoreNamespace is the namespace of the Microservice whose backup is restored.
func (p *Plan) restoreNamespace(spec *v1alpha1.Database) string {
	return firstSet(spec.Restore.From.Namespace, p.Namespace)
}

// RestoreJob fills the database from a backup.
func (p *Plan) RestoreJob(name, id string, spec *v1alpha1.Database, rcloneImage string, labels map[string]string) *batchv1.Job {
	from := &spec.Restore.From
	location := &v1alpha1.BackupLocation{PersistentVolumeClaim: from.PersistentVolumeClaim, S3: from.S3}
	if from.PersistentVolumeClaim == nil && from.S3 == nil {
		location = &spec.Backup.Destination
	}
	service := firstSet(from.Service, p.Owner)
	where := p.locate(location, p.restoreNamespace(spec), service)
	scripts := p.Engine.Scripts()
	env := append(p.operationEnv(p.SecretName), where.env...)
	env = append(env,
		corev1.EnvVar{Name: "ATOLL_EXTENSION", Value: p.Engine.Extension()},
		corev1.EnvVar{Name: "ATOLL_BACKUP", Value: from.Backup},
		corev1.EnvVar{Name: "ATOLL_RESTORE", Value: id},
		corev1.EnvVar{Name: "ATOLL_POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "status.podIP"}}})
	script := fill(restoreScript, map[string]string{"filled": scripts.Filled, "verify": scripts.Verify, "restore": scripts.Restore})

	pod := p.operationPod(where.mount(p.operation("restore", script, env)))
	if where.bucket {
		pod.InitContainers = []corev1.Container{where.rclone("download", restoreDownload, env, rcloneImage)}
	}
	where.attach(&pod)
	return job(name, p.Namespace, labels, pod, tries-1)
}
