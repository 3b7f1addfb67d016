// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/config/crd"
	"github.com/atoll-dev/atoll/internal/names"
)

const (
	samples     = "../../../config/samples"
	samplesWant = "../../components/testdata/samples"
)

// sourcesOf reads documents; what is no object is passed over.
func sourcesOf(t *testing.T, name, text string) []Source {
	t.Helper()
	var sources []Source
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return sources
		}
		if err != nil {
			t.Fatal(err)
		}
		u := &unstructured.Unstructured{}
		if err := utilyaml.Unmarshal(document, &u.Object); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if u.GetKind() == "" {
			continue
		}
		source, err := NewSource(name, u, "shop")
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, source)
	}
}

func worldOf(t *testing.T, text string) *World {
	t.Helper()
	w := &World{RcloneImage: "rclone:1"}
	for _, source := range sourcesOf(t, "input", text) {
		if err := w.Add(source.Object); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// TestBuildSamples compares what is built of the samples with what the operator's
// own tests want of them, but for passwords and what hangs on them, and for Jobs,
// which those show as they are kept after they have run.
func TestBuildSamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(samples, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, file := range files {
		sample, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString("---\n" + string(sample))
	}
	built, err := worldOf(t, text.String()).Build(true)
	if err != nil {
		t.Fatal(err)
	}
	if len(built) != 4 {
		t.Fatalf("built %d things, want a Topology and three services", len(built))
	}
	for _, b := range built {
		t.Run(b.Kind+" "+b.Name, func(t *testing.T) {
			name := b.Name
			if b.Kind == "Topology" {
				name = "topology-" + name
				// The controller adds it to what the pure code builds.
				b.Objects[0].SetOwnerReferences(nil)
			}
			want, err := os.ReadFile(filepath.Join(samplesWant, name+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if len(b.Problems)+len(b.Unknown)+len(b.Unresolved) > 0 {
				t.Errorf("problems %v, unknown %v, unresolved %v; want none", b.Problems, b.Unknown, b.Unresolved)
			}
			got, err := YAML(b.Objects)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(neutral(t, string(want)), neutral(t, got)); diff != "" {
				t.Errorf("(-operator +rendered):\n%s", diff)
			}
		})
	}
}

var passwords = regexp.MustCompile(`secret-password|admin-password|` + Password)

// neutral is a text of documents without passwords and hashes over them, and
// with no more of a Job than its name.
func neutral(t *testing.T, text string) []any {
	t.Helper()
	var all []any
	for _, source := range sourcesOf(t, "", passwords.ReplaceAllString(text, "PASSWORD")) {
		o := source.Object.Object
		if source.Object.GetKind() == "Job" {
			o = map[string]any{"kind": "Job", "name": source.Object.GetName(), "owners": source.Object.GetOwnerReferences()}
		}
		if template, found, _ := unstructured.NestedMap(o, "spec", "template", "metadata", "annotations"); found && template[names.AnnotationReferences] != nil {
			_ = unstructured.SetNestedField(o, "HASH", "spec", "template", "metadata", "annotations", names.AnnotationReferences)
		}
		all = append(all, o)
	}
	return all
}

// kinds is what was built, in a line.
func kinds(t *testing.T, b *Built) string {
	t.Helper()
	names := make([]string, len(b.Objects))
	for i, o := range b.Objects {
		kind, err := KindOf(o)
		if err != nil {
			t.Fatal(err)
		}
		names[i] = kind + "/" + o.GetName()
	}
	return strings.Join(names, " ")
}

func ms(name, spec string) string {
	return "---\napiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: " + name + "}\nspec: {image: x" + spec + "}\n"
}

func TestBuildService(t *testing.T) {
	const topology = "---\napiVersion: atoll.dev/v1alpha1\nkind: Topology\nmetadata: {name: shop, namespace: front}\nspec: {isolation: None, allowedNamespaces: {from: Selector, selector: {matchLabels: {team: shop}}}}\n"
	for name, tc := range map[string]struct {
		input       string
		unsettled   bool
		wantObjects string
		wantProblem string
		wantUnknown string
	}{
		"alone": {input: ms("a", ""), wantObjects: "ServiceAccount/a Service/a Deployment/a PodDisruptionBudget/a"},
		"before its database is ready there is no Deployment": {
			input: ms("a", ", database: {engine: PostgreSQL, migration: {command: [m]}}"), unsettled: true,
			wantObjects: "ServiceAccount/a Secret/a-db-admin Secret/a-db NetworkPolicy/a-db StatefulSet/a-db Service/a Service/a-db PodDisruptionBudget/a",
			wantProblem: `Migrating: The migration of image "x" waits for the database to accept connections`},
		"a restore and a migration are run, one after the other": {
			input:       ms("a", ", database: {engine: PostgreSQL, migration: {command: [m]}, restore: {from: {persistentVolumeClaim: {claimName: backups}}}}"),
			wantObjects: "ServiceAccount/a Secret/a-db-admin Secret/a-db PersistentVolumeClaim/data-a-db-0 NetworkPolicy/a-db StatefulSet/a-db Service/a Service/a-db Job/a-restore-R Job/a-migrate-R Deployment/a PodDisruptionBudget/a"},
		"a Cluster": {
			input:       ms("a", ", database: {engine: PostgreSQL, provider: CloudNativePG, migration: {command: [m]}}"),
			wantObjects: "ServiceAccount/a Secret/a-db NetworkPolicy/a-db Cluster/a-db Service/a Job/a-migrate-R Deployment/a PodDisruptionBudget/a"},
		"suspended there are no pods and no Jobs": {
			input:       ms("a", ", suspend: true, database: {engine: Valkey}"),
			wantObjects: "ServiceAccount/a Secret/a-db-admin Secret/a-db NetworkPolicy/a-db StatefulSet/a-db Service/a Service/a-db Deployment/a"},
		"a Secret that is not there is taken to be": {
			input: ms("a", ", envFrom: [{secretRef: {name: keys}}]"), wantUnknown: `Secret "keys" (envFrom[0])`,
			wantObjects: "ServiceAccount/a Service/a Deployment/a PodDisruptionBudget/a"},
		"a Secret without the key": {
			input:       "kind: Secret\napiVersion: v1\nmetadata: {name: keys}\nstringData: {b: x}\n" + ms("a", ", env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: a}}}]"),
			wantObjects: "ServiceAccount/a Service/a PodDisruptionBudget/a",
			wantProblem: `ReferenceNotFound: Secret "keys" has no key "a", which env[A] needs; to fix: add the key, or correct env[A]`},
		"a foreign Secret of its name": {
			input:       "kind: Secret\napiVersion: v1\nmetadata: {name: a-db}\n" + ms("a", ", database: {engine: PostgreSQL}"),
			wantObjects: "ServiceAccount/a NetworkPolicy/a-db Service/a Service/a-db PodDisruptionBudget/a",
			wantProblem: `NotOwned: Secret "a-db" exists and was not created by Atoll`},
		"a first rollout that waits for a dependency has waited": {
			input: ms("a", ", dependencies: [{name: b, startup: Wait}]") + ms("b", ""), wantObjects: "ServiceAccount/a Service/a Deployment/a PodDisruptionBudget/a"},
		"a Topology that is not there": {
			input: ms("a", ", topologyRef: {name: shop}"), wantProblem: `TopologyNotFound: Topology "shop" of namespace "shop" is not in the files`},
		"a Topology elsewhere, by the labels of a Namespace that are not known": {
			input: ms("a", ", topologyRef: {name: shop, namespace: front}") + topology, wantObjects: "ServiceAccount/a Service/a Deployment/a PodDisruptionBudget/a"},
		"a route at a Gateway that does not let it in is not made, and opens no port": {
			input: gated("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"), wantObjects: "ServiceAccount/a Service/a Deployment/a PodDisruptionBudget/a",
			wantProblem: `NotAccepted: routes[0]: Gateway "front/public" lets no routes of namespace "shop" attach`},
		"a ServiceAccount of its own that it names is kept": {
			input: ms("a", ", serviceAccount: {name: a}") +
				"---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, ownerReferences: [{apiVersion: atoll.dev/v1alpha1, kind: Microservice, name: a, uid: uid-of-a, controller: true}]}\n",
			wantObjects: "ServiceAccount/a Service/a Deployment/a PodDisruptionBudget/a"},
		"a foreign ServiceAccount of its name is not made": {
			input:       ms("a", ", serviceAccount: {name: a}") + "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n",
			wantObjects: "Service/a Deployment/a PodDisruptionBudget/a"},
		"a Topology elsewhere that admits no members": {
			input:       ms("a", ", topologyRef: {name: shop, namespace: front}") + topology + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
			wantProblem: `NotPermitted: Topology "shop" of namespace "front" does not exist, or does not allow members from namespace "shop"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(t, tc.input)
			b, err := w.BuildService(w.Service("shop", "a"), !tc.unsettled)
			if err != nil {
				t.Fatal(err)
			}
			got := regexp.MustCompile(`-(restore|migrate)-[0-9a-f]{10}`).ReplaceAllString(kinds(t, b), "-$1-R")
			if diff := cmp.Diff(tc.wantObjects, got); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			var problems []string
			for _, p := range b.Problems {
				problems = append(problems, p.String())
			}
			if got := strings.Join(problems, "; "); !strings.Contains(got, tc.wantProblem) || (tc.wantProblem == "") != (got == "") {
				t.Errorf("problems are %q, want %q", got, tc.wantProblem)
			}
			if got := strings.Join(b.Unknown, "; "); got != tc.wantUnknown {
				t.Errorf("unknown are %q, want %q", got, tc.wantUnknown)
			}
		})
	}
}

// TestPasswordsStayOut gives the Secrets of a running service, whose passwords must
// not be shown.
func TestPasswordsStayOut(t *testing.T) {
	const secret = "---\nkind: Secret\napiVersion: v1\nmetadata: {name: %, labels: {app.kubernetes.io/managed-by: atoll, atoll.dev/microservice: a}}\nstringData: {username: a_b, password: hunter2}\n"
	w := worldOf(t, strings.ReplaceAll(secret, "%", "a-db")+strings.ReplaceAll(secret, "%", "a-db-admin")+ms("a", ", database: {engine: PostgreSQL}"))
	built, err := w.Build(true)
	if err != nil {
		t.Fatal(err)
	}
	text, err := YAML(built[0].Objects)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "hunter2") || !strings.Contains(text, "username: a_b") {
		t.Errorf("want the user's name and no password in:\n%s", text)
	}
}

// embedded reads the CustomResourceDefinitions once.
var embedded = sync.OnceValues(func() (Schemas, error) { return NewSchemas(crd.Bases) })

func lint(t *testing.T, text string) ([]Finding, int) {
	t.Helper()
	schemas, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	report, err := Lint(context.Background(), schemas, sourcesOf(t, "", text))
	if err != nil {
		t.Fatal(err)
	}
	for i := range report.Findings {
		f := &report.Findings[i]
		rule := RuleOf(f.Code)
		if rule.Summary == "" || f.Severity == SeverityError && !rule.Errors || f.Severity == SeverityWarning && !rule.Warnings {
			t.Errorf("Rules has no rule for this severity of %s: %s", f.Code, f.String())
		}
	}
	return report.Findings, len(report.Checked)
}

// gated is a service with a route at a Gateway that chooses namespaces by their
// labels.
func gated(beside string) string {
	return ms("a", ", routes: [{path: /x, parentRefs: [{name: public, namespace: front}]}]") + beside +
		"---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: public, namespace: front}\n" +
		"spec: {gatewayClassName: x, listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {public: \"yes\"}}}}}]}\n"
}

func TestLint(t *testing.T) {
	const topology = "---\napiVersion: atoll.dev/v1alpha1\nkind: Topology\nmetadata: {name: shop}\nspec: "
	const mounted = ", podTemplate: {spec: {volumes: [{name: data, persistentVolumeClaim: {claimName: files}}]}}"
	claim := func(mode string) string {
		return "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: files}\nspec: {accessModes: [" + mode + "], resources: {requests: {storage: 1Gi}}}\n"
	}
	scaler := func(group, kind string) string {
		return "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: own}\nspec: {maxReplicas: 9, scaleTargetRef: {apiVersion: " + group + ", kind: " + kind + ", name: a}}\n"
	}
	inShop := func(text string) string { return strings.ReplaceAll(text, "{name: a}", "{name: a, namespace: shop}") }
	for name, tc := range map[string]struct {
		input string
		// want are beginnings of findings.
		want []string
	}{
		"a good service": {input: ms("a", "")},
		"an unknown field": {input: ms("a", ", replicas: 3"),
			want: []string{`error: Microservice "a": spec.replicas: no such field; to fix: set spec.scaling.replicas [UnknownField]`}},
		"a value of the wrong type": {input: ms("a", ", scaling: {replicas: many}"),
			want: []string{`error: Microservice "a": spec.scaling.replicas: Invalid value: "string": spec.scaling.replicas in body must be of type integer: "string"; to fix: write a number without quotes and without a unit [Invalid]`}},
		"a field that is missing": {input: "apiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: a}\nspec: {}\n",
			want: []string{`error: Microservice "a": spec.image: Required value; to fix: set it [Invalid]`}},
		"an enum": {input: ms("a", ", type: Daemon"),
			want: []string{`error: Microservice "a": spec.type: Unsupported value: "Daemon": supported values: "Server", "Worker"; to fix: use one of these values as it is spelled here [Invalid]`}},
		"a list with a name twice": {input: ms("a", ", ports: [{name: http, port: 1}, {name: http, port: 2}]"),
			want: []string{`error: Microservice "a": spec.ports[1]: Duplicate value: {"name":"http"}; to fix: remove one of the entries [Invalid]`}},
		"a rule": {input: ms("a", ", scaling: {replicas: 1, autoscale: {max: 3}}"),
			want: []string{`error: Microservice "a": spec.scaling: Invalid value: replicas and autoscale are mutually exclusive: remove one of them [Invalid]`}},
		"the host's network, in a namespace that is not among the files": {input: ms("a", ", podTemplate: {spec: {hostNetwork: true}}"),
			want: []string{`warning: Microservice "a": the pods reach the host: host namespaces hostNetwork=true; to fix: remove it from podTemplate or probes, or let an administrator label the namespace with pod-security.kubernetes.io/enforce: privileged [HostAccess]`}},
		"a volume of the host, in a namespace that does not allow it": {
			input: inShop(ms("a", ", podTemplate: {spec: {hostUsers: true, volumes: [{name: root, hostPath: {path: /}}]}}")) +
				"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
			want: []string{`error: Microservice "a": the pods reach the host: hostPath volumes volume "root"; to fix`}},
		"the host's network, in a namespace that allows it": {
			input: inShop(ms("a", ", podTemplate: {spec: {hostNetwork: true}}")) +
				"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: privileged}}\n"},
		"a label by which another service's pods are selected": {input: ms("a", ", podTemplate: {metadata: {labels: {cnpg.io/cluster: b-db}}}"),
			want: []string{`error: Microservice "a": podTemplate: metadata.labels must not have cnpg.io/cluster: selectors of other services and of controllers use it; to fix: remove it [InvalidSpec]`}},
		"a rule on the name": {input: ms("1a", ""),
			want: []string{`error: Microservice "1a": metadata: Invalid value: metadata.name must be at most 40 characters`}},
		"External without its Secret": {input: ms("a", ", database: {engine: PostgreSQL, provider: External}"),
			want: []string{`error: Microservice "a": spec.database: Invalid value: provider: External and external require each other`}},
		"a version that is none": {input: "apiVersion: atoll.dev/v1\nkind: Microservice\nmetadata: {name: a}\n",
			want: []string{`error: Microservice "a": there is no kind Microservice in atoll.dev/v1; to fix: set apiVersion to atoll.dev/v1alpha1 [UnknownKind]`}},
		"a name twice": {input: ms("a", "") + ms("a", ""),
			want: []string{`error: Microservice "a": is there twice: the one that is applied last wins [Invalid]`}},
		"one with the name of another's database": {input: ms("user", ", database: {engine: PostgreSQL}") + ms("user-db", ""),
			want: []string{
				`error: Microservice "user": metadata.name: needs the name of Service "user-db", and so does Microservice "user-db"; to fix: rename one of them [NotOwned]`,
				`error: Microservice "user-db": metadata.name: needs the name of Service "user-db", and so does Microservice "user"; to fix: rename one of them [NotOwned]`}},
		"one with the name of an object in the files": {input: ms("a", "") + "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
			want: []string{`error: Microservice "a": metadata.name: needs the name of Service "a", and so does an object of the files; to fix: rename one of them [NotOwned]`}},
		"an autoscaler of the Deployment": {input: ms("a", "") + scaler("apps/v1", "Deployment"),
			want: []string{`warning: Microservice "a": HorizontalPodAutoscaler "own" scales Deployment "a", so scaling.replicas is not used; to fix: let it scale Microservice "a" (atoll.dev/v1alpha1), or delete it [ForeignAutoscaler]`}},
		"an autoscaler of the Microservice": {input: ms("a", "") + scaler("atoll.dev/v1alpha1", "Microservice")},
		"a claim for one pod, which two need": {input: ms("a", mounted) + claim("ReadWriteOncePod"),
			want: []string{`warning: Microservice "a": PersistentVolumeClaim "files" is ReadWriteOncePod, and 2 pods need it; to fix: set scaling.replicas: 1 and rollout.strategy: Recreate, or mount a claim that is ReadWriteMany [ClaimShared]`}},
		"a claim for one node, which a rollout needs twice": {input: ms("a", mounted+", scaling: {replicas: 1}") + claim("ReadWriteOnce"),
			want: []string{`warning: Microservice "a": PersistentVolumeClaim "files" is ReadWriteOnce, and a rolling update needs it twice; to fix: set`}},
		"a claim for one pod, which has it alone": {input: ms("a", mounted+", scaling: {replicas: 1}, rollout: {strategy: Recreate}") + claim("ReadWriteOncePod")},
		"a claim for all":                         {input: ms("a", mounted) + claim("ReadWriteMany")},
		"one whose Secret is restored":            {input: ms("a", ", database: {engine: PostgreSQL}") + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: a-db, labels: {app.kubernetes.io/managed-by: atoll, atoll.dev/microservice: a}}\nstringData: {password: p}\n"},
		"two that claim one host and path": {
			input: ms("b", ", topologyRef: {name: shop}, routes: [{path: /x/}]") + ms("a", ", topologyRef: {name: shop}, routes: [{path: /x}]") +
				topology + "{isolation: None, gateway: {className: traefik, hostnames: [a.example]}}\n",
			want: []string{`error: Microservice "b": routes[0]: a.example/x already belongs to Microservice "a"; to fix: give one`}},
		"one with a host of a Topology beside the Gateway": {
			input: ms("b", ", topologyRef: {name: shop}, routes: [{path: /x}]") +
				strings.ReplaceAll(ms("a", ", routes: [{path: /y, hostnames: [a.example], parentRefs: [{name: shop, namespace: shop}]}]"), "{name: a}", "{name: a, namespace: other}") +
				topology + "{isolation: None, allowedNamespaces: {from: All}, gateway: {className: traefik, hostnames: [a.example]}}\n",
			want: []string{`error: Microservice "a": routes[0]: a.example belongs to Topology "shop/shop", and this service is not a member of it; to fix: join that Topology (topologyRef), or use another hostname [HostAlreadyClaimed]`}},
		"one that is not admitted takes nothing from a member": {
			input: strings.ReplaceAll(ms("a", ", routes: [{path: /y, hostnames: [a.example], parentRefs: [{name: shop, namespace: shop}]}]"), "{name: a}", "{name: a, namespace: other}") +
				strings.ReplaceAll(ms("z", ", topologyRef: {name: shop, namespace: shop}, routes: [{path: /y}]"), "{name: z}", "{name: z, namespace: zoo}") +
				topology + "{isolation: None, allowedNamespaces: {from: All}, gateway: {className: traefik, hostnames: [a.example]}}\n",
			want: []string{`error: Microservice "a": routes[0]: a.example belongs to Topology "shop/shop", and this service is not a member of it; to fix`}},
		"two of two namespaces with one host": {
			input: strings.ReplaceAll(ms("b", ", routes: [{path: /x, hostnames: [a.example], parentRefs: [{name: edge, namespace: infra}]}]"), "{name: b}", "{name: b, namespace: one}") +
				strings.ReplaceAll(ms("a", ", routes: [{path: /y, hostnames: [a.example], parentRefs: [{name: edge, namespace: infra}]}]"), "{name: a}", "{name: a, namespace: two}"),
			want: []string{`error: Microservice "a": routes[0]: a.example belongs to namespace "one", which has a route for it; to fix: use another hostname`}},
		"one that claims what its Gateway does not let it have": {
			input: ms("b", ", topologyRef: {name: shop}, routes: [{path: /x}]") +
				strings.ReplaceAll(ms("a", ", routes: [{path: /x, hostnames: [a.example], parentRefs: [{name: shop, namespace: shop}]}]"), "{name: a}", "{name: a, namespace: other}") +
				topology + "{isolation: None, gateway: {className: traefik, hostnames: [a.example]}}\n",
			want: []string{`error: Microservice "a": routes[0]: Gateway "shop/shop" lets no routes of namespace "other" attach; to fix: have its owner allow them`}},
		"one whose Gateway elsewhere chooses namespaces by their labels, which are not known": {
			input: gated(""), want: nil},
		"one at the Gateway of a Topology that has guests of other namespaces": {
			input: ms("b", ", topologyRef: {name: shop, namespace: front}") +
				strings.ReplaceAll(ms("a", ", routes: [{path: /x, parentRefs: [{name: shop, namespace: front}]}]"), "{name: a}", "{name: a, namespace: other}") +
				strings.ReplaceAll(topology, "{name: shop}", "{name: shop, namespace: front}") +
				"{isolation: None, allowedNamespaces: {from: Selector, selector: {matchLabels: {team: shop}}}, gateway: {className: traefik, hostnames: [a.example]}}\n" +
				"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: shop}}\n",
			want: []string{`error: Microservice "a": routes[0]: Gateway "front/shop" lets no routes of namespace "other" attach`}},
		"a member of a Topology that chooses its namespace by name": {
			input: ms("b", ", topologyRef: {name: shop, namespace: front}") + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n" +
				strings.ReplaceAll(topology, "{name: shop}", "{name: shop, namespace: front}") +
				"{isolation: None, allowedNamespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: shop}}}}\n"},
		"one of a Topology that chooses another namespace by name": {
			input: ms("b", ", topologyRef: {name: shop, namespace: front}") +
				strings.ReplaceAll(topology, "{name: shop}", "{name: shop, namespace: front}") +
				"{isolation: None, allowedNamespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: mall}}}}\n",
			want: []string{`error: Microservice "b": Topology "shop" of namespace "front" does not exist, or does not allow members from namespace "shop"`}},
		"one whose Gateway elsewhere lets its namespace in": {
			input: gated("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {public: \"yes\"}}\n")},
		"one whose Gateway elsewhere keeps its namespace out": {
			input: gated("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"),
			want:  []string{`error: Microservice "a": routes[0]: Gateway "front/public" lets no routes of namespace "shop" attach`}},
		"a dependency that is not there": {input: ms("a", ", dependencies: [{name: b}]"),
			want: []string{`warning: Microservice "a": Microservice "b", a dependency, is not among the files; it must be in the cluster [DependencyNotFound]`}},
		"a dependency that is there and wrong is not missing": {input: ms("a", ", dependencies: [{name: b}]") + ms("b", ", type: Daemon"),
			want: []string{`error: Microservice "b": spec.type: Unsupported value`}},
		"a port that is not there": {input: ms("a", ", dependencies: [{name: b, port: grpc}]") + ms("b", ""),
			want: []string{`error: Microservice "a": Microservice "b" has no port "grpc"; to fix: correct dependencies[].port [PortNotFound]`}},
		"a Worker as dependency": {input: ms("a", ", dependencies: [{name: b}]") + ms("b", ", type: Worker"),
			want: []string{`error: Microservice "a": Microservice "b" is a Worker and has no ports`}},
		"a dependency that does not permit the caller": {
			input: ms("a", ", dependencies: [{name: b, namespace: other}]") + strings.ReplaceAll(ms("b", ""), "{name: b}", "{name: b, namespace: other}"),
			want:  []string{`error: Microservice "a": Microservice "b" of namespace "other" does not exist, or does not permit this caller`}},
		"a cycle": {input: ms("b", ", dependencies: [{name: a}]") + ms("a", ", dependencies: [{name: b}]"),
			want: []string{`warning: Microservice "a": spec.dependencies: form a cycle, and its services fail together: a -> b -> a; to fix: remove one of these dependencies [Cycle]`}},
		"too few connections": {input: ms("a", ", database: {engine: PostgreSQL, pool: 50}"),
			want: []string{`warning: Microservice "a": (2 pods + 1 during a rollout) × 50 connections (database.pool) = 150`}},
		"a Topology that is not there": {input: ms("a", ", topologyRef: {name: shop}"),
			want: []string{`warning: Microservice "a": Topology "shop" of namespace "shop" is not among the files`}},
		"a Topology that is wrong is not missing": {input: ms("a", ", topologyRef: {name: shop}") + topology + "{isolation: Some}\n",
			want: []string{`error: Topology "shop": spec.isolation: Unsupported value`}},
		"a route without a gateway": {input: ms("a", ", routes: [{path: /a}]"),
			want: []string{`error: Microservice "a": routes[0]: there is no Gateway to attach to`}},
		"an overlay that does not fit": {input: ms("a", ", podTemplate: {spec: {contaners: []}}"),
			want: []string{`error: Microservice "a": podTemplate: unknown field "spec.contaners"`}},
		"a key that a Secret lacks": {
			input: "kind: Secret\napiVersion: v1\nmetadata: {name: keys}\n" + ms("a", ", env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: a}}}]"),
			want:  []string{`error: Microservice "a": Secret "keys" has no key "a", which env[A] needs`}},
		"an address block that begins within": {input: ms("a", ", egress: [{cidrs: [10.0.0.1/8]}]"),
			want: []string{`error: Microservice "a": spec.egress[0].cidrs: Invalid value: cidrs must begin with the first address of their block: 10.0.0.0/8 and not 10.0.0.1/8`}},
		"a Topology whose selector of pods is invalid": {
			input: ms("a", ", topologyRef: {name: shop}") + topology + "{monitoring: {namespaceSelector: {}, podSelector: {matchLabels: {app: a b}}}}\n",
			want: []string{
				`error: Microservice "a": Topology "shop" monitoring.podSelector: must be a valid selector (`,
				`error: Topology "shop": spec.monitoring.podSelector: must be a valid selector (`}},
		"a Topology whose monitoring names no namespace": {input: topology + "{monitoring: {podSelector: {matchLabels: {app: prometheus}}}}\n",
			want: []string{`error: Topology "shop": spec.monitoring.namespaceSelector: Invalid value: namespaceSelector must be set`}},
		"a Topology whose routed ports are open": {input: topology + "{gateway: {className: traefik}}\n",
			want: []string{`warning: Topology "shop": spec.gateway.dataPlane: is unset`}},
		"a Topology whose defaults reach the host's network": {input: topology + "{defaults: {podTemplate: {spec: {hostNetwork: true}}}}\n",
			want: []string{`warning: Topology "shop": spec.defaults: the pods reach the host: host namespaces hostNetwork=true; to fix: remove it from podTemplate or probes, or let an administrator label`}},
		"a Topology whose defaults call another host": {
			input: topology + "{defaults: {probes: {readiness: {httpGet: {host: 169.254.169.254, port: 80}}}}}\n" + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
			want:  []string{`error: Topology "shop": spec.defaults: the pods reach the host: probe or lifecycle host`}},
		"a Topology whose defaults are no pod template": {input: topology + "{defaults: {podTemplate: {spec: {hostNetwork: 1}}}}\n",
			want: []string{`error: Topology "shop": spec.defaults: podTemplate: is no pod template: `}},
		"a Topology whose defaults reach the host, in a namespace that allows it": {
			input: topology + "{defaults: {podTemplate: {spec: {hostNetwork: true}}}}\n" +
				"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: privileged}}\n"},
		"what is not Atoll's is not looked at": {input: "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a}\nspec: {replica: 1}\n"},
	} {
		t.Run(name, func(t *testing.T) { expectFindings(t, tc.input, tc.want) })
	}
}

func TestDiff(t *testing.T) {
	object := func(text string) *unstructured.Unstructured {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte("apiVersion: v1\nkind: Thing\nmetadata: {name: a, namespace: shop}\n"+text), &u.Object); err != nil {
			t.Fatal(err)
		}
		return u
	}
	for name, tc := range map[string]struct {
		live, built string
		// want are the lines that differ.
		want []string
	}{
		"equal":                           {live: "spec: {a: 1}", built: "spec: {a: 1}"},
		"what the server fills in":        {live: "spec: {a: 1, b: 2}\nstatus: {c: 3}", built: "spec: {a: 1}"},
		"what is empty and what is unset": {live: "spec: {a: 1}", built: "spec: {a: 1, b: {}, c: [], d: {e: {}}}"},
		"a value":                         {live: "spec: {a: 1}", built: "spec: {a: 2}", want: []string{"-  a: 1", "+  a: 2"}},
		"a field that is missing":         {live: "spec: {a: 1}", built: "spec: {a: 1, b: 2}", want: []string{"+  b: 2"}},
		"a list in another order":         {live: "spec: {l: [{name: b, x: 1}, {name: a, y: 1}]}", built: "spec: {l: [{name: a}, {name: b}]}"},
		"an item that somebody added":     {live: "spec: {l: [{name: a}, {name: b}]}", built: "spec: {l: [{name: a}]}", want: []string{"-  - name: b"}},
		"an item that is missing":         {live: "spec: {l: [{name: a}]}", built: "spec: {l: [{name: a}, {name: b}]}", want: []string{"+  - name: b"}},
		"a Secret's value": {live: "stringData: {a: old, same: x, more: y}", built: "stringData: {a: new, same: x}",
			want: []string{"-  a: '*** (before)'", "+  a: '*** (after)'"}},
		"a password that is not known": {live: "stringData: {a: old}", built: "stringData: {a: " + Password + "}"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := Diff("Thing a", object(tc.live), object(tc.built))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.Lines(text) {
				if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "+ ") || strings.HasPrefix(line, "- ") {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\nin\n%s", diff, text)
			}
		})
	}
	text, err := Diff("Thing a", nil, object("stringData: {a: secret}"))
	if err != nil || strings.Contains(text, "secret") || !bytes.Contains([]byte(text), []byte("+  a: '***'")) {
		t.Errorf("of a new Secret %q, %v; want its keys only", text, err)
	}
}
