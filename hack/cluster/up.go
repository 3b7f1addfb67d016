package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// runUp starts the cluster, or does nothing when it runs.
func runUp(ctx context.Context, _ []string) error {
	c, err := openCache()
	if err != nil {
		return err
	}
	if given, err := c.givenCluster(); given || err != nil {
		return err
	}
	if err := canRun(); err != nil {
		return err
	}
	unlock, err := c.lock("lock")
	if err != nil {
		return err
	}
	defer unlock()

	own, err := ownArtifacts()
	if err != nil {
		return fmt.Errorf("%w (run it as: go -C hack/cluster run . up)", err)
	}
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	began := time.Now()
	if running(current) && c.settled(ctx, current, own) {
		fmt.Fprintf(os.Stderr, "the cluster is up (%s)\n", elapsed(began))
		c.describe(os.Stderr, current)
		return nil
	}
	if err := c.bringUp(ctx, own); err != nil {
		return err
	}
	if current, err = c.readRecord(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "the cluster is up (%s)\n", elapsed(began))
	c.describe(os.Stderr, current)
	return nil
}

// givenCluster tells whether the caller brings a cluster along, and says so.
func (c cache) givenCluster() (bool, error) {
	kubeconfig, registry := os.Getenv("KUBECONFIG"), os.Getenv("IMAGE_REGISTRY")
	if kubeconfig == c.kubeconfig() {
		return false, nil // What env printed is this tool's own cluster.
	}
	switch {
	case kubeconfig != "" && registry != "":
		fmt.Fprintf(os.Stderr, "KUBECONFIG and IMAGE_REGISTRY are set: using the cluster of %s with images from %s\n", kubeconfig, registry)
		return true, nil
	case registry != "":
		return false, errors.New("IMAGE_REGISTRY is set without KUBECONFIG: set both to use a cluster of your own, or neither")
	}
	return false, nil
}

// canRun says what to do where this tool can't start a cluster.
func canRun() error {
	const instead = "or set KUBECONFIG and IMAGE_REGISTRY to use a cluster and a registry of your own"
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the local cluster runs on Linux only: use a Linux machine, %s", instead)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("the local cluster needs root: run it with sudo, %s", instead)
	}
	return nil
}

// work is a step of up, with what it is called while it runs.
type work struct {
	label string
	run   func() error
}

func (c cache) bringUp(ctx context.Context, own []artifact) error {
	var todo []work
	if packages := absent(requirements); len(packages) > 0 {
		todo = append(todo, work{"installing " + strings.Join(packages, ", "), func() error { return install(ctx, packages) }})
	}
	for _, a := range c.missing(testAssets, nodeArtifacts, addOnArtifacts, own) {
		todo = append(todo, work{"building " + a.name + " " + a.version, func() error { return c.build(ctx, a) }})
	}
	if !exists(c.postgresTar()) {
		todo = append(todo, work{"making the PostgreSQL " + postgresMajor + " image from Debian packages", func() error { return c.buildPostgres(ctx) }})
	}
	var api *apiClient
	todo = append(todo,
		work{"starting the node", func() (err error) { api, err = c.startNode(ctx); return err }},
		work{"pushing the system images and applying the add-ons", func() error { return c.furnish(ctx, api, own) }},
		work{"waiting for the node, DNS, storage and gateway", func() error { return c.awaitReady(ctx, api) }},
	)
	steps := &progress{out: os.Stderr, total: len(todo)}
	for _, w := range todo {
		if err := steps.step(w.label, w.run); err != nil {
			return err
		}
	}
	return nil
}

