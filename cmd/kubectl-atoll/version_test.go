// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// operatorCluster is a cluster with an operator, and with some versions of the API.
func operatorCluster(image string, served ...string) client.WithWatch {
	var versions []schema.GroupVersion
	for _, version := range served {
		versions = append(versions, schema.GroupVersion{Group: v1alpha1.GroupVersion.Group, Version: version})
	}
	mapper := meta.NewDefaultRESTMapper(versions)
	for _, version := range versions {
		mapper.Add(version.WithKind("Microservice"), meta.RESTScopeNamespace)
	}
	mapper.Add(appsv1.SchemeGroupVersion.WithKind("Deployment"), meta.RESTScopeNamespace)
	manager := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "atoll-system", Name: "atoll-controller-manager",
		Labels: map[string]string{"app.kubernetes.io/name": "atoll", "control-plane": "controller-manager"}}}
	manager.Spec.Template.Spec.Containers = []corev1.Container{{Name: "manager", Image: image}, {Name: "proxy", Image: "proxy:v9"}}
	other := manager.DeepCopy()
	other.Name, other.Labels["app.kubernetes.io/name"] = "other-controller-manager", "other"
	return fake.NewClientBuilder().WithScheme(offline.Scheme).WithRESTMapper(mapper).WithObjects(manager, other).Build()
}

func TestVersionText(t *testing.T) {
	released := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v0.2.0"}}
	// Since Go 1.24, a build from a checkout has the version of its commit.
	built := func(version, modified string) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Path: "github.com/atoll-dev/atoll", Version: version},
			Settings: []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "0123abc"}, {Key: "vcs.modified", Value: modified}}}
	}
	checkout := built("(devel)", "true")
	const operator = "Operator    v0.2.0, ghcr.io/atoll-dev/atoll:v0.2.0, Deployment atoll-controller-manager in namespace atoll-system\n"
	for name, tc := range map[string]struct {
		info  *debug.BuildInfo
		image string
		api   []string
		want  string
	}{
		"one version": {released, "ghcr.io/atoll-dev/atoll:v0.2.0", []string{"v1alpha1"},
			"Plugin      v0.2.0, go1.26.0, atoll.dev/v1alpha1\n" + operator + "API         atoll.dev/v1alpha1\n"},
		"an older operator": {released, "ghcr.io/atoll-dev/atoll:v0.1.0", []string{"v1alpha1"},
			"Plugin      v0.2.0, go1.26.0, atoll.dev/v1alpha1\n" + strings.ReplaceAll(operator, "v0.2.0", "v0.1.0") + "API         atoll.dev/v1alpha1\n\n" +
				"The plugin is v0.2.0, and the operator in namespace atoll-system is v0.1.0:\nrender and diff show what the plugin's version would apply; install a plugin of\nversion v0.1.0.\n"},
		"another API": {released, "ghcr.io/atoll-dev/atoll:v0.2.0", []string{"v1", "v1beta1"},
			"Plugin      v0.2.0, go1.26.0, atoll.dev/v1alpha1\n" + operator + "API         atoll.dev/v1, atoll.dev/v1beta1\n\n" +
				"The cluster serves atoll.dev/v1, atoll.dev/v1beta1, and the plugin reads\natoll.dev/v1alpha1: install a plugin of the operator's version.\n"},
		"a build of a commit after a release": {built("v0.2.1-0.20260504115901-0123abcdef01", "false"), "ghcr.io/atoll-dev/atoll:v0.2.0", []string{"v1alpha1"},
			"Plugin      v0.2.1-0.20260504115901-0123abcdef01, revision 0123abc, go1.26.0, atoll.dev/v1alpha1\n" + operator + "API         atoll.dev/v1alpha1\n"},
		"a build of a release with changes": {built("v0.2.0+dirty", "true"), "ghcr.io/atoll-dev/atoll:v0.2.0", []string{"v1alpha1"},
			"Plugin      v0.2.0+dirty, revision 0123abc with changes, go1.26.0, atoll.dev/v1alpha1\n" + operator + "API         atoll.dev/v1alpha1\n"},
		"a build of a checkout without tags": {built("v0.0.0-20260504115901-0123abcdef01+dirty", "true"), "ghcr.io/atoll-dev/atoll:v0.2.0", []string{"v1alpha1"},
			"Plugin      v0.0.0-20260504115901-0123abcdef01+dirty, revision 0123abc with changes, go1.26.0, atoll.dev/v1alpha1\n" + operator + "API         atoll.dev/v1alpha1\n"},
		"a build of the commit of a release": {built("v0.1.0", "false"), "ghcr.io/atoll-dev/atoll:v0.2.0", []string{"v1alpha1"},
			"Plugin      v0.1.0, revision 0123abc, go1.26.0, atoll.dev/v1alpha1\n" + operator + "API         atoll.dev/v1alpha1\n\n" +
				"The plugin is v0.1.0, and the operator in namespace atoll-system is v0.2.0:\nrender and diff show what the plugin's version would apply; install a plugin of\nversion v0.2.0.\n"},
		"no CRDs, and a build of a checkout": {checkout, "controller:latest", nil,
			"Plugin      unknown version, revision 0123abc with changes, go1.26.0, atoll.dev/v1alpha1\n" +
				"Operator    latest, controller:latest, Deployment atoll-controller-manager in namespace atoll-system\n\nAtoll's CRDs are not installed in the cluster.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			v := &versions{Plugin: newPluginVersion(tc.info)}
			if err := v.readCluster(t.Context(), operatorCluster(tc.image, tc.api...)); err != nil {
				t.Fatal(err)
			}
			v.compare()
			if diff := cmp.Diff(tc.want, v.text(terminal{width: 80})); diff != "" {
				t.Errorf("the text differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVersionCommand(t *testing.T) {
	unreachable := func() client.WithWatch {
		return interceptor.NewClient(operatorCluster("a:v1", "v1alpha1"), interceptor.Funcs{List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "deployments"}, "", nil)
		}})
	}
	if got := runPlugin(t, unreachable(), "", "version"); got.code != 0 || !strings.Contains(got.out, "Operator    unknown: you are not allowed to list Deployments in all namespaces\nAPI         atoll.dev/v1alpha1\n") {
		t.Errorf("without rights: %+v", got)
	}
	if got := runPlugin(t, nil, "", "version", "--client"); got.code != 0 || !strings.HasPrefix(got.out, "Plugin      ") || strings.Count(got.out, "\n") != 1 {
		t.Errorf("of the client only: %+v", got)
	}
	v := &versions{}
	if err := json.Unmarshal([]byte(runPlugin(t, operatorCluster("a:v1", "v1alpha1"), "", "version", "-o", "json").out), v); err != nil {
		t.Fatal(err)
	}
	want := []operatorVersion{{Namespace: "atoll-system", Name: "atoll-controller-manager", Image: "a:v1", Version: "v1"}}
	if diff := cmp.Diff(want, v.Operators); diff != "" || v.Plugin.APIVersion != "atoll.dev/v1alpha1" {
		t.Errorf("as JSON: %+v\n%s", v, diff)
	}
	empty := fake.NewClientBuilder().WithScheme(offline.Scheme).Build()
	if got := runPlugin(t, empty, "", "version"); !strings.Contains(got.out, "Operator    none found in the cluster\n") {
		t.Errorf("without an operator: %+v", got)
	}
}
