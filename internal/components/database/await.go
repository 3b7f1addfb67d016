// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/names"
)

// AwaitServer adds an init container to a pod of the service's image, which waits until the server
// answers the pod. A network plugin can take a moment until it admits a new pod, and a migration that
// connects at once would use up its tries. The container never fails: the migration says
// itself what is wrong. Atoll knows no image for the server of an External database.
func (p *Plan) AwaitServer(pod *corev1.PodSpec) {
	if !p.Provider.Managed() {
		return
	}
	security := engine.Restricted()
	security.RunAsNonRoot = ptr.To(true)
	// The images of CloudNativePG name their own user, and podUser is not about its pods.
	if p.Provider.RunsServer() && !p.platformUser() {
		security.RunAsUser, security.RunAsGroup = ptr.To(p.Engine.UID()), ptr.To(p.Engine.UID())
	}
	pod.InitContainers = slices.Insert(pod.InitContainers, 0, corev1.Container{
		Name:    names.AwaitContainer,
		Image:   p.Image,
		Command: []string{"/bin/sh", "-c", "set -eu\n" + p.Engine.Scripts().Await},
		Env: []corev1.EnvVar{
			{Name: "ATOLL_HOST", Value: p.Host},
			{Name: "ATOLL_PORT", Value: strconv.Itoa(int(p.Port))},
			{Name: "ATOLL_ADMIN", Value: p.Engine.Admin()},
		},
		Resources:       operationResources(),
		SecurityContext: security,
	})
}
