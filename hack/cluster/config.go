package main

import (
	"bytes"
	"embed"
	"fmt"
	"path/filepath"
	"text/template"
)

//go:embed config
var configFiles embed.FS

// Names, addresses and paths inside the node's namespaces. The host and other clusters
// on it can't reach these addresses.
const (
	nodeName    = "atoll"
	nodeIP      = "172.31.250.2"
	podCIDR     = "10.244.0.0/24"
	serviceCIDR = "10.96.0.0/16"

	apiServiceIP = "10.96.0.1"
	dnsIP        = "10.96.0.10"
	gatewayIP    = "10.96.0.20"

	apiPort      = "6443"
	registryPort = "5000"

	nodeState = "/atoll"     // mount point of the state folder in the node
	nodeBin   = "/opt/atoll" // mount point of the binaries in the node
	nodePath  = nodeBin + "/path"
)

// settings holds the values of the configuration templates.
type settings struct {
	NodeName, NodeIP, PodCIDR, ServiceCIDR, DNSIP, State, Path, Registry, PauseImage, CgroupRoot string
}

func newSettings(cgroup string) settings {
	return settings{
		NodeName: nodeName, NodeIP: nodeIP, PodCIDR: podCIDR, ServiceCIDR: serviceCIDR, DNSIP: dnsIP,
		State: nodeState, Path: nodePath, Registry: "127.0.0.1:" + registryPort,
		PauseImage: systemImage("pause", "1"), CgroupRoot: "/" + cgroup,
	}
}

// configPaths maps each template to its path below the state's etc folder.
var configPaths = map[string]string{
	"containerd.toml": "containerd.toml",
	"hosts.toml":      "certs.d/_default/hosts.toml",
	"kubelet.yaml":    "kubelet.yaml",
	"kube-proxy.yaml": "kube-proxy.yaml",
	"pods.conflist":   "cni/10-pods.conflist",
}

// renderConfigs returns the node's configuration files by path.
func renderConfigs(s settings) (map[string][]byte, error) {
	out := map[string][]byte{}
	for name, path := range configPaths {
		text, err := renderTemplate("config/"+name, s)
		if err != nil {
			return nil, err
		}
		out[path] = text
	}
	return out, nil
}

func renderTemplate(path string, data any) ([]byte, error) {
	tmpl, err := template.New(filepath.Base(path)).Option("missingkey=error").ParseFS(configFiles, path)
	if err != nil {
		return nil, fmt.Errorf("parsing %s: %w", path, err)
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("rendering %s: %w", path, err)
	}
	return out.Bytes(), nil
}
