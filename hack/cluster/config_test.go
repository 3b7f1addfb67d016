package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRenderedConfigs(t *testing.T) {
	configs, err := renderConfigs(newSettings("atoll-0123abcd"))
	if err != nil {
		t.Fatal(err)
	}
	if len(configs) != len(configPaths) {
		t.Errorf("got %d files, want %d", len(configs), len(configPaths))
	}
	for path, wants := range map[string][]string{
		"containerd.toml":             {"restrict_oom_score_adj = true", "SystemdCgroup = false", `sandbox = "localhost:5000/atoll/pause:1"`, `bin_dirs = ["/opt/atoll/path"]`},
		"certs.d/_default/hosts.toml": {`[host."http://127.0.0.1:5000"]`},
		"kubelet.yaml":                {"cgroupRoot: /atoll-0123abcd", "failSwapOn: false", "failCgroupV1: false", "clusterDNS: [10.96.0.10]"},
		"kube-proxy.yaml":             {"maxPerCore: 0", "tcpEstablishedTimeout: 0s", "mode: iptables"},
		"cni/10-pods.conflist":        {`"subnet": "10.244.0.0/24"`},
	} {
		for _, want := range wants {
			if !strings.Contains(string(configs[path]), want) {
				t.Errorf("%s lacks %q:\n%s", path, want, configs[path])
			}
		}
	}
	if !json.Valid(configs["cni/10-pods.conflist"]) {
		t.Error("the CNI configuration is not valid JSON")
	}
}

func TestComponentFilesAreWritten(t *testing.T) {
	c := cache{dir: t.TempDir()}
	if err := c.writeState(); err != nil {
		t.Fatal(err)
	}
	for _, comp := range components(true) {
		for _, arg := range comp.args {
			_, value, ok := strings.Cut(arg, "="+nodeState+"/")
			if !ok || value == "etcd" {
				continue
			}
			if !exists(c.state(value)) {
				t.Errorf("component %s has argument %s, but up does not write the file", comp.name, arg)
			}
		}
	}
}

func TestWritePKIKeepsCompletePairs(t *testing.T) {
	dir := t.TempDir()
	if err := writePKI(dir); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	ca, admin, proxy := read("ca.crt"), read("admin.crt"), read("kube-proxy.crt")
	// An interrupted run wrote the certificate but not the key.
	if err := os.Remove(filepath.Join(dir, "kube-proxy.key")); err != nil {
		t.Fatal(err)
	}
	if err := writePKI(dir); err != nil {
		t.Fatal(err)
	}
	if read("ca.crt") != ca || read("admin.crt") != admin {
		t.Error("a second run replaced complete pairs")
	}
	if read("kube-proxy.crt") == proxy {
		t.Error("a second run kept a certificate without a key")
	}
	server, err := readCertificate(filepath.Join(dir, "apiserver.crt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", nodeIP, apiServiceIP, "kubernetes.default.svc"} {
		if err := server.VerifyHostname(host); err != nil {
			t.Errorf("the API server's certificate is invalid for %s: %v", host, err)
		}
	}
}

func TestManifestsHaveNoPlaceholders(t *testing.T) {
	got, err := renderManifests(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(got) {
		if strings.Contains(line, "@") {
			t.Errorf("placeholder left in: %s", line)
		}
	}
	for _, want := range []string{"localhost:5000/atoll/traefik:" + traefikVersion, "clusterIP: \"" + dnsIP + "\"", "clusterIP: \"" + gatewayIP + "\""} {
		if !strings.Contains(got, want) {
			t.Errorf("the manifests lack %q", want)
		}
	}
}
