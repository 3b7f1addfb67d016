package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// gitOpsArtifacts lists the controllers of Flux and Argo CD, and the program with which Argo CD
// builds kustomizations. make test-gitops runs them on this machine.
var gitOpsArtifacts = []artifact{
	flux("kustomize-controller"),
	flux("source-controller"),
	{name: "kustomize", version: kustomizeVersion, module: "build/kustomize", pkg: "sigs.k8s.io/kustomize/kustomize/v5"},
	{
		name: "argocd", version: argoCDVersion, module: "build/argo-cd", pkg: argoCDModule + "/cmd",
		ldflags: "-X " + argoCDModule + "/common.version=" + strings.TrimPrefix(argoCDVersion, "v"),
		// It needs a later Go than this repository.
		toolchain: "auto",
	},
}

const argoCDModule = "github.com/argoproj/argo-cd/v3"

func flux(name string) artifact {
	return artifact{name: "flux-" + name, version: fluxVersion, module: "build/flux-" + name, pkg: "github.com/fluxcd/" + name}
}

// gitOpsSources maps names to the modules with the definitions and files that the controllers need.
var gitOpsSources = []struct {
	name, module string
	artifact     artifact
}{
	{"flux-kustomize-controller-source", "github.com/fluxcd/kustomize-controller", gitOpsArtifacts[0]},
	{"flux-source-controller-source", "github.com/fluxcd/source-controller", gitOpsArtifacts[1]},
	{"argocd-source", argoCDModule, gitOpsArtifacts[3]},
}

// runGitOps builds the GitOps controllers. It prints name=path lines of the binaries, the source
// of their modules and, if the cluster runs, its network namespace.
func runGitOps(ctx context.Context, _ []string) error {
	if runtime.GOOS != "linux" {
		return errors.New("the GitOps controllers run on Linux only")
	}
	c, err := openCache()
	if err != nil {
		return err
	}
	if err := runTasks(os.Stderr, c.buildTasks(ctx, c.missing(gitOpsArtifacts))); err != nil {
		return err
	}
	for _, a := range gitOpsArtifacts {
		fmt.Printf("%s=%s\n", a.name, c.bin(a.file()))
	}
	for _, source := range gitOpsSources {
		dir, err := moduleFolder(ctx, source.artifact, source.module)
		if err != nil {
			return err
		}
		fmt.Printf("%s=%s\n", source.name, dir)
	}
	current, err := c.readRecord()
	if err == nil && running(current) && os.Getenv("KUBECONFIG") == c.kubeconfig() {
		fmt.Printf("network-namespace=/proc/%d/ns/net\nserver-in-namespace=https://127.0.0.1:%s\n", current.Node.PID, apiPort)
	}
	return err
}

// moduleFolder downloads a module in the version that an artifact is built from, and returns the
// folder with its source.
func moduleFolder(ctx context.Context, a artifact, module string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	cmd.Dir, cmd.Env = a.module, append(buildEnv(os.Environ(), runtime.GOOS), a.toolchainEnv()...)
	out, err := cmd.Output()
	var downloaded struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &downloaded); err == nil {
		err = jsonErr
	}
	if err != nil {
		return "", fmt.Errorf("downloading %s: %w %s", module, err, downloaded.Error)
	}
	return downloaded.Dir, nil
}