// startNode starts the supervisor, unless one runs, and waits for the API server.
func (c cache) startNode(ctx context.Context) (*apiClient, error) {
	if err := c.linkAssets(); err != nil {
		return nil, err
	}
	current, err := c.readRecord()
	if err != nil {
		return nil, err
	}
	if !running(current) {
		if err := c.endNode(current); err != nil {
			return nil, err
		}
		if err := c.writeState(); err != nil {
			return nil, fmt.Errorf("writing the node's configuration: %w", err)
		}
		if current, err = c.launch(ctx, current); err != nil {
			return nil, err
		}
	}
	config, err := kubeconfig(c.state("pki"), "admin", current.Ports.server())
	if err != nil {
		return nil, err
	}
	if err := writeFile(c.kubeconfig(), config, 0o600); err != nil {
		return nil, err
	}
	api, err := newAPIClient(c.state("pki"), current.Ports.server())
	if err != nil {
		return nil, err
	}
	return api, await(ctx, "the API server", 2*time.Minute, func(ctx context.Context) error {
		if now, err := c.readRecord(); err != nil || !running(now) {
			return fmt.Errorf("%w: the node ended: see %s", errFatal, c.cluster("supervisor.log"))
		}
		return api.get(ctx, "/readyz", nil)
	})
}

// writeState writes all that the node reads: certificates and configuration.
func (c cache) writeState() error {
	if err := writePKI(c.state("pki")); err != nil {
		return err
	}
	configs, err := renderConfigs(newSettings(c.cgroup()))
	if err != nil {
		return err
	}
	for _, user := range []string{"kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"} {
		if configs[user+".kubeconfig"], err = kubeconfig(c.state("pki"), user, "https://"+nodeIP+":"+apiPort); err != nil {
			return err
		}
	}
	for path, content := range configs {
		if err := writeFile(c.state("etc", path), content, 0o600); err != nil {
			return err
		}
	}
	for _, dir := range []string{"etcd", "var", "var/lib", "var/log", "var/tmp"} {
		if err := os.MkdirAll(c.state(dir), 0o700); err != nil {
			return err
		}
		if err := os.Chmod(c.state(dir), 0o755); err != nil {
			return err
		}
	}
	return os.Chmod(c.state("etcd"), 0o700)
}

// launch starts the supervisor, apart from this process and its terminal, and
// waits for its record.
func (c cache) launch(ctx context.Context, last record) (record, error) {
	self := c.cluster("atoll-cluster")
	if err := copySelf(self); err != nil {
		return record{}, fmt.Errorf("keeping a copy of this program: %w", err)
	}
	logFile, err := os.OpenFile(c.cluster("supervisor.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return record{}, err
	}
	defer logFile.Close()
	cmd := exec.Command(self, "supervise")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "ATOLL_CACHE="+c.dir)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.SysProcAttr = detached()
	if err := cmd.Start(); err != nil {
		return record{}, fmt.Errorf("starting the supervisor: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	var current record
	err = await(ctx, "the supervisor", 20*time.Second, func(context.Context) error {
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("%w: it ended (%v): see %s", errFatal, err, c.cluster("supervisor.log"))
		default:
		}
		if current, err = c.readRecord(); err != nil {
			return err
		}
		if current.Supervisor == last.Supervisor || !running(current) {
			return errors.New("it has not started the node yet")
		}
		return nil
	})
	return current, err
}

// copySelf keeps this program where it stays: go run deletes what it builds.
func copySelf(to string) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	data, err := io.ReadAll(self)
	if err != nil {
		return err
	}
	return writeFile(to, data, 0o755)
}

// furnish pushes the images and applies the add-ons, side by side.
func (c cache) furnish(ctx context.Context, api *apiClient, own []artifact) error {
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	pushed := make(chan error, 1)
	go func() {
		err := await(ctx, "the registry", 30*time.Second, func(ctx context.Context) error { return ping(ctx, current.Ports.registry()) })
		if err == nil {
			err = c.pushSystemImages(ctx, current.Ports.registry(), own)
		}
		pushed <- err
	}()
	err = c.applyManifests(ctx, api)
	return errors.Join(err, <-pushed)
}

