package main

import (
	"errors"
	"os"
	"slices"
)

// policiesVariable is the environment variable that asks for a cluster which enforces
// NetworkPolicies.
const policiesVariable = "ATOLL_NETWORK_POLICIES"

// enforcesPolicies reports whether kube-router's firewall is wanted. Without it, pods reach each
// other at once: the firewall needs a moment for each new pod.
func enforcesPolicies() bool { return os.Getenv(policiesVariable) == "enforce" }

// wantedNodeArtifacts are the binaries that the node needs besides testAssets.
func wantedNodeArtifacts() []artifact {
	if enforcesPolicies() {
		return append(slices.Clone(nodeArtifacts), firewallArtifact)
	}
	return nodeArtifacts
}

// checkPolicies fails if the running cluster does not enforce what is asked for.
func checkPolicies(current record) error {
	if running(current) && enforcesPolicies() && !current.Policies {
		return errors.New("the running cluster does not enforce NetworkPolicies; run: go -C hack/cluster run . down")
	}
	return nil
}
