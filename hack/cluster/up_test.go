package main

import (
	"encoding/json"
	"testing"
	"time"
)

func TestCheckStartedSince(t *testing.T) {
	node := time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)
	tests := map[string]struct {
		pods    string
		wantErr string
	}{
		"started after the node": {
			pods: `{"items":[{"metadata":{"name":"coredns-1"},"status":{"containerStatuses":[{"ready":true,"state":{"running":{"startedAt":"2026-01-02T03:04:05Z"}}}]}}]}`,
		},
		"status is from before the node's restart": {
			pods:    `{"items":[{"metadata":{"name":"coredns-1"},"status":{"containerStatuses":[{"ready":true,"state":{"running":{"startedAt":"2026-01-02T03:04:04Z"}}}]}}]}`,
			wantErr: `pod "coredns-1" is not ready since the node started`,
		},
		"not ready": {
			pods:    `{"items":[{"metadata":{"name":"coredns-1"},"status":{"containerStatuses":[{"ready":false,"state":{}}]}}]}`,
			wantErr: `pod "coredns-1" is not ready since the node started`,
		},
		"pods of another Deployment": {
			pods:    `{"items":[{"metadata":{"name":"other-1"}}]}`,
			wantErr: `no pod of Deployment "coredns" exists yet`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var pods podList
			if err := json.Unmarshal([]byte(tc.pods), &pods); err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := pods.checkStartedSince("coredns", node); err != nil {
				got = err.Error()
			}
			if got != tc.wantErr {
				t.Errorf("checkStartedSince returned %q, want %q", got, tc.wantErr)
			}
		})
	}
}

func TestUsesExternalCluster(t *testing.T) {
	c := cache{dir: "/cache"}
	tests := map[string]struct {
		kubeconfig, registry string
		want, wantErr        bool
	}{
		"neither":         {},
		"both":            {kubeconfig: "/home/me/.kube/config", registry: "registry.example", want: true},
		"kubeconfig only": {kubeconfig: "/home/me/.kube/config"},
		"registry only":   {registry: "registry.example", wantErr: true},
		"output of env":   {kubeconfig: "/cache/cluster/kubeconfig", registry: "localhost:5000"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", tc.kubeconfig)
			t.Setenv("IMAGE_REGISTRY", tc.registry)
			got, err := c.usesExternalCluster()
			if got != tc.want || (err != nil) != tc.wantErr {
				t.Errorf("usesExternalCluster returned %t, %v; want %t, error %t", got, err, tc.want, tc.wantErr)
			}
		})
	}
}
