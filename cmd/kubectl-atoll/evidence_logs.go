// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/internal/plugin/diagnosis"
)

const (
	// maxLogBytes limits what is kept of a log: its last lines may be long.
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
	// With limitBytes, the kubelet would cut the end of the log, which has the cause.
	stream, err := c.Pods(namespace).GetLogs(log.Pod, &corev1.PodLogOptions{
		Container: log.Container, Previous: log.Previous, TailLines: ptr.To[int64](diagnosis.LogLines),
	}).Stream(ctx)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	return lastBytes(stream, maxLogBytes)
}

// lastBytes reads a log to its end and returns its last bytes, from the beginning of a line. A
// longer line is cut at its beginning.
func lastBytes(from io.Reader, limit int) (string, error) {
	var kept []byte
	cut, part := false, make([]byte, 32<<10)
	for {
		n, err := from.Read(part)
		kept = append(kept, part[:n]...)
		// Twice the limit is kept meanwhile, so that not every read copies all.
		if over := len(kept) - limit; over > 0 && (over > limit || err != nil) {
			kept, cut = append(kept[:0], kept[over:]...), true
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if err == nil {
			continue
		}
		if at := bytes.IndexByte(kept, '\n'); cut && at >= 0 && at+1 < len(kept) {
			kept = kept[at+1:]
		}
		return string(kept), nil
	}
}

func (r *evidenceReader) readLogs(ctx context.Context) {
	for _, log := range diagnosis.LogsWanted(r.evidence) {
		text, err := r.logs(ctx, r.namespace, log)
		switch {
		case err == nil:
			r.evidence.Logs[log] = text
		case apierrors.IsForbidden(err):
			r.readOK("logs of pods", err)
		}
		// A log that no longer exists is not necessary for the diagnosis.
	}
}
