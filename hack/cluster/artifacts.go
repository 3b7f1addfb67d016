package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// artifact is a binary that is built from a Go module pinned under build/.
type artifact struct {
	// name is the name of the program without a version.
	name    string
	version string
	// module is the folder with the go.mod that pins the source.
	module string
	// pkg is the package to build.
	pkg string
	// ldflags are added to the flags that strip the binary.
	ldflags string
	// toolchain is the GOTOOLCHAIN of the build. Unset means that of the caller.
	toolchain string
}

// expected returns the time to build the artifact after those that come before it, on an idle
// machine with two cores. Those of GitOps are estimates, the others were measured. Artifacts that are
// not listed take a few seconds.
func (a artifact) expected() time.Duration {
	seconds := map[string]time.Duration{
		"etcd": 80, "kube-apiserver": 290, "kubectl": 35, "kube-controller-manager": 50, "kube-scheduler": 20, "kubelet": 45, "kube-proxy": 15,
		"containerd": 70, "containerd-shim-runc-v2": 15, "ctr": 20, "bridge": 20, "kube-router": 110,
		"coredns": 60, "local-path-provisioner": 30, "metrics-server": 40, "traefik": 240, "rclone": 60,
		"flux-kustomize-controller": 300, "flux-source-controller": 240, "argocd": 540, "kustomize": 40,
	}[a.name]
	return max(seconds, 5) * time.Second
}

// file returns the name in the cache. It includes the version, so that a new version
// does not replace the old one and a fresh clone reuses both.
func (a artifact) file() string { return a.name + "-" + a.version }

const (
	kubernetesVersion    = "v1.37.2"
	etcdVersion          = "v3.7.3"
	containerdVersion    = "v2.4.2"
	cniVersion           = "v1.9.1"
	kubeRouterVersion    = "v2.1.0"
	coreDNSVersion       = "v1.15.0"
	localPathVersion     = "v0.0.30"
	metricsServerVersion = "v0.9.0"
	traefikVersion       = "v3.6.7"
	rcloneVersion        = "v1.76.0"
	fluxVersion          = "v1.9.6"
	argoCDVersion        = "v3.6.1"
	kustomizeVersion     = "v5.8.1"
)

// testAssets lists the binaries that envtest needs.
var testAssets = []artifact{
	{name: "etcd", version: etcdVersion, module: "build/etcd", pkg: "."},
	kubernetes("kube-apiserver"),
	kubernetes("kubectl"),
}

// nodeArtifacts lists the binaries that every node needs besides testAssets.
var nodeArtifacts = []artifact{
	kubernetes("kube-controller-manager"),
	kubernetes("kube-scheduler"),
	kubernetes("kubelet"),
	kubernetes("kube-proxy"),
	containerd("containerd", "-X github.com/containerd/containerd/v2/version.Version="+containerdVersion),
	containerd("containerd-shim-runc-v2", ""),
	containerd("ctr", ""),
	cni("main/bridge"),
	cni("main/loopback"),
	cni("ipam/host-local"),
	cni("meta/portmap"),
}

// firewallArtifact enforces NetworkPolicies on the node.
var firewallArtifact = artifact{
	name: "kube-router", version: kubeRouterVersion, module: "build/kube-router",
	pkg: "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
}

// addOnArtifacts lists the binaries that run in pods; each becomes an image.
var addOnArtifacts = []artifact{
	{name: "coredns", version: coreDNSVersion, module: "build/coredns", pkg: "."},
	{
		name: "local-path-provisioner", version: localPathVersion, module: "build/local-path",
		pkg: "github.com/rancher/local-path-provisioner",
	},
	{
		name: "metrics-server", version: metricsServerVersion, module: "build/metrics-server",
		pkg: "sigs.k8s.io/metrics-server/cmd/metrics-server",
	},
	{
		name: "traefik", version: traefikVersion, module: "build/traefik",
		pkg:     "github.com/traefik/traefik/v3/cmd/traefik",
		ldflags: "-X github.com/traefik/traefik/v3/pkg/version.Version=" + strings.TrimPrefix(traefikVersion, "v"),
	},
}

// toolArtifacts lists the binaries that are added to images of Debian packages: see
// debianImages.
var toolArtifacts = []artifact{
	{
		name: "rclone", version: rcloneVersion, module: "build/rclone", pkg: ".",
		ldflags: "-X github.com/rclone/rclone/fs.Version=" + rcloneVersion,
	},
}

func kubernetes(name string) artifact {
	const stamp = "-X k8s.io/component-base/version."
	parts := strings.SplitN(strings.TrimPrefix(kubernetesVersion, "v"), ".", 3)
	return artifact{
		name: name, version: kubernetesVersion, module: "build/kubernetes",
		pkg: "k8s.io/kubernetes/cmd/" + name,
		ldflags: stamp + "gitVersion=" + kubernetesVersion + " " +
			stamp + "gitMajor=" + parts[0] + " " + stamp + "gitMinor=" + parts[1],
	}
}

func containerd(name, ldflags string) artifact {
	return artifact{
		name: name, version: containerdVersion, module: "build/containerd",
		pkg: "github.com/containerd/containerd/v2/cmd/" + name, ldflags: ldflags,
	}
}

func cni(plugin string) artifact {
	return artifact{
		name: filepath.Base(plugin), version: cniVersion, module: "build/cni",
		pkg: "github.com/containernetworking/plugins/plugins/" + plugin,
	}
}

// ownArtifacts returns the programs of this module that run in images. Their version
// is a digest of their source and their shared package, so an edit is a new version.
func ownArtifacts() ([]artifact, error) {
	var own []artifact
	for _, name := range []string{"pause", "volume", "postgres", "mariadb", "valkey"} {
		dir := filepath.Join("image", name)
		version, err := sourceDigest(dir, filepath.Join("image", "firststart"))
		if err != nil {
			return nil, fmt.Errorf("reading the source of image %q: %w", name, err)
		}
		own = append(own, artifact{name: name, version: version, module: ".", pkg: "./" + dir})
	}
	return own, nil
}

// sourceDigest returns a short digest of the Go files below folders, without tests.
func sourceDigest(dirs ...string) (string, error) {
	sum := sha256.New()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			data, err := os.ReadFile(path)
			fmt.Fprintf(sum, "%s %d\n", filepath.ToSlash(path), len(data))
			sum.Write(data)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}
