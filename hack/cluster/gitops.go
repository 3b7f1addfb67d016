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

const (
	kustomizeControllerModule = "github.com/fluxcd/kustomize-controller"
	sourceControllerModule    = "github.com/fluxcd/source-controller"
	argoCDModule              = "github.com/argoproj/argo-cd/v3"
)

// gitOpsArtifacts lists the controllers of Flux and Argo CD, and the program with which Argo CD
// builds kustomizations, by the tool. make test-gitops runs them on this machine.
var gitOpsArtifacts = map[string][]artifact{
	"flux": {
		{name: "flux-kustomize-controller", version: fluxVersion, module: "build/flux-kustomize-controller", pkg: kustomizeControllerModule},
		{name: "flux-source-controller", version: fluxVersion, module: "build/flux-source-controller", pkg: sourceControllerModule},
	},
	"argocd": {
		{name: "kustomize", version: kustomizeVersion, module: "build/kustomize", pkg: "sigs.k8s.io/kustomize/kustomize/v5"},
		{
			name: "argocd", version: argoCDVersion, module: "build/argo-cd", pkg: argoCDModule + "/cmd",
			ldflags: "-X " + argoCDModule + "/common.version=" + strings.TrimPrefix(argoCDVersion, "v"),
			// It needs a later Go than this repository.
			toolchain: "auto",
		},
	},
}

// gitOpsSources maps artifacts to their modules, whose definitions and files the controllers need.
var gitOpsSources = map[string]string{
	"flux-kustomize-controller": kustomizeControllerModule,
	"flux-source-controller":    sourceControllerModule,
	"argocd":                    argoCDModule,
}

// runGitOps builds the controllers of the named tools, or of all. It prints name=path lines of the
// binaries, the source of their modules and, if the cluster runs, its network namespace.
func runGitOps(ctx context.Context, tools []string) error {
	if runtime.GOOS != "linux" {
		return errors.New("the GitOps controllers run on Linux only")
	}
	if len(tools) == 0 {
		tools = []string{"flux", "argocd"}
	}
	var artifacts []artifact
	for _, tool := range tools {
		if gitOpsArtifacts[tool] == nil {
			return fmt.Errorf("unknown tool %q; usage: gitops [flux] [argocd]", tool)
		}
		artifacts = append(artifacts, gitOpsArtifacts[tool]...)
	}
	c, err := openCache()
	if err != nil {
		return err
	}
	if err := runTasks(os.Stderr, c.buildTasks(ctx, c.missing(artifacts))); err != nil {
		return err
	}
	for _, a := range artifacts {
		fmt.Printf("%s=%s\n", a.name, c.bin(a.file()))
		if module := gitOpsSources[a.name]; module != "" {
			dir, err := moduleFolder(ctx, a, module)
			if err != nil {
				return err
			}
			fmt.Printf("%s-source=%s\n", a.name, dir)
		}
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
