package main

import (
	"slices"
	"strings"
	"testing"
)

func TestWantsPolicies(t *testing.T) {
	for value, tc := range map[string]struct{ want, wantErr bool }{
		"":        {},
		"enforce": {want: true},
		"Enforce": {wantErr: true},
		"true":    {wantErr: true},
		"0":       {wantErr: true},
	} {
		t.Setenv(policiesVariable, value)
		got, err := wantsPolicies()
		if got != tc.want || (err != nil) != tc.wantErr {
			t.Errorf("%q: got %t, %v; want %t, error %t", value, got, err, tc.want, tc.wantErr)
		}
	}
}

func TestEnforcesPoliciesFollowsTheVariableWithoutACluster(t *testing.T) {
	c := cache{dir: t.TempDir()}
	// A cluster that no longer runs.
	if err := c.writeRecord(record{Policies: true}); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]bool{"": false, "enforce": true} {
		t.Setenv(policiesVariable, value)
		if got, err := c.enforcesPolicies(); got != want || err != nil {
			t.Errorf("%q: got %t, %v", value, got, err)
		}
	}
}

func TestCheckPolicies(t *testing.T) {
	for name, tc := range map[string]struct {
		enforced, wanted bool
		want             string
	}{
		"neither":                      {},
		"both":                         {enforced: true, wanted: true},
		"a cluster that enforces them": {enforced: true, want: "to keep it, set ATOLL_NETWORK_POLICIES=enforce"},
		"a cluster that does not":      {wanted: true, want: "to keep it, unset ATOLL_NETWORK_POLICIES"},
	} {
		err := checkPolicies(tc.enforced, tc.wanted)
		if (err != nil) != (tc.want != "") || err != nil && (!strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "go -C hack/cluster run . down")) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

func TestOnlyTheFirewallNeedsItsPrograms(t *testing.T) {
	for _, policies := range []bool{false, true} {
		if got := slices.Contains(wantedPrograms(policies), requirement{"ipset", "ipset"}); got != policies {
			t.Errorf("policies %t: ipset is required: %t", policies, got)
		}
		if got := slices.Contains(wantedNodeArtifacts(policies), firewallArtifact); got != policies {
			t.Errorf("policies %t: kube-router is built: %t", policies, got)
		}
		if got := slices.ContainsFunc(components(policies), func(c component) bool { return c.name == "kube-router" }); got != policies {
			t.Errorf("policies %t: kube-router runs: %t", policies, got)
		}
	}
}
