// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/internal/output"
	"github.com/atoll-dev/atoll/internal/plugin/diagnosis"
)

const (
	// maxLogBytes limits what is read of a log: its last lines may be long.
	maxLogBytes = 256 << 10
	// logTimeout is for nodes that do not respond.
	logTimeout = 5 * time.Second
)

// logReader reads the end of a container's log.
type logReader func(ctx context.Context, namespace string, log diagnosis.Log) (string, error)

// readLog reads the end of a container's log from the cluster.
func (p *plugin) readLog(ctx context.Context, namespace string, log diagnosis.Log) (string, error) {
	config, err := p.flags.ToRESTConfig()
	if err != nil {
		return "", err
	}
	c, err := corev1client.NewForConfig(config)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	text, err := c.Pods(namespace).GetLogs(log.Pod, &corev1.PodLogOptions{
		Container: log.Container, Previous: log.Previous, TailLines: ptr.To[int64](diagnosis.LogLines), LimitBytes: ptr.To[int64](maxLogBytes),
	}).DoRaw(ctx)
	return string(text), err
}

func (r *evidenceReader) readLogs(ctx context.Context) {
	for _, log := range diagnosis.LogsWanted(r.evidence) {
		text, err := r.logs(ctx, r.namespace, log)
		switch {
		case err == nil:
			r.evidence.Logs[log] = output.Safe(text)
		case apierrors.IsForbidden(err):
			r.readOK("logs of pods", err)
		}
		// A log that no longer exists is not necessary for the diagnosis.
	}
}
