package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each version exists in a go.mod, which tools can update, and as a constant.
func TestVersionsMatchModules(t *testing.T) {
	for module, want := range map[string]string{
		"kubernetes":     "k8s.io/kubernetes " + kubernetesVersion,
		"etcd":           "go.etcd.io/etcd/server/v3 " + etcdVersion,
		"containerd":     "github.com/containerd/containerd/v2 " + containerdVersion,
		"cni":            "github.com/containernetworking/plugins " + cniVersion,
		"coredns":        "github.com/coredns/coredns " + coreDNSVersion,
		"local-path":     "github.com/rancher/local-path-provisioner " + localPathVersion,
		"kube-router":    "github.com/cloudnativelabs/kube-router/v2 " + kubeRouterVersion,
		"metrics-server": "sigs.k8s.io/metrics-server " + metricsServerVersion,
		"rclone":         "github.com/rclone/rclone " + rcloneVersion,
		"traefik":        "github.com/traefik/traefik/v3 " + traefikVersion,
		"gateway-api":    "sigs.k8s.io/gateway-api v1.6.3",
		"argo-cd":        argoCDModule + " " + argoCDVersion,
		"kustomize":      "sigs.k8s.io/kustomize/kustomize/v5 " + kustomizeVersion,

		"flux-kustomize-controller": kustomizeControllerModule + " " + fluxVersion,
		"flux-source-controller":    sourceControllerModule + " " + fluxVersion,
	} {
		data, err := os.ReadFile(filepath.Join("build", module, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), want) {
			t.Errorf("build/%s/go.mod does not require %s", module, want)
		}
	}
}

func TestRcloneTagMatchesVersion(t *testing.T) {
	if !strings.HasPrefix(rcloneVersion, "v"+rclone.tag+".") {
		t.Errorf("rclone %s has image tag %q", rcloneVersion, rclone.tag)
	}
}

func TestArtifactFilesAreNamedByVersion(t *testing.T) {
	a := kubernetes("kube-apiserver")
	if got, want := a.file(), "kube-apiserver-v1.37.2"; got != want {
		t.Errorf("file is %q, want %q", got, want)
	}
	for _, want := range []string{"gitVersion=v1.37.2", "gitMajor=1", "gitMinor=37"} {
		if !strings.Contains(a.ldflags, want) {
			t.Errorf("ldflags %q lack %q", a.ldflags, want)
		}
	}
}

func TestArtifactNamesAreUnique(t *testing.T) {
	own, err := ownArtifacts()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, list := range [][]artifact{testAssets, nodeArtifacts, addOnArtifacts, toolArtifacts, gitOpsArtifacts["flux"], gitOpsArtifacts["argocd"], own} {
		for _, a := range list {
			if seen[a.name] {
				t.Errorf("two artifacts are named %q", a.name)
			}
			seen[a.name] = true
		}
	}
}

func TestSourceDigestChangesWithTheSource(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	digestOf := func(content string) string {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := sourceDigest(dir)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := digestOf("package main")
	if again := digestOf("package main"); again != first {
		t.Errorf("the same source has digests %q and %q", first, again)
	}
	if other := digestOf("package main // edited"); other == first {
		t.Error("edited source has the same digest")
	}
}

func TestBuildEnvDropsBuildVariables(t *testing.T) {
	got := strings.Join(buildEnv([]string{"GOFLAGS=-mod=mod", "GOOS=plan9", "GOWORK=/x", "HOME=/h", "CGO_ENABLED=1"}, "linux"), " ")
	for _, want := range []string{"HOME=/h", "GOOS=linux", "CGO_ENABLED=0", "GOWORK=off"} {
		if !strings.Contains(got, want) {
			t.Errorf("the environment %q lacks %q", got, want)
		}
	}
	if strings.Contains(got, "plan9") || strings.Contains(got, "mod=mod") {
		t.Errorf("the environment %q keeps the caller's settings", got)
	}
}

func TestMissingIncludesInterruptedBuilds(t *testing.T) {
	c := cache{dir: t.TempDir()}
	built, unbuilt := artifact{name: "built", version: "v1"}, artifact{name: "unbuilt", version: "v1"}
	// An interrupted build leaves this folder.
	if err := os.MkdirAll(c.bin(".building-1"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{c.bin(built.file()), c.bin(".building-1/unbuilt-v1")} {
		if err := os.WriteFile(file, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got := c.missing([]artifact{built, unbuilt})
	if len(got) != 1 || got[0].name != "unbuilt" {
		t.Errorf("missing returned %v, want only the unbuilt artifact", got)
	}
}
