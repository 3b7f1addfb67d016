package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// poll is how often something that is awaited is looked at.
const poll = 200 * time.Millisecond

// apiClient asks the API server about what up waits for. Calling kubectl each
// time would keep a small machine busy with waiting.
type apiClient struct {
	server string
	http   *http.Client
}

func newAPIClient(pkiDir, server string) (*apiClient, error) {
	cert, err := tls.LoadX509KeyPair(filepath.Join(pkiDir, "admin.crt"), filepath.Join(pkiDir, "admin.key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(filepath.Join(pkiDir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
	}
	return &apiClient{server: server, http: &http.Client{Transport: transport, Timeout: 5 * time.Second}}, nil
}

// get reads an object; into may be nil.
func (a *apiClient) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.server+path, nil)
	if err != nil {
		return err
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", path, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}

// conditioned is any object whose conditions are its state.
type conditioned struct {
	Metadata struct {
		Generation int64 `json:"generation"`
	} `json:"metadata"`
	Spec struct {
		Replicas *int32 `json:"replicas"`
	} `json:"spec"`
	Status struct {
		ObservedGeneration int64 `json:"observedGeneration"`
		UpdatedReplicas    int32 `json:"updatedReplicas"`
		AvailableReplicas  int32 `json:"availableReplicas"`
		Conditions         []struct {
			Type    string `json:"type"`
			Status  string `json:"status"`
			Reason  string `json:"reason"`
			Message string `json:"message"`
		} `json:"conditions"`
	} `json:"status"`
}

// condition is nil when an object has the condition, and otherwise says why not.
func (a *apiClient) condition(ctx context.Context, path, kind string) error {
	var object conditioned
	if err := a.get(ctx, path, &object); err != nil {
		return err
	}
	for _, c := range object.Status.Conditions {
		if c.Type == kind {
			if c.Status == "True" {
				return nil
			}
			return fmt.Errorf("it is not %s: %s: %s", kind, c.Reason, c.Message)
		}
	}
	return fmt.Errorf("it has no condition %s yet", kind)
}

// available is nil when a Deployment runs in full.
func (a *apiClient) available(ctx context.Context, namespace, name string) error {
	var d conditioned
	if err := a.get(ctx, "/apis/apps/v1/namespaces/"+namespace+"/deployments/"+name, &d); err != nil {
		return err
	}
	want := int32(1)
	if d.Spec.Replicas != nil {
		want = *d.Spec.Replicas
	}
	if d.Status.ObservedGeneration < d.Metadata.Generation || d.Status.UpdatedReplicas < want || d.Status.AvailableReplicas < want {
		return fmt.Errorf("%d of %d pods are available", min(d.Status.AvailableReplicas, d.Status.UpdatedReplicas), want)
	}
	return nil
}

// podList is what up reads of pods.
type podList struct {
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Status struct {
			ContainerStatuses []struct {
				Ready bool `json:"ready"`
				State struct {
					Running *struct {
						StartedAt time.Time `json:"startedAt"`
					} `json:"running"`
				} `json:"state"`
			} `json:"containerStatuses"`
		} `json:"status"`
	} `json:"items"`
}

// startedSince is nil when the containers of a Deployment's pods are ready and
// were started after the node was. What the API says of a node that was killed
// stays true until the kubelet of the next one has looked.
func (a *apiClient) startedSince(ctx context.Context, namespace, name string, node time.Time) error {
	var pods podList
	if err := a.get(ctx, "/api/v1/namespaces/"+namespace+"/pods", &pods); err != nil {
		return err
	}
	return pods.startedSince(name, node)
}

func (pods podList) startedSince(name string, node time.Time) error {
	found := false
	for _, pod := range pods.Items {
		if !strings.HasPrefix(pod.Metadata.Name, name+"-") {
			continue
		}
		found = true
		for _, container := range pod.Status.ContainerStatuses {
			// The API rounds to whole seconds.
			if !container.Ready || container.State.Running == nil || container.State.Running.StartedAt.Before(node.Truncate(time.Second)) {
				return fmt.Errorf("pod %q does not run again yet", pod.Metadata.Name)
			}
		}
	}
	if !found {
		return errors.New("it has no pod yet")
	}
	return nil
}

// errFatal marks what waiting will not mend.
var errFatal = errors.New("giving up")

// await calls check until it returns nil. In the end it tells what was still amiss.
func await(ctx context.Context, what string, timeout time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	last := errors.New("never checked")
	for {
		if err := check(ctx); err == nil {
			return nil
		} else if errors.Is(err, errFatal) {
			return fmt.Errorf("waiting for %s: %w", what, err)
		} else if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (last seen: %w)", what, ctx.Err(), last)
		case <-time.After(poll):
		}
	}
}
