// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// notGenerated are the kinds without a generated template. Those of most are written by hand,
// because values change them. Helm creates the Namespace.
var notGenerated = map[string]bool{"Namespace": true, "ServiceAccount": true, "Service": true, "Deployment": true, "PodDisruptionBudget": true}

// place returns the object with its file and conditions. It returns false for an object without a
// generated template. granted has the names of the roles that a binding grants.
func place(o object, granted map[string]bool) (chartObject, bool, error) {
	short := strings.TrimPrefix(o.name(), namePrefix)
	c := chartObject{object: o}
	switch o.kind() {
	case "CustomResourceDefinition":
		c.file, c.conditions = "crds/"+o.name()+".yaml", []string{"$.Values.crds.install"}
	case "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding":
		c.file, c.conditions = "policies/"+short+".yaml", []string{fmt.Sprintf("index $.Values.policies %q", short)}
	case "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
		c.forUsers = o.kind() == "ClusterRole" && !granted[o.name()]
		c.file, c.conditions = placeRights(short, c.forUsers)
	default:
		if !notGenerated[o.kind()] {
			return c, false, fmt.Errorf("%s has no template: add its kind to place, or to notGenerated if you write the template yourself", o.id())
		}
		return c, false, nil
	}
	return c, true, nil
}

// placeRights returns the file and the conditions of a role or a binding.
func placeRights(short string, forUsers bool) (file string, conditions []string) {
	switch {
	case strings.HasPrefix(short, "metrics-"):
		return "rbac/metrics.yaml", []string{"$.Values.metrics.enabled"}
	case strings.HasPrefix(short, "leader-election-"):
		return "rbac/leader_election.yaml", []string{"$.Values.leaderElection.enabled"}
	case forUsers:
		return "rbac/users.yaml", []string{"$.Values.userRoles.create"}
	}
	return "rbac/manager.yaml", nil
}
