package main

import (
	"encoding/json"
	"testing"
	"time"
)

func TestStartedSince(t *testing.T) {
	node := time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)
	tests := map[string]struct {
		pods    string
		wantErr string
	}{
		"runs since after the node's start": {
			pods: `{"items":[{"metadata":{"name":"coredns-1"},"status":{"containerStatuses":[{"ready":true,"state":{"running":{"startedAt":"2026-01-02T03:04:05Z"}}}]}}]}`,
		},
		"ready is what the killed node said": {
			pods:    `{"items":[{"metadata":{"name":"coredns-1"},"status":{"containerStatuses":[{"ready":true,"state":{"running":{"startedAt":"2026-01-02T03:04:04Z"}}}]}}]}`,
			wantErr: `pod "coredns-1" does not run again yet`,
		},
		"not ready": {
			pods:    `{"items":[{"metadata":{"name":"coredns-1"},"status":{"containerStatuses":[{"ready":false,"state":{}}]}}]}`,
			wantErr: `pod "coredns-1" does not run again yet`,
		},
		"another's pods": {
			pods:    `{"items":[{"metadata":{"name":"other-1"}}]}`,
			wantErr: "it has no pod yet",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var pods podList
			if err := json.Unmarshal([]byte(tc.pods), &pods); err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := pods.startedSince("coredns", node); err != nil {
				got = err.Error()
			}
			if got != tc.wantErr {
				t.Errorf("startedSince returned %q, want %q", got, tc.wantErr)
			}
		})
	}
}

func TestGivenCluster(t *testing.T) {
	c := cache{dir: "/cache"}
	tests := map[string]struct {
		kubeconfig, registry string
		want, wantErr        bool
	}{
		"nothing given":      {},
		"both given":         {kubeconfig: "/home/me/.kube/config", registry: "registry.example", want: true},
		"a kubeconfig alone": {kubeconfig: "/home/me/.kube/config"},
		"a registry alone":   {registry: "registry.example", wantErr: true},
		"what env printed":   {kubeconfig: "/cache/cluster/kubeconfig", registry: "localhost:5000"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", tc.kubeconfig)
			t.Setenv("IMAGE_REGISTRY", tc.registry)
			got, err := c.givenCluster()
			if got != tc.want || (err != nil) != tc.wantErr {
				t.Errorf("givenCluster returned %t, %v; want %t, error %t", got, err, tc.want, tc.wantErr)
			}
		})
	}
}
