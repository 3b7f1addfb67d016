// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// operatorNamespace and operatorAccount are the identity of the operator that
// config/default installs.
const operatorNamespace, operatorAccount = "atoll-system", "atoll-controller-manager"

// installation is what config/default installs, except the CRDs and the manager's pods.
func installation(path string) []*unstructured.Unstructured {
	GinkgoHelper()
	options := krusty.MakeDefaultOptions()
	// Namespaces come first.
	options.Reorder = krusty.ReorderOptionLegacy
	built, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), filepath.Join("..", "..", path))
	Expect(err).NotTo(HaveOccurred())
	var all []*unstructured.Unstructured
	for _, resource := range built.Resources() {
		switch resource.GetKind() {
		case "CustomResourceDefinition", "Deployment", "Service":
			continue
		}
		content, err := resource.Map()
		Expect(err).NotTo(HaveOccurred())
		all = append(all, &unstructured.Unstructured{Object: content})
	}
	return all
}

// install creates on an API server what a folder, such as config/default, installs: the
// operator's account, its rights, the roles of users and the admission policies.
func install(to *rest.Config, folder string) {
	GinkgoHelper()
	c, err := client.New(to, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	for _, o := range installation(filepath.Join("config", folder)) {
		Expect(c.Create(context.Background(), o)).To(Succeed(), "%s %s", o.GetKind(), o.GetName())
	}
}

// asOperator returns the configuration of a client with the operator's identity.
func asOperator(to *rest.Config) *rest.Config {
	return asUser(to, "system:serviceaccount:"+operatorNamespace+":"+operatorAccount,
		"system:serviceaccounts", "system:serviceaccounts:"+operatorNamespace, "system:authenticated")
}

// asUser returns the configuration of a client with the identity of a user.
func asUser(to *rest.Config, name string, groups ...string) *rest.Config {
	as := rest.CopyConfig(to)
	as.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: groups}
	return as
}

// clientAs returns a client with the identity of a user.
func clientAs(name string, groups ...string) client.Client {
	GinkgoHelper()
	c, err := client.New(asUser(apiServer, name, groups...), client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	return c
}
