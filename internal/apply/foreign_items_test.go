// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func TestRemoveForeignItems(t *testing.T) {
	for name, tc := range map[string]struct {
		// desired, live and want are specs; want is live after the removal. Empty means
		// that nothing is removed.
		desired, live, want string
	}{
		"equal specs": {
			desired: `{containers: [{name: a, args: [x, y]}]}`,
			live:    `{containers: [{name: a, args: [x, y]}]}`},
		"defaults of the API server stay": {
			desired: `{containers: [{name: a}]}`,
			live:    `{dnsPolicy: ClusterFirst, containers: [{name: a, imagePullPolicy: Always, env: [{name: ADDED}]}]}`},
		"an added container": {
			desired: `{containers: [{name: a}]}`,
			live:    `{containers: [{name: added}, {name: a, image: x}]}`,
			want:    `{containers: [{name: a, image: x}]}`},
		"an added container port, by number": {
			desired: `{containers: [{name: a, ports: [{name: http, containerPort: 8080, protocol: TCP}]}]}`,
			live:    `{containers: [{name: a, ports: [{name: http, containerPort: 8080, protocol: TCP}, {name: http-2, containerPort: 9090, protocol: TCP}]}]}`,
			want:    `{containers: [{name: a, ports: [{name: http, containerPort: 8080, protocol: TCP}]}]}`},
		"a container port of another protocol": {
			desired: `{ports: [{name: dns, containerPort: 53, protocol: TCP}]}`,
			live:    `{ports: [{name: dns, containerPort: 53, protocol: TCP}, {containerPort: 53, protocol: UDP}]}`,
			want:    `{ports: [{name: dns, containerPort: 53, protocol: TCP}]}`},
		"an added variable": {
			desired: `{containers: [{name: a, env: [{name: A, value: "1"}]}]}`,
			live:    `{containers: [{name: a, env: [{name: A, value: "1"}, {name: ADDED, value: "2"}]}]}`,
			want:    `{containers: [{name: a, env: [{name: A, value: "1"}]}]}`},
		"an added Service port": {
			desired: `{ports: [{name: http, port: 80, protocol: TCP}]}`,
			live:    `{ports: [{name: http, port: 80, protocol: TCP, nodePort: 30000}, {name: added, port: 81, protocol: TCP}]}`,
			want:    `{ports: [{name: http, port: 80, protocol: TCP, nodePort: 30000}]}`},
		"an added Service port without a name": {
			desired: `{ports: [{port: 80, protocol: TCP}]}`,
			live:    `{ports: [{port: 80, protocol: TCP}, {port: 81, protocol: TCP}]}`,
			want:    `{ports: [{port: 80, protocol: TCP}]}`},
		"an added mount of the same volume": {
			desired: `{volumeMounts: [{name: tmp, mountPath: /tmp}]}`,
			live:    `{volumeMounts: [{name: tmp, mountPath: /tmp}, {name: tmp, mountPath: /added}]}`,
			want:    `{volumeMounts: [{name: tmp, mountPath: /tmp}]}`},
		"an added mount that comes first": {
			desired: `{volumeMounts: [{name: tmp, mountPath: /tmp}]}`,
			live:    `{volumeMounts: [{name: tmp, mountPath: /added}, {name: tmp, mountPath: /tmp}]}`,
			want:    `{volumeMounts: [{name: tmp, mountPath: /tmp}]}`},
		"an added container port that comes first and has the name": {
			desired: `{ports: [{name: http, containerPort: 8080, protocol: TCP}]}`,
			live:    `{ports: [{name: http, containerPort: 9090, protocol: TCP}, {name: http, containerPort: 8080, protocol: TCP}]}`,
			want:    `{ports: [{name: http, containerPort: 8080, protocol: TCP}]}`},
		"a volume with two desired mounts": {
			desired: `{volumeMounts: [{name: data, mountPath: /a}, {name: data, mountPath: /b}]}`,
			live:    `{volumeMounts: [{name: data, mountPath: /b}, {name: added, mountPath: /c}, {name: data, mountPath: /a}]}`,
			want:    `{volumeMounts: [{name: data, mountPath: /b}, {name: data, mountPath: /a}]}`},
		"two constraints with the same topology key": {
			desired: `{topologySpreadConstraints: [{topologyKey: zone, whenUnsatisfiable: DoNotSchedule, matchLabelKeys: [a]}, {topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, matchLabelKeys: [a, b]}]}`,
			live:    `{topologySpreadConstraints: [{topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, matchLabelKeys: [a, b]}, {topologyKey: zone, whenUnsatisfiable: DoNotSchedule, matchLabelKeys: [a]}]}`},
		"an added toleration": {
			desired: `{tolerations: [{key: gpu, operator: Exists}]}`,
			live:    `{tolerations: [{key: gpu, operator: Exists}, {key: spot, operator: Exists}]}`,
			want:    `{tolerations: [{key: gpu, operator: Exists}]}`},
		"a duplicate of a desired item": {
			desired: `{env: [{name: A, value: "1"}]}`,
			live:    `{env: [{name: A, value: "1"}, {name: A, value: "2"}]}`,
			want:    `{env: [{name: A, value: "1"}]}`},
		"a desired string that occurs twice": {
			desired: `{args: [-v, -v]}`,
			live:    `{args: [-v, -v, -v]}`,
			want:    `{args: [-v, -v]}`},
		"an item without a known key": {
			desired: `{hostAliases: [{ip: 10.0.0.1, hostnames: [a]}]}`,
			live:    `{hostAliases: [{ip: 10.0.0.2, hostnames: [b]}, {ip: 10.0.0.1, hostnames: [a]}]}`,
			want:    `{hostAliases: [{ip: 10.0.0.1, hostnames: [a]}]}`},
		"a desired item without a counterpart keeps the list": {
			desired: `{addresses: ["2001:db8::1"]}`,
			live:    `{addresses: ["2001:0db8::1", "10.0.0.1"]}`},
		"a missing desired container keeps the list": {
			desired: `{containers: [{name: a}, {name: b}]}`,
			live:    `{containers: [{name: a}, {name: added}]}`},
		"a list that stays does not affect another list": {
			desired: `{containers: [{name: a, args: [x], env: [{name: A}]}]}`,
			live:    `{containers: [{name: a, args: [other], env: [{name: A}, {name: ADDED}]}]}`,
			want:    `{containers: [{name: a, args: [other], env: [{name: A}]}]}`},
		"a list that live lacks":   {desired: `{containers: [{name: a}]}`, live: `{}`},
		"a field of another type":  {desired: `{ports: [1], map: {a: [1]}}`, live: `{ports: none, map: [1, 2]}`},
		"added keys of a map stay": {desired: `{nodeSelector: {a: "1"}}`, live: `{nodeSelector: {a: "1", b: "2"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			live := object(t, tc.live)
			want := object(t, tc.want)
			if tc.want == "" {
				want = object(t, tc.live)
			}
			desired := object(t, tc.desired)
			if got := removeForeignItems(desired, live); got != (tc.want != "") {
				t.Errorf("removed is %t, want %t", got, tc.want != "")
			}
			if diff := cmp.Diff(want.Object, live.Object); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(object(t, tc.desired).Object, desired.Object); diff != "" {
				t.Errorf("the desired object changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRemoveForeignItemsIgnoresMetadataAndStatus(t *testing.T) {
	desired := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"finalizers": []any{"a"}}, "status": map[string]any{"addresses": []any{"a"}}}}
	live := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"finalizers": []any{"a", "b"}}, "status": map[string]any{"addresses": []any{"a", "b"}}}}
	want := live.DeepCopy()
	if removeForeignItems(desired, live) {
		t.Error("removed items of metadata or status")
	}
	if diff := cmp.Diff(want.Object, live.Object); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func object(t *testing.T, spec string) *unstructured.Unstructured {
	t.Helper()
	var fields any
	if err := yaml.Unmarshal([]byte(spec), &fields); err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Thing", "spec": fields}}
}
