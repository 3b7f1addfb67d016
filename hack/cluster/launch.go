package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// startNode starts the supervisor unless it runs, and waits for the API server.
func (c cache) startNode(ctx context.Context) (*apiClient, error) {
	if err := c.linkAssets(); err != nil {
		return nil, err
	}
	current, err := c.readRecord()
	if err != nil {
		return nil, err
	}
	if !running(current) {
		if err := c.stopNode(current); err != nil {
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
	err = waitUntil(ctx, "the API server", 2*time.Minute, func(ctx context.Context) error {
		if latest, err := c.readRecord(); err != nil || !running(latest) {
			return fmt.Errorf("%w: the node exited; see %s", errFatal, c.cluster("supervisor.log"))
		}
		return api.get(ctx, "/readyz", nil)
	})
	if err != nil {
		return nil, fmt.Errorf("%w\nto see why, run: go -C hack/cluster run . logs kube-apiserver; on a busy machine, run the command again", err)
	}
	return api, nil
}

// writeState writes the certificates, configuration and folders of the node.
func (c cache) writeState() error {
	if err := writePKI(c.state("pki")); err != nil {
		return err
	}
	configs, err := renderConfigs(newSettings(c.cgroup()))
	if err != nil {
		return err
	}
	for _, user := range []string{"kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kube-router"} {
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

// launch starts the supervisor detached from this process and its terminal, and waits
// for its record.
func (c cache) launch(ctx context.Context, last record) (record, error) {
	self := c.cluster("atoll-cluster")
	if err := copySelf(self); err != nil {
		return record{}, fmt.Errorf("copying this program: %w", err)
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
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()

	var current record
	err = waitUntil(ctx, "the supervisor", 20*time.Second, func(context.Context) error {
		select {
		case err := <-exited:
			exited <- err
			return fmt.Errorf("%w: the supervisor exited (%w); see %s", errFatal, err, c.cluster("supervisor.log"))
		default:
		}
		if current, err = c.readRecord(); err != nil {
			return err
		}
		if current.Supervisor == last.Supervisor || !running(current) {
			return errors.New("the node has not started yet")
		}
		return nil
	})
	return current, err
}

// copySelf copies this program, because go run deletes its binary on exit.
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
