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
	"maps"
	"net/url"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// postgreSQL runs the official image, or one that keeps its conventions
// (https://hub.docker.com/_/postgres), and has flock.
type postgreSQL struct{}

const (
	// postgresUID is the user "postgres" of the official Debian-based images.
	postgresUID = 999
	// The volume is mounted a level above the data directory, because some
	// volumes have a lost+found at their root and initdb wants an empty directory.
	// The data directory is named explicitly, because the image's default moved in
	// version 18.
	postgresHome = "/var/lib/postgresql"
	postgresData = postgresHome + "/pgdata"
)

// postgresStart holds a lock beside the data for as long as any process of the
// server lives. A pod that is deleted by force is replaced while its server may
// still write, and PostgreSQL's own lock file does not tell two servers apart
// that both are process 1 of their container: without the lock both would write
// to the same data. The descriptor passes to every process that the server
// starts, and the kernel gives the lock up with the last of them.
const postgresStart = `exec 9>>` + postgresHome + `/.atoll-lock && { flock -w 60 9 || { echo "another server still holds the data" >&2; exit 1; }; } && exec docker-entrypoint.sh postgres "$@"`

func (postgreSQL) Type() string           { return "postgresql" }
func (postgreSQL) DefaultVersion() string { return "17" }
func (postgreSQL) Port() int32            { return 5432 }

func (postgreSQL) Image(version string) string { return "docker.io/library/postgres:" + version }

// URI turns TLS off because the built-in server has no certificate, and some
// clients insist on one unless told.
func (postgreSQL) URI(b Binding) url.URL {
	return url.URL{Scheme: "postgresql", User: b.userinfo(), Host: b.address(), Path: "/" + b.Database, RawQuery: "sslmode=disable"}
}

// ClientEnv are libpq's variables
// (https://www.postgresql.org/docs/current/libpq-envars.html).
func (postgreSQL) ClientEnv() []EnvKey {
	return []EnvKey{
		{"PGHOST", KeyHost}, {"PGPORT", KeyPort}, {"PGUSER", KeyUsername},
		{"PGPASSWORD", KeyPassword}, {"PGDATABASE", KeyDatabase},
	}
}

func (e postgreSQL) PodSpec(p *Plan) corev1.PodSpec {
	return corev1.PodSpec{
		// A fast shutdown writes a checkpoint, which takes as long as the disk does.
		TerminationGracePeriodSeconds: ptr.To[int64](120),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:        ptr.To(true),
			RunAsUser:           ptr.To[int64](postgresUID),
			RunAsGroup:          ptr.To[int64](postgresUID),
			FSGroup:             ptr.To[int64](postgresUID),
			FSGroupChangePolicy: ptr.To(corev1.FSGroupChangeOnRootMismatch),
			SeccompProfile:      &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{
			Name:  ContainerName,
			Image: e.Image(p.Version),
			// What follows the script is its $0; the arguments come after.
			Command:   []string{"/bin/sh", "-c", postgresStart, "postgres"},
			Args:      postgresArgs(p),
			Resources: p.Resources,
			Env: []corev1.EnvVar{
				p.secretEnv("POSTGRES_USER", KeyUsername),
				p.secretEnv("POSTGRES_PASSWORD", KeyPassword),
				p.secretEnv("POSTGRES_DB", KeyDatabase),
				{Name: "PGDATA", Value: postgresData},
			},
			Ports:           []corev1.ContainerPort{{Name: PortName, ContainerPort: e.Port(), Protocol: corev1.ProtocolTCP}},
			SecurityContext: restricted(),
			// Recovery after a crash can take long; it is not a reason to start over.
			StartupProbe: postgresProbe(`pg_isready -q -h 127.0.0.1 -U "$POSTGRES_USER" -d "$POSTGRES_DB"`, 2, 1800),
			// The init phase listens on the socket only, so that readiness asks over TCP.
			ReadinessProbe: postgresProbe(`pg_isready -q -h 127.0.0.1 -U "$POSTGRES_USER" -d "$POSTGRES_DB"`, 5, 3),
			// A server that answers "not now" (1) is alive; only silence (2) is not.
			LivenessProbe: postgresProbe(`pg_isready -q -h 127.0.0.1 -U "$POSTGRES_USER" -d "$POSTGRES_DB"; [ $? -lt 2 ]`, 10, 12),
			Lifecycle: &corev1.Lifecycle{
				// SIGINT asks for a fast shutdown. The SIGTERM that would come without it
				// waits for every client to leave.
				PreStop: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "-c", "kill -INT 1"}}},
			},
			VolumeMounts: []corev1.VolumeMount{
				{Name: VolumeName, MountPath: postgresHome},
				{Name: "run", MountPath: "/var/run/postgresql"},
				{Name: "tmp", MountPath: "/tmp"},
				{Name: "shm", MountPath: "/dev/shm"},
			},
		}},
		Volumes: []corev1.Volume{
			{Name: "run", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			// Parallel queries share memory through /dev/shm, of which a container gets
			// 64 MiB unless told otherwise.
			{Name: "shm", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}},
		},
	}
}

func postgresArgs(p *Plan) []string {
	if len(p.Parameters) == 0 {
		return nil
	}
	args := make([]string, 0, 2*len(p.Parameters))
	for _, name := range slices.Sorted(maps.Keys(p.Parameters)) {
		args = append(args, "-c", name+"="+string(p.Parameters[name]))
	}
	return args
}

func postgresProbe(command string, periodSeconds, failureThreshold int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "-c", command}}},
		PeriodSeconds:    periodSeconds,
		TimeoutSeconds:   5,
		FailureThreshold: failureThreshold,
	}
}

// restricted meets the Pod Security Standard of that name.
func restricted() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: ptr.To(false),
		ReadOnlyRootFilesystem:   ptr.To(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}
