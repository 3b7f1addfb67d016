package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// kindRun runs hack/kind.sh with stand-ins for docker, kind and kubectl. It returns the output, and
// the calls of the stand-ins with what they read.
func kindRun(t *testing.T, script string, args ...string) (output, calls string, err error) {
	t.Helper()
	dir, cache := t.TempDir(), t.TempDir()
	record := filepath.Join(cache, "calls")
	for _, name := range []string{"docker", "kind", "kubectl"} {
		text := "#!/bin/sh\necho " + name + ` "$@" >> "` + record + `"` + "\n" +
			`case "$*" in *" -f -"|*"--config -") cat >> "` + record + `";; "exec -i"*) cat >> "` + record + `";; esac` + "\n" + script
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("../kind.sh", args...)
	command.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "ATOLL_CACHE="+cache)
	out, err := command.CombinedOutput()
	text, readErr := os.ReadFile(record)
	if readErr != nil && !os.IsNotExist(readErr) {
		t.Fatal(readErr)
	}
	return string(out), string(text), err
}

// TestKindUp checks the calls for a new cluster, and for one that exists.
func TestKindUp(t *testing.T) {
	tests := map[string]struct {
		script           string
		wanted, unwanted []string
	}{
		"a new cluster": {
			script: `case "$*" in "get nodes"*) echo atoll-control-plane;; esac`,
			wanted: []string{
				"docker run -d --restart=always -p 127.0.0.1:5001:5000 --name atoll-registry registry:3",
				"kind create cluster --name atoll", "hostPort: 8080, listenAddress: 127.0.0.1",
				`[host."http://atoll-registry:5000"]`, "docker exec -i atoll-control-plane cp /dev/stdin /etc/containerd/certs.d/localhost:5001/hosts.toml",
				"kubectl apply --server-side", "kind: GatewayClass", "docker.io/library/traefik:" + traefikVersion, `"nodePort": 30080`,
				"kubectl -n traefik rollout status deployment/traefik",
			},
		},
		"a running cluster": {
			script:   `case "$*" in "get clusters") echo atoll;; "inspect -f {{.State.Running}} atoll-registry") echo true;; esac`,
			wanted:   []string{"kind export kubeconfig --name atoll", "kubectl apply --server-side"},
			unwanted: []string{"kind create cluster", "docker run"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			output, calls, err := kindRun(t, test.script, "up")
			if err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			for _, want := range test.wanted {
				if !strings.Contains(calls, want) {
					t.Errorf("no call with %q", want)
				}
			}
			for _, unwanted := range test.unwanted {
				if strings.Contains(calls, unwanted) {
					t.Errorf("a call with %q", unwanted)
				}
			}
		})
	}
}

func TestKindFailures(t *testing.T) {
	output, _, err := kindRun(t, `case "$*" in info) exit 1;; esac`, "up")
	if err == nil || !strings.Contains(output, "docker does not answer") {
		t.Errorf("got %v: %s", err, output)
	}
	output, _, err = kindRun(t, `case "$*" in *"rollout status"*) exit 1;; esac`, "up")
	if err == nil || !strings.Contains(output, "Traefik did not start; to see why, run:") {
		t.Errorf("got %v: %s", err, output)
	}
}
