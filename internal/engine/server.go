// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"path"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/shell"
)

const (
	// PortName is the name of the database's port.
	PortName = "database"
	// ContainerName is the name of the database's container.
	ContainerName = "database"
)

// Server is the server of a built-in database, as an engine starts it.
type Server struct {
	Engine     Engine
	Image      string
	Resources  corev1.ResourceRequirements
	Parameters map[string]v1alpha1.ParameterValue
	// Database is the name of the database, and of the role that owns it.
	Database string
	// SecretName is the Secret with the service's user, AdminSecretName that with the
	// administrator's password.
	SecretName, AdminSecretName string
	// PlatformUser means that the platform assigns the user of the pod.
	PlatformUser bool
}

// server is the container of the engine. start runs the engine.
func (s *Server) server(home, start string) corev1.Container {
	command := shell.Fill(serverScript, map[string]string{
		"home": home, "held": strconv.Itoa(shell.ExitHeld), "unlocked": strconv.Itoa(shell.ExitUnlocked),
	})
	return corev1.Container{
		Name:  ContainerName,
		Image: s.Image,
		// The argument after the script is its $0.
		Command:         []string{"/bin/sh", "-c", command + start, "database"},
		Resources:       s.Resources,
		Ports:           []corev1.ContainerPort{{Name: PortName, ContainerPort: s.Engine.Port(), Protocol: corev1.ProtocolTCP}},
		SecurityContext: Restricted(),
		VolumeMounts:    []corev1.VolumeMount{{Name: names.VolumeName, MountPath: home}, {Name: "tmp", MountPath: "/tmp"}},
	}
}

var (
	// note defines the shell function note.
	note               = script("note", nil)
	serverScript       = script("server", nil)
	firstStartScript   = script("first-start", map[string]string{"note": note})
	firstStartedScript = script("first-started", map[string]string{"note": note})
)

// firstStart repeats a first start that was interrupted.
func firstStart(data string) string {
	return shell.Fill(firstStartScript, map[string]string{
		"data":  data,
		"begun": begunNote(data),
		"made":  madeNote(data),
		// The kubelet ends a server that has not answered by then, which writes once more.
		"limit": strconv.Itoa(startupPeriod*startupTries + endSeconds),
	})
}

// A server has an hour to start, because recovery after a crash can take long, and then
// some minutes to end.
const (
	startupPeriod = 2
	startupTries  = 1800
	endSeconds    = 600
)

// firstStarted is the script of a startup probe: once the server answers, it runs
// complete, which may be empty, and notes that the data is complete. The temporary server
// of the first start must not satisfy answers.
func firstStarted(data, answers, complete string) string {
	return shell.Fill(firstStartedScript, map[string]string{
		"answers": answers, "made": madeNote(data), "complete": shell.Fill(complete, map[string]string{"begun": begunNote(data)}),
	})
}

func begunNote(data string) string { return path.Join(path.Dir(data), ".atoll-begun") }

func madeNote(data string) string { return path.Join(path.Dir(data), ".atoll-made") }

// serverEnv gives the scripts of the first start the user and the database to
// create.
func (s *Server) serverEnv() []corev1.EnvVar {
	return []corev1.EnvVar{
		{Name: "ATOLL_ADMIN", Value: s.Engine.Admin()},
		{Name: "ATOLL_OWNER", Value: s.Database},
		{Name: "ATOLL_DATABASE", Value: s.Database},
		s.secretEnv("ATOLL_USER", KeyUsername),
		s.secretEnv("ATOLL_PASSWORD", KeyPassword),
	}
}

// scratch is a folder that lives as long as its pod.
type scratch struct {
	name, path string
	medium     corev1.StorageMedium
}

// serverPod is the pod around the engine's container.
func (s *Server) serverPod(server corev1.Container, folders ...scratch) corev1.PodSpec {
	volumes := []corev1.Volume{EmptyDir("tmp", corev1.StorageMediumDefault)}
	for _, f := range folders {
		server.VolumeMounts = append(server.VolumeMounts, corev1.VolumeMount{Name: f.name, MountPath: f.path})
		volumes = append(volumes, EmptyDir(f.name, f.medium))
	}
	return corev1.PodSpec{
		AutomountServiceAccountToken: ptr.To(false),
		EnableServiceLinks:           ptr.To(false),
		// A clean shutdown writes all data to the disk.
		TerminationGracePeriodSeconds: ptr.To[int64](120),
		SecurityContext:               PodSecurity(s.Engine, s.PlatformUser),
		Containers:                    []corev1.Container{server},
		Volumes:                       volumes,
	}
}

// EmptyDir returns a volume that lives as long as its pod.
func EmptyDir(name string, medium corev1.StorageMedium) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: medium}}}
}

// PodSecurity is the security context of pods that run as the user of the engine's image, or as
// the user that the platform assigns.
func PodSecurity(engine Engine, platformUser bool) *corev1.PodSecurityContext {
	c := &corev1.PodSecurityContext{
		RunAsNonRoot:        ptr.To(true),
		FSGroupChangePolicy: ptr.To(corev1.FSGroupChangeOnRootMismatch),
		SeccompProfile:      &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	if !platformUser {
		c.RunAsUser, c.RunAsGroup, c.FSGroup = ptr.To(engine.UID()), ptr.To(engine.UID()), ptr.To(engine.UID())
	}
	return c
}

func (s *Server) secretEnv(name, key string) corev1.EnvVar { return SecretEnv(name, s.SecretName, key) }

func (s *Server) adminEnv(name string) corev1.EnvVar {
	return SecretEnv(name, s.AdminSecretName, KeyPassword)
}

// SecretEnv returns an environment variable with the value of a Secret's key.
func SecretEnv(name, secret, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{
		SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: key},
	}}
}

// number returns the number in the first parameter that has one, or unset.
func number(parameters map[string]v1alpha1.ParameterValue, unset int, names ...string) int {
	for _, name := range names {
		if n, err := strconv.Atoi(string(parameters[name])); err == nil {
			return n
		}
	}
	return unset
}

func execProbe(command string, periodSeconds, failureThreshold int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "-c", command}}},
		PeriodSeconds:    periodSeconds,
		TimeoutSeconds:   5,
		FailureThreshold: failureThreshold,
	}
}

// Restricted is a security context for the Pod Security Standard "restricted".
func Restricted() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: ptr.To(false),
		ReadOnlyRootFilesystem:   ptr.To(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}
