package main

// component is a process that the node runs and restarts when it exits.
type component struct {
	name string
	args []string
	// self is true for a component that is another command of this program.
	self bool
	// waitFor is a file that must exist before the component starts.
	waitFor string
}

// components returns the node's components. They start in parallel without an order: each retries,
// or crashes and restarts, until its dependencies respond. policies adds the firewall.
func components(policies bool) []component {
	state := func(path string) string { return nodeState + "/" + path }
	pki := func(name string) string { return state("pki/" + name) }
	kubeconfig := func(name string) string { return state("etc/" + name + ".kubeconfig") }

	all := []component{
		{name: "etcd", args: []string{
			"--name=" + nodeName,
			"--data-dir=" + state("etcd"),
			"--listen-client-urls=http://127.0.0.1:2379",
			"--advertise-client-urls=http://127.0.0.1:2379",
			"--listen-peer-urls=http://127.0.0.1:2380",
			"--initial-advertise-peer-urls=http://127.0.0.1:2380",
			"--initial-cluster=" + nodeName + "=http://127.0.0.1:2380",
			// Without fsync only a crash of the machine loses data, which is fine here.
			"--unsafe-no-fsync",
			"--auto-compaction-retention=5m",
		}},
		{name: "kube-apiserver", args: []string{
			"--advertise-address=" + nodeIP,
			"--secure-port=" + apiPort,
			"--etcd-servers=http://127.0.0.1:2379",
			"--service-cluster-ip-range=" + serviceCIDR,
			"--authorization-mode=Node,RBAC",
			"--enable-admission-plugins=NodeRestriction",
			"--allow-privileged=true",
			"--client-ca-file=" + pki("ca.crt"),
			"--tls-cert-file=" + pki("apiserver.crt"),
			"--tls-private-key-file=" + pki("apiserver.key"),
			"--kubelet-certificate-authority=" + pki("ca.crt"),
			"--kubelet-client-certificate=" + pki("apiserver-kubelet-client.crt"),
			"--kubelet-client-key=" + pki("apiserver-kubelet-client.key"),
			// No DNS server knows the node's name, so logs and exec need its address.
			"--kubelet-preferred-address-types=InternalIP",
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file=" + pki("service-account.key"),
			"--service-account-signing-key-file=" + pki("service-account.key"),
			"--requestheader-client-ca-file=" + pki("front-proxy-ca.crt"),
			"--requestheader-allowed-names=front-proxy-client",
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--requestheader-group-headers=X-Remote-Group",
			"--requestheader-username-headers=X-Remote-User",
			"--proxy-client-cert-file=" + pki("front-proxy-client.crt"),
			"--proxy-client-key-file=" + pki("front-proxy-client.key"),
		}},
		{name: "kube-controller-manager", args: []string{
			"--kubeconfig=" + kubeconfig("kube-controller-manager"),
			"--authentication-kubeconfig=" + kubeconfig("kube-controller-manager"),
			"--authorization-kubeconfig=" + kubeconfig("kube-controller-manager"),
			"--bind-address=127.0.0.1",
			// There is one instance, and a lease would only delay a restart.
			"--leader-elect=false",
			"--use-service-account-credentials=true",
			"--root-ca-file=" + pki("ca.crt"),
			"--service-account-private-key-file=" + pki("service-account.key"),
			"--cluster-signing-cert-file=" + pki("ca.crt"),
			"--cluster-signing-key-file=" + pki("ca.key"),
		}},
		{name: "kube-scheduler", args: []string{
			"--kubeconfig=" + kubeconfig("kube-scheduler"),
			"--authentication-kubeconfig=" + kubeconfig("kube-scheduler"),
			"--authorization-kubeconfig=" + kubeconfig("kube-scheduler"),
			"--bind-address=127.0.0.1",
			"--leader-elect=false",
		}},
		{name: "containerd", args: []string{"--config=" + state("etc/containerd.toml")}},
		{name: "kubelet", waitFor: "/run/containerd/containerd.sock", args: []string{
			"--config=" + state("etc/kubelet.yaml"),
			"--kubeconfig=" + kubeconfig("kubelet"),
			"--node-ip=" + nodeIP,
			"--hostname-override=" + nodeName,
			"--node-labels=topology.kubernetes.io/region=local,topology.kubernetes.io/zone=local",
		}},
		{name: "kube-proxy", args: []string{"--config=" + state("etc/kube-proxy.yaml")}},
		{name: "registry", self: true, args: []string{"registry", "127.0.0.1:" + registryPort, state("registry")}},
	}
	if policies {
		// Only its firewall runs.
		all = append(all, component{name: "kube-router", args: []string{
			"--kubeconfig=" + kubeconfig("kube-router"),
			"--hostname-override=" + nodeName,
			"--service-cluster-ip-range=" + serviceCIDR,
			"--run-firewall=true",
			"--run-router=false",
			"--run-service-proxy=false",
			"--run-loadbalancer=false",
			"--enable-ipv6=false",
			"--health-port=0",
			"--metrics-port=0",
		}})
	}
	return all
}
