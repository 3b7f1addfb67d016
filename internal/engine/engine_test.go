// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// serverOf returns a server of an engine with nothing but defaults.
func serverOf(engine v1alpha1.DatabaseEngine) *Server {
	e := Engines[engine]
	return &Server{
		Engine: e, Image: e.Image(e.DefaultVersion(), e.Base(e.DefaultVersion())), Database: "order_book",
		SecretName: "order-book-db", AdminSecretName: "order-book-db-admin",
	}
}

func podSpec(s *Server) corev1.PodSpec { return s.Engine.PodSpec(s) }

// TestEnginesOfAPI compares the engines with the values of the API.
func TestEnginesOfAPI(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "crd", "bases", "atoll.dev_microservices.yaml"))
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
	for engine := range Engines {
		known = append(known, string(engine))
	}
	slices.Sort(values)
	slices.Sort(known)
	if diff := cmp.Diff(values, known); diff != "" || len(values) < 3 {
		t.Errorf("engines (-API +known):\n%s", diff)
	}
}

// TestEnginesDiffer checks the properties that distinguish engines: the type for a
// client, the extension in a folder of backups.
func TestEnginesDiffer(t *testing.T) {
	of := map[string]func(Engine) string{
		"Type":      Engine.Type,
		"Extension": Engine.Extension,
		"Image":     func(e Engine) string { return e.Image("1", "") },
	}
	for what, value := range of {
		seen := map[string]v1alpha1.DatabaseEngine{}
		for name, engine := range Engines {
			v := value(engine)
			if other, taken := seen[v]; taken || v == "" {
				t.Errorf("%s of %s is %q, as that of %s", what, name, v, other)
			}
			seen[v] = name
			// A restore finds backups by their extension, anywhere in the name.
			for otherName, other := range Engines {
				if what == "Extension" && name != otherName && strings.Contains("."+other.Extension(), "."+v) {
					t.Errorf("backups of %s (.%s) look like backups of %s (.%s)", otherName, other.Extension(), name, v)
				}
			}
		}
	}
	for name, engine := range Engines {
		if engine.Type() != strings.ToLower(engine.Type()) {
			t.Errorf("type of %s is %q, want lower case", name, engine.Type())
		}
		if engine.UID() == 0 {
			t.Errorf("%s runs as root", name)
		}
	}
}

// TestURIs parses each URI as a client does.
func TestURIs(t *testing.T) {
	passwords := map[string]string{
		"simple": "simple", "a separator": "p@ss:w/rd", "a query": "a?b#c", "per cent and space": "100% sure+1",
		"brackets and quotes": `[x]"'\`, "other scripts": "påß", "an escape": "%41", "no password": "",
	}
	for name, engine := range Engines {
		for what, password := range passwords {
			t.Run(string(name)+" with "+what, func(t *testing.T) {
				uri := engine.URI(Binding{Host: "orders-db.shop.svc", Port: engine.Port(), Username: "orders_a", Password: password, Database: "orders"})
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
			limit, reserved := Engines[tc.engine].Connections(tc.parameters)
			if diff := cmp.Diff(tc.want, [2]int{limit, reserved}); diff != "" {
				t.Errorf("limit and reserve (-want +got):\n%s", diff)
			}
		})
	}
}

func TestArgsAreSorted(t *testing.T) {
	if got := postgresArgs(&Server{}); got != nil {
		t.Errorf("arguments without parameters are %q, want none", got)
	}
	got := postgresArgs(&Server{Parameters: map[string]v1alpha1.ParameterValue{
		"work_mem": "16MB", "archive_command": "cp %p '/a b'", "max_connections": "200", "pg_stat_statements.max": "1", "jit": "",
	}})
	want := []string{"-c", "archive_command=cp %p '/a b'", "-c", "jit=", "-c", "max_connections=200", "-c", "pg_stat_statements.max=1", "-c", "work_mem=16MB"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
