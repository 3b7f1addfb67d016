// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// service returns a Microservice with a database.
func service(spec *v1alpha1.Database) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "order-book"}}
	spec.Engine = v1alpha1.EnginePostgreSQL
	ms.Spec.Database = spec
	return ms
}

func TestUsers(t *testing.T) {
	for engine, want := range map[v1alpha1.DatabaseEngine][3]string{
		v1alpha1.EnginePostgreSQL: {"order_book_a", "order_book_b", "postgres"},
		v1alpha1.EngineMariaDB:    {"order_book_a", "order_book_b", "root"},
		// The one user has two passwords during a rotation.
		v1alpha1.EngineValkey: {"default", "default", "atoll"},
	} {
		ms := service(&v1alpha1.Database{})
		ms.Spec.Database.Engine = engine
		users := UsersOf(ms, nil)
		if diff := cmp.Diff(want, [3]string{users.First, users.After(users.First), users.Admin}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", engine, diff)
		}
		if users.After(users.After(users.First)) != users.First {
			t.Errorf("%s: the users do not alternate", engine)
		}
		// The first user follows an unknown one.
		if got := users.After("unknown"); got != users.First {
			t.Errorf("%s: after an unknown user comes %q, want %q", engine, got, users.First)
		}
	}
	unknown := service(&v1alpha1.Database{})
	unknown.Spec.Database.Engine = "Oracle"
	if diff := cmp.Diff("", UsersOf(unknown, nil).First); diff != "" {
		t.Errorf("an unknown engine has a user:\n%s", diff)
	}
}

func TestIdentifier(t *testing.T) {
	for name, want := range map[string]string{
		"orders": "orders", "order-book": "order_book", "a": "a",
		// PostgreSQL reserves roles that begin with pg_, and the service's user is called
		// pg_a.
		"pg": "db_pg", "pg-x": "db_pg_x", "pgx": "pgx", "pg2": "pg2",
		"postgres": "db_postgres", "postgres-x": "postgres_x", "template1": "db_template1", "template2": "template2",
		"mysql": "db_mysql", "sys": "db_sys", "information-schema": "db_information_schema", "performance-schema": "db_performance_schema",
		"public": "db_public", "root": "db_root", "none": "db_none", "user": "db_user",
	} {
		if got := Identifier(name); got != want {
			t.Errorf("identifier of %q is %q, want %q", name, got, want)
		}
	}
}

func TestDatabaseName(t *testing.T) {
	from := func(provider v1alpha1.DatabaseProvider, service string) *v1alpha1.Database {
		return &v1alpha1.Database{Provider: provider, Restore: &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{Service: service}}}
	}
	for name, tc := range map[string]struct {
		spec *v1alpha1.Database
		want string
	}{
		"its own": {&v1alpha1.Database{}, "order_book"},
		"a restore fills a database of its own name": {from("", "pg"), "order_book"},
		"a Cluster is recovered with its names":      {from(v1alpha1.ProviderCloudNativePG, "pg"), "db_pg"},
		"a Cluster of its own backup":                {from(v1alpha1.ProviderCloudNativePG, ""), "order_book"},
	} {
		if got := DatabaseName(service(tc.spec), nil); got != tc.want {
			t.Errorf("%s: database is %q, want %q", name, got, tc.want)
		}
	}
	live := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"bootstrap": map[string]any{"recovery": map[string]any{"database": "db_pg"}}}}}
	for _, spec := range []*v1alpha1.Database{from(v1alpha1.ProviderCloudNativePG, ""), from(v1alpha1.ProviderCloudNativePG, "users")} {
		if got := DatabaseName(service(spec), live); got != "db_pg" {
			t.Errorf("a live Cluster's database is %q, want its own whatever restore says", got)
		}
	}
}
