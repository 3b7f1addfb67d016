/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package database

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	engines "github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/inputs"
)

func backup(schedule string, keep int32) *v1alpha1.DatabaseBackup {
	return &v1alpha1.DatabaseBackup{Schedule: schedule, Keep: ptr.To(keep), Destination: v1alpha1.BackupLocation{
		PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: "backups"}}}
}

// planOf is the plan of a built-in database of an engine.
func planOf(t *testing.T, engine v1alpha1.DatabaseEngine, change func(*v1alpha1.Database)) *Plan {
	t.Helper()
	ms := service(&v1alpha1.Database{})
	ms.Spec.Database.Engine = engine
	if change != nil {
		change(ms.Spec.Database)
	}
	plan, err := Resolve(ms, nil, &inputs.State{})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestEnginesOfAPI holds the engines beside the values that the API takes.
func TestEnginesOfAPI(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "config", "crd", "bases", "atoll.dev_microservices.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal(text, crd); err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, value := range crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["database"].Properties["engine"].Enum {
		values = append(values, strings.Trim(string(value.Raw), `"`))
	}
	var known []string
	for engine := range engines.Engines {
		known = append(known, string(engine))
	}
	slices.Sort(values)
	slices.Sort(known)
	if diff := cmp.Diff(values, known); diff != "" || len(values) < 3 {
		t.Errorf("engines (-API +known):\n%s", diff)
	}
}

// TestEnginesDiffer is about what tells engines apart where both could be meant:
// a client by its type, a folder of backups by the names' endings.
func TestEnginesDiffer(t *testing.T) {
	of := map[string]func(engines.Engine) string{
		"Type":      engines.Engine.Type,
		"Extension": engines.Engine.Extension,
		"Image":     func(e engines.Engine) string { return e.Image("1") },
	}
	for what, value := range of {
		seen := map[string]v1alpha1.DatabaseEngine{}
		for name, engine := range engines.Engines {
			v := value(engine)
			if other, taken := seen[v]; taken || v == "" {
				t.Errorf("%s of %s is %q, as that of %s", what, name, v, other)
			}
			seen[v] = name
			// A backup of one is looked for by its ending anywhere in the name.
			for otherName, other := range engines.Engines {
				if what == "Extension" && name != otherName && strings.Contains("."+other.Extension(), "."+v) {
					t.Errorf("backups of %s (.%s) are taken for ones of %s (.%s)", otherName, other.Extension(), name, v)
				}
			}
		}
	}
	for name, engine := range engines.Engines {
		if engine.Type() != strings.ToLower(engine.Type()) {
			t.Errorf("type of %s is %q, want lower case", name, engine.Type())
		}
		if engine.UID() == 0 {
			t.Errorf("%s runs as root", name)
		}
	}
}