// applyManifests applies what was not yet applied to this cluster.
func (c cache) applyManifests(ctx context.Context, api *apiClient) error {
	text, err := wantedManifests(ctx)
	if err != nil {
		return err
	}
	mark := c.state("applied")
	if last, err := os.ReadFile(mark); err == nil && string(last) == digest(text) {
		return nil
	}
	// The first pass may meet kinds whose definitions it has only just applied.
	var out []byte
	for range 20 {
		kubectl := exec.CommandContext(ctx, filepath.Join(c.assets(), "kubectl"), "--kubeconfig="+c.kubeconfig(),
			"apply", "--server-side", "--force-conflicts", "--field-manager=atoll-cluster", "-f", "-")
		kubectl.Stdin = strings.NewReader(text)
		if out, err = kubectl.CombinedOutput(); err == nil {
			return writeFile(mark, []byte(digest(text)), 0o644)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
	return fmt.Errorf("kubectl apply: %w: %s", err, out)
}

// wantedManifests finds the Gateway API's definitions in its module.
func wantedManifests(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "sigs.k8s.io/gateway-api")
	cmd.Dir, cmd.Env = "build/gateway-api", buildEnv(os.Environ(), runtime.GOOS)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("downloading the Gateway API: %w: %s", err, out)
	}
	cmd = exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api")
	cmd.Dir, cmd.Env = "build/gateway-api", buildEnv(os.Environ(), runtime.GOOS)
	dir, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("finding the Gateway API's module: %w", err)
	}
	return manifests(filepath.Join(strings.TrimSpace(string(dir)), "config", "crd", "standard"))
}

// part of a working cluster, and how to tell that it works.
type part struct {
	what  string
	check func(context.Context) error
}

// parts lists what a working cluster has. Since is when its node was started.
func parts(api *apiClient, since time.Time) []part {
	deployment := func(namespace, name string) func(context.Context) error {
		return func(ctx context.Context) error {
			if err := api.available(ctx, namespace, name); err != nil {
				return err
			}
			return api.startedSince(ctx, namespace, name, since)
		}
	}
	return []part{
		{"the node", func(ctx context.Context) error { return api.condition(ctx, "/api/v1/nodes/"+nodeName, "Ready") }},
		{"CoreDNS", deployment("kube-system", "coredns")},
		{"the local path provisioner", deployment("local-path-storage", "local-path-provisioner")},
		{"Traefik", deployment("traefik", "traefik")},
		{"the gateway class", func(ctx context.Context) error {
			return api.condition(ctx, "/apis/gateway.networking.k8s.io/v1/gatewayclasses/traefik", "Accepted")
		}},
	}
}

func (c cache) awaitReady(ctx context.Context, api *apiClient) error {
	current, err := c.readRecord()
	if err != nil {
		return err
	}
	for _, p := range parts(api, current.Started) {
		if err := await(ctx, p.what, 3*time.Minute, p.check); err != nil {
			return err
		}
	}
	return await(ctx, "the gateway", time.Minute, func(ctx context.Context) error { return answers(ctx, current.Ports.gateway()) })
}

// settled tells whether a running cluster lacks nothing.
func (c cache) settled(ctx context.Context, current record, own []artifact) bool {
	if len(c.missing(testAssets, nodeArtifacts, addOnArtifacts, own)) > 0 || !exists(c.kubeconfig()) {
		return false
	}
	text, err := wantedManifests(ctx)
	if err != nil {
		return false
	}
	if last, err := os.ReadFile(c.state("applied")); err != nil || string(last) != digest(text) {
		return false
	}
	mark, err := c.imagesMark(own)
	if err != nil {
		return false
	}
	if last, err := os.ReadFile(c.state("pushed")); err != nil || string(last) != mark {
		return false
	}
	api, err := newAPIClient(c.state("pki"), current.Ports.server())
	if err != nil {
		return false
	}
	for _, p := range parts(api, current.Started) {
		if p.check(ctx) != nil {
			return false
		}
	}
	return ping(ctx, current.Ports.registry()) == nil && answers(ctx, current.Ports.gateway()) == nil
}
