// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// afterDeletion returns what stays of a service: the garbage collector deletes all objects with
// an owner.
func afterDeletion(t *testing.T, ms *v1alpha1.Microservice) []client.Object {
	t.Helper()
	ms.UID, ms.Spec.TopologyRef = "1", nil
	all := convergedCluster(t, ms.Name, ms)
	if db := ms.Spec.Database; db.Provider != v1alpha1.ProviderCloudNativePG {
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: ms.Namespace, Name: names.DatabaseClaim(ms.Name),
			Labels: names.Labels(ms, v1alpha1.ComponentDatabase), Annotations: map[string]string{inputs.AnnotationVersion: "17.4"}}}
		claim.Labels[inputs.LabelEngine] = "postgresql"
		claim.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("2Gi")}
		all = append(all, claim)
	}
	all = slices.DeleteFunc(all, func(o client.Object) bool { return o == client.Object(ms) || len(o.GetOwnerReferences()) > 0 })
	for _, o := range all {
		o.SetCreationTimestamp(metav1.NewTime(noon.Add(-72 * time.Hour)))
	}
	return all
}

func onPostgreSQL(name string, provider v1alpha1.DatabaseProvider) *v1alpha1.Microservice {
	ms := service(name)
	ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Provider: provider}
	return ms
}

func TestLeftoversCommand(t *testing.T) {
	billing := onPostgreSQL("billing", v1alpha1.ProviderCloudNativePG)
	billing.Namespace = "shop"
	billing.Spec.Database.Backup = &v1alpha1.DatabaseBackup{Schedule: "@daily", Destination: v1alpha1.BackupLocation{S3: &v1alpha1.S3Location{Bucket: "backups", SecretName: "s3"}}}
	left := append(afterDeletion(t, onPostgreSQL("orders", "")), afterDeletion(t, billing)...)
	// A live service keeps its own, and what is not Atoll's counts nowhere.
	left = append(left, convergedCluster(t, "users", onPostgreSQL("users", ""))...)
	left = append(left, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "stock-db"}})
	without := service("stock")
	former := afterDeletion(t, onPostgreSQL("stock", ""))
	former = slices.DeleteFunc(former, func(o client.Object) bool { return o.GetName() == "stock-db" })

	t.Run("of deleted services", func(t *testing.T) {
		golden(t, "leftovers.txt", runPluginOn(t, fakeCluster(left...), "", terminal{width: 160}, "leftovers").out)
	})
	t.Run("of a removed database whose Secret is gone", func(t *testing.T) {
		golden(t, "leftovers-database.txt", runPluginOn(t, fakeCluster(append(former, without)...), "", terminal{width: 160}, "leftovers", "-A").out)
	})
	t.Run("as json", func(t *testing.T) {
		var got []leftovers
		if err := json.Unmarshal([]byte(runPlugin(t, fakeCluster(left...), "", "leftovers", "-o", "json").out), &got); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[0].Microservice != "billing" || got[1].Objects[len(got[1].Objects)-1].Kind != "PersistentVolumeClaim" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("none", func(t *testing.T) {
		for want, args := range map[string][]string{"No leftovers in namespace shop\n": {"leftovers"}, "No leftovers in any namespace\n": {"leftovers", "-A"}, "[]\n": {"leftovers", "-o", "json"}} {
			if got := runPlugin(t, fakeCluster(convergedCluster(t, "users", onPostgreSQL("users", ""))...), "", args...); got.out != want || got.code != 0 {
				t.Errorf("got %+v, want %q", got, want)
			}
		}
	})
	t.Run("without the right to read Secrets", func(t *testing.T) {
		c := interceptor.NewClient(fakeCluster(left...), interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if gvk, err := apiutil.GVKForObject(list, offline.Scheme); err == nil && gvk.Kind == "SecretList" {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "", nil)
			}
			return c.List(ctx, list, opts...)
		}})
		got := runPlugin(t, c, "", "leftovers")
		if got.err != "note: you are not allowed to list objects of kind Secret; they are not shown\n" || strings.Contains(got.out, "Secret/") || !strings.Contains(got.out, "adopts the data") || strings.Contains(got.out, "Stalled: Secret") {
			t.Errorf("got %s%s", got.out, got.err)
		}
	})
}

// TestLeftoversReadsNoSecret checks that the content of Secrets is not requested.
func TestLeftoversReadsNoSecret(t *testing.T) {
	c := interceptor.NewClient(fakeCluster(afterDeletion(t, onPostgreSQL("orders", ""))...), interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
		if _, whole := list.(*corev1.SecretList); whole {
			t.Error("the command lists Secrets with their content")
		}
		return c.List(ctx, list, opts...)
	}})
	if got := runPlugin(t, c, "", "leftovers"); !strings.Contains(got.out, "Secret/orders-db-admin") {
		t.Errorf("got %s", got.out)
	}
}