// TestURIs has what a client reads from the URI be what was put in.
func TestURIs(t *testing.T) {
	passwords := map[string]string{
		"simple": "simple", "what ends it": "p@ss:w/rd", "a query": "a?b#c", "per cent and space": "100% sure+1",
		"brackets and quotes": `[x]"'\`, "other scripts": "påß", "an escape": "%41", "none": "",
	}
	for name, engine := range engines.Engines {
		for what, password := range passwords {
			t.Run(string(name)+" with "+what, func(t *testing.T) {
				uri := engine.URI(engines.Binding{Host: "orders-db.shop.svc", Port: engine.Port(), Username: "orders_a", Password: password, Database: "orders"})
				parsed, err := url.Parse(uri.String())
				if err != nil {
					t.Fatal(err)
				}
				read, _ := parsed.User.Password()
				got := []string{parsed.User.Username(), read, parsed.Hostname()}
				if diff := cmp.Diff([]string{"orders_a", password, "orders-db.shop.svc"}, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", uri.String(), diff)
				}
			})
		}
	}
}

func TestUsers(t *testing.T) {
	for engine, want := range map[v1alpha1.DatabaseEngine][3]string{
		v1alpha1.EnginePostgreSQL: {"order_book_a", "order_book_b", "postgres"},
		v1alpha1.EngineMariaDB:    {"order_book_a", "order_book_b", "root"},
		// The one user has both passwords for a time.
		v1alpha1.EngineValkey: {"default", "default", "atoll"},
	} {
		ms := service(&v1alpha1.Database{})
		ms.Spec.Database.Engine = engine
		users := inputs.UsersOf(ms, nil)
		if diff := cmp.Diff(want, [3]string{users.First, users.After(users.First), users.Admin}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", engine, diff)
		}
		if users.After(users.After(users.First)) != users.First {
			t.Errorf("%s: the users don't take turns", engine)
		}
		// One that somebody else made has the first's turn after it.
		if got := users.After("somebody"); got != users.First {
			t.Errorf("%s: after a strange user comes %q, want %q", engine, got, users.First)
		}
	}
	unknown := service(&v1alpha1.Database{})
	unknown.Spec.Database.Engine = "Oracle"
	if diff := cmp.Diff("", inputs.UsersOf(unknown, nil).First); diff != "" {
		t.Errorf("an unknown engine has a user:\n%s", diff)
	}
}

func TestIdentifier(t *testing.T) {
	for name, want := range map[string]string{
		"orders": "orders", "order-book": "order_book", "a": "a",
		// PostgreSQL keeps roles that begin with pg_ for itself, and the service's user
		// is called pg_a.
		"pg": "db_pg", "pg-x": "db_pg_x", "pgx": "pgx", "pg2": "pg2",
		"postgres": "db_postgres", "postgres-x": "postgres_x", "template1": "db_template1", "template2": "template2",
		"mysql": "db_mysql", "sys": "db_sys", "information-schema": "db_information_schema", "performance-schema": "db_performance_schema",
		"public": "db_public", "root": "db_root", "none": "db_none", "user": "db_user",
	} {
		if got := inputs.Identifier(name); got != want {
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
		"its own":                               {&v1alpha1.Database{}, "order_book"},
		"a restore fills one of its own name":   {from("", "pg"), "order_book"},
		"a Cluster is recovered with its names": {from(v1alpha1.ProviderCloudNativePG, "pg"), "db_pg"},
		"a Cluster of its own backup":           {from(v1alpha1.ProviderCloudNativePG, ""), "order_book"},
	} {
		if got := inputs.DatabaseName(service(tc.spec), nil); got != tc.want {
			t.Errorf("%s: database is %q, want %q", name, got, tc.want)
		}
	}
	live := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"bootstrap": map[string]any{"recovery": map[string]any{"database": "db_pg"}}}}}
	for _, spec := range []*v1alpha1.Database{from(v1alpha1.ProviderCloudNativePG, ""), from(v1alpha1.ProviderCloudNativePG, "users")} {
		if got := inputs.DatabaseName(service(spec), live); got != "db_pg" {
			t.Errorf("a live Cluster's database is %q, want its own whatever restore says", got)
		}
	}
}

func TestRestoreID(t *testing.T) {
	restore := func(file string) *v1alpha1.DatabaseRestore {
		return &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{Service: "users", Backup: file}}
	}
	id := RestoreID(restore("a.dump"), "1")
	if again := RestoreID(restore("a.dump"), "1"); again != id {
		t.Errorf("the same restore is %q and %q", id, again)
	}
	for what, other := range map[string]string{
		"another volume": RestoreID(restore("a.dump"), types.UID("2")), "another backup": RestoreID(restore("b.dump"), "1"),
	} {
		if other == id {
			t.Errorf("%s has the same ID %q", what, id)
		}
	}
	// It is the name of a schema and of a user.
	if identifier := strings.Trim(id, "abcdefghijklmnopqrstuvwxyz_0123456789"); identifier != "" || len(id) > 32 {
		t.Errorf("ID %q would need quotes in SQL", id)
	}
}

func TestBudget(t *testing.T) {
	for name, tc := range map[string]struct {
		budget         Budget
		wantSufficient bool
		want           string
	}{
		"no pods":               {Budget{Pool: 10, Limit: 100, Reserved: 3}, true, "0 pods × 10 connections (database.pool) = 0, of 97 (the server's limit of 100 less 3 reserved)"},
		"as many as fit":        {Budget{Pods: 10, Pool: 10, Limit: 100}, true, "10 pods × 10 connections (database.pool) = 100, of 100 (the server's limit of 100)"},
		"one too many":          {Budget{Pods: 10, Pool: 10, Limit: 100, Reserved: 1}, false, "10 pods × 10 connections (database.pool) = 100, of 99 (the server's limit of 100 less 1 reserved)"},
		"too many in a rollout": {Budget{Pods: 9, Surge: 3, Pool: 10, Limit: 100}, false, "(9 pods + 3 during a rollout) × 10 connections (database.pool) = 120, of 100 (the server's limit of 100)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.budget.Sufficient(); got != tc.wantSufficient {
				t.Errorf("sufficient is %t, want %t", got, tc.wantSufficient)
			}
			if diff := cmp.Diff(tc.want, tc.budget.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestConnectionsOfParameters(t *testing.T) {
	type parameters = map[string]v1alpha1.ParameterValue
	for name, tc := range map[string]struct {
		engine     v1alpha1.DatabaseEngine
		parameters parameters
		want       [2]int
	}{
		"PostgreSQL's own":            {v1alpha1.EnginePostgreSQL, nil, [2]int{100, 3}},
		"PostgreSQL with more":        {v1alpha1.EnginePostgreSQL, parameters{"max_connections": "200", "superuser_reserved_connections": "5", "reserved_connections": "2"}, [2]int{200, 7}},
		"PostgreSQL with no number":   {v1alpha1.EnginePostgreSQL, parameters{"max_connections": "many"}, [2]int{100, 3}},
		"MariaDB's own":               {v1alpha1.EngineMariaDB, nil, [2]int{151, 0}},
		"MariaDB, one spelling":       {v1alpha1.EngineMariaDB, parameters{"max_connections": "300"}, [2]int{300, 0}},
		"MariaDB, the other spelling": {v1alpha1.EngineMariaDB, parameters{"max-connections": "300"}, [2]int{300, 0}},
		"Valkey's own":                {v1alpha1.EngineValkey, nil, [2]int{10000, 0}},
		"Valkey with fewer":           {v1alpha1.EngineValkey, parameters{"maxclients": "50"}, [2]int{50, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			limit, reserved := engines.Engines[tc.engine].Connections(tc.parameters)
			if diff := cmp.Diff(tc.want, [2]int{limit, reserved}); diff != "" {
				t.Errorf("limit and reserve (-want +got):\n%s", diff)
			}
		})
	}
}

// TestScriptsParse looks at everything that a shell is given.
func TestScriptsParse(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal("there is no sh, which the scripts are written for: install one")
	}
	for name, script := range scriptsOf(t) {
		t.Run(name, func(t *testing.T) {
			if left := leftOver(script); left != "" {
				t.Errorf("%s was left in it", left)
			}
			check := exec.CommandContext(t.Context(), sh, "-n")
			check.Stdin = strings.NewReader(script)
			var said bytes.Buffer
			check.Stderr = &said
			if err := check.Run(); err != nil {
				t.Errorf("%v: %s\n%s", err, &said, script)
			}
		})
	}
}
