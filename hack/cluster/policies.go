package main

import (
	"fmt"
	"os"
	"slices"
)

// policiesVariable is the environment variable that asks for a cluster which enforces
// NetworkPolicies.
const policiesVariable = "ATOLL_NETWORK_POLICIES"

// wantsPolicies reports whether kube-router's firewall is wanted. Without it, pods reach each
// other at once: the firewall needs a moment for each new pod.
func wantsPolicies() (bool, error) {
	switch value := os.Getenv(policiesVariable); value {
	case "":
		return false, nil
	case "enforce":
		return true, nil
	default:
		return false, fmt.Errorf("%s is %q; set it to enforce, or unset it", policiesVariable, value)
	}
}

// enforcesPolicies reports whether the running cluster enforces NetworkPolicies or, if none
// runs, whether the next one will.
func (c cache) enforcesPolicies() (bool, error) {
	current, err := c.readRecord()
	if err != nil || running(current) {
		return current.Policies, err
	}
	return wantsPolicies()
}

// checkPolicies fails if the running cluster enforces NetworkPolicies and none that does is
// wanted, or the other way around. What runs on it would not show the difference.
func checkPolicies(enforced, wanted bool) error {
	switch {
	case enforced && !wanted:
		return fmt.Errorf("the running cluster enforces NetworkPolicies; to keep it, set %s=enforce, and for one that does not, run: go -C hack/cluster run . down", policiesVariable)
	case wanted && !enforced:
		return fmt.Errorf("the running cluster does not enforce NetworkPolicies; to keep it, unset %s, and for one that does, run: go -C hack/cluster run . down", policiesVariable)
	}
	return nil
}

// policiesMode describes what a cluster does with NetworkPolicies.
func policiesMode(enforced bool) string {
	if enforced {
		return "enforced by kube-router"
	}
	return "stored only"
}

// wantedNodeArtifacts returns the binaries that the node needs besides testAssets.
func wantedNodeArtifacts(policies bool) []artifact {
	if policies {
		return append(slices.Clone(nodeArtifacts), firewallArtifact)
	}
	return nodeArtifacts
}

// wantedPrograms returns the programs that the node needs and that are not built from a Go
// module.
func wantedPrograms(policies bool) []requirement {
	if policies {
		return append(slices.Clone(requirements), firewallRequirement)
	}
	return requirements
}
