package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// answers is what the stand-ins of docker, kind and kubectl say if a test does not change it.
const answers = `case "$*" in
"get nodes"*) echo atoll-control-plane;;
"get --raw /version") echo '{"major": "1", "minor": "36", "gitVersion": "v1.36.1"}';;
esac`

// kindRun runs hack/kind.sh with stand-ins for docker, kind and kubectl, which run script before they
// give their answers. It returns the output, and the calls of the stand-ins with what they read.
func kindRun(t *testing.T, script string, args ...string) (output, calls string, err error) {
	t.Helper()
	dir, cache := t.TempDir(), t.TempDir()
	record := filepath.Join(cache, "calls")
	for _, name := range []string{"docker", "kind", "kubectl"} {
		text := "#!/bin/sh\necho " + name + ` "$@" >> "` + record + `"` + "\n" +
			`case "$*" in *" -f -"|*"--config -"|"exec -i"*) cat >> "` + record + `";; esac` + "\n" + script + "\n" + answers
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
			wanted: []string{
				"docker run -d --restart=always -p 127.0.0.1:5001:5000 --name atoll-registry registry:3",
				"kind create cluster --name atoll", "hostPort: 8080, listenAddress: 127.0.0.1",
				`[host."http://atoll-registry:5000"]`, "docker exec -i atoll-control-plane cp /dev/stdin /etc/containerd/certs.d/localhost:5001/hosts.toml",
				"docker network connect kind atoll-registry", "kubectl wait --for=condition=Established", "kind: GatewayClass", "docker.io/library/traefik:" + traefikVersion, `"nodePort": 30080`,
				"kubectl -n traefik rollout status deployment/traefik",
			},
		},
		"a running cluster": {
			script:   `case "$*" in "get clusters") echo atoll;; *State.Running*) echo true;; *Networks*) echo bridge kind;; esac`,
			wanted:   []string{"kind export kubeconfig --name atoll", "docker exec -i atoll-control-plane cp /dev/stdin", "kubectl apply --server-side"},
			unwanted: []string{"kind create cluster", "docker run", "docker network connect"},
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

// TestKindFailures checks what a user reads when a step fails.
func TestKindFailures(t *testing.T) {
	for script, want := range map[string]string{
		`case "$*" in info) exit 1;; esac`:                                              "docker does not answer; to see why, run: docker info",
		`case "$*" in *"rollout status"*) exit 1;; esac`:                                "Traefik did not start; to see why, run:",
		`case "$*" in "get --raw /version") echo '{"minor": "33"}'; exit;; esac`:        "the cluster has Kubernetes 1.33, and Atoll needs 1.34; run hack/kind.sh down",
		`case "$*" in "network connect"*) echo no such network >&2; exit 1;; esac`:      "no such network",
		`case "$*" in "get nodes"*) echo unknown cluster >&2; exit 1;; esac`:            "unknown cluster",
		`case "$*" in "wait --for=condition"*) echo not established >&2; exit 1;; esac`: "not established",
	} {
		if output, _, err := kindRun(t, script, "up"); err == nil || !strings.Contains(output, want) {
			t.Errorf("%s: got %v: %s", script, err, output)
		}
	}
	t.Setenv(policiesVariable, "enforce")
	if output, _, err := kindRun(t, "", "up"); err == nil || !strings.Contains(output, "use the local cluster, without KIND") {
		t.Errorf("NetworkPolicies: got %v: %s", err, output)
	}
}

// TestKindVersion checks that the script and the chart demand the same Kubernetes.
func TestKindVersion(t *testing.T) {
	script, err := os.ReadFile("../kind.sh")
	if err != nil {
		t.Fatal(err)
	}
	chart, err := os.ReadFile("../../charts/atoll/Chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(chart), `kubeVersion: ">=1.`)
	minor, _, _ := strings.Cut(rest, ".")
	if minor == "" || !strings.Contains(string(script), "\noldest="+minor+"\n") {
		t.Errorf("kubeVersion of the chart demands 1.%s, and kind.sh another one", minor)
	}
}
