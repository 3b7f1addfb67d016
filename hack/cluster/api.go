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

// pollInterval is the time between two checks of waitUntil.
const pollInterval = 200 * time.Millisecond

// apiClient reads objects from the API server. Running kubectl for each poll would
// cost too much CPU on a small machine.
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
		return fmt.Errorf("GET %s: status %s", path, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}

// conditionedObject holds the fields that checkCondition and checkAvailable read.
type conditionedObject struct {
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

// checkCondition returns an error unless the condition of an object is True.
func (a *apiClient) checkCondition(ctx context.Context, path, conditionType string) error {
	var object conditionedObject
	if err := a.get(ctx, path, &object); err != nil {
		return err
	}
	for _, c := range object.Status.Conditions {
		if c.Type == conditionType {
			if c.Status == "True" {
				return nil
			}
			return fmt.Errorf("not %s: %s: %s", conditionType, c.Reason, c.Message)
		}
	}
	return fmt.Errorf("no condition %s yet", conditionType)
}

// checkAvailable returns an error unless all pods of a Deployment are up to date and
// available.
func (a *apiClient) checkAvailable(ctx context.Context, namespace, name string) error {
	var d conditionedObject
	if err := a.get(ctx, "/apis/apps/v1/namespaces/"+namespace+"/deployments/"+name, &d); err != nil {
		return err
	}
	want := int32(1)
	if d.Spec.Replicas != nil {
		want = *d.Spec.Replicas
	}
	if d.Status.ObservedGeneration < d.Metadata.Generation {
		return errors.New("the Deployment controller has not observed the latest spec yet")
	}
	if d.Status.UpdatedReplicas < want || d.Status.AvailableReplicas < want {
		return fmt.Errorf("%d of %d pods are available", min(d.Status.AvailableReplicas, d.Status.UpdatedReplicas), want)
	}
	return nil
}

// podList holds the fields of pods that checkStartedSince reads.
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

// checkStartedSince returns an error unless there are pods whose names start with name-,
// and all their containers are ready and started after the node. After the node is
// killed, pods keep their old status until the new kubelet updates it.
func (a *apiClient) checkStartedSince(ctx context.Context, namespace, name string, nodeStart time.Time) error {
	var pods podList
	if err := a.get(ctx, "/api/v1/namespaces/"+namespace+"/pods", &pods); err != nil {
		return err
	}
	return pods.checkStartedSince(name, nodeStart)
}

func (pods podList) checkStartedSince(name string, nodeStart time.Time) error {
	found := false
	for _, pod := range pods.Items {
		if !strings.HasPrefix(pod.Metadata.Name, name+"-") {
			continue
		}
		found = true
		for _, container := range pod.Status.ContainerStatuses {
			// The API truncates times to whole seconds.
			if !container.Ready || container.State.Running == nil || container.State.Running.StartedAt.Before(nodeStart.Truncate(time.Second)) {
				return fmt.Errorf("pod %q is not ready since the node started", pod.Metadata.Name)
			}
		}
	}
	if !found {
		return fmt.Errorf("no pod of Deployment %q exists yet", name)
	}
	return nil
}

// errFatal marks an error that waiting can't fix.
var errFatal = errors.New("fatal")

// waitUntil calls check until it returns nil. After the timeout it returns the last
// error of check.
func waitUntil(ctx context.Context, what string, timeout time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	last := errors.New("no check completed")
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
			return fmt.Errorf("waiting for %s: %w (last error: %w)", what, ctx.Err(), last)
		case <-time.After(pollInterval):
		}
	}
}
