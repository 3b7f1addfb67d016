// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// TestOverlayDuplicates gives lists two items of the same key. Server-side apply refuses them
// forever, with an error of the server.
func TestOverlayDuplicates(t *testing.T) {
	for name, tc := range map[string]struct{ overlay, want string }{
		"a variable": {`containers: [{name: orders, env: [{name: A, value: a}, {name: A, value: b}]}]`,
			`podTemplate: spec.containers[orders].env has "A" twice; to fix: remove one of the two`},
		"a variable of another container": {`containers: [{name: proxy, image: p, env: [{name: A}, {name: B}, {name: A}]}]`,
			`podTemplate: spec.containers[proxy].env has "A" twice; to fix: remove one of the two`},
		"a variable of an init container": {`initContainers: [{name: init, image: i, env: [{name: A}, {name: A}]}]`,
			`podTemplate: spec.initContainers[init].env has "A" twice; to fix: remove one of the two`},
		"a port, once with the default protocol": {`containers: [{name: proxy, image: p, ports: [{containerPort: 9000}, {containerPort: 9000, protocol: TCP}]}]`,
			`podTemplate: spec.containers[proxy].ports has "9000/TCP" twice; to fix: remove one of the two`},
		"a mount":          {`containers: [{name: proxy, image: p, volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /a}]}]`, `podTemplate: spec.containers[proxy].volumeMounts has "/a" twice; to fix: remove one of the two`},
		"a device":         {`containers: [{name: proxy, image: p, volumeDevices: [{name: a, devicePath: /a}, {name: b, devicePath: /a}]}]`, `podTemplate: spec.containers[proxy].volumeDevices has "/a" twice; to fix: remove one of the two`},
		"a claim":          {`containers: [{name: orders, resources: {claims: [{name: a}, {name: a}]}}]`, `podTemplate: spec.containers[orders].resources.claims has "a" twice; to fix: remove one of the two`},
		"a volume":         {`volumes: [{name: a, emptyDir: {}}, {name: a, emptyDir: {}}]`, `podTemplate: spec.volumes has "a" twice; to fix: remove one of the two`},
		"a container":      {`containers: [{name: proxy, image: p}, {name: proxy, image: q}]`, `podTemplate: spec.containers has "proxy" twice; to fix: remove one of the two`},
		"an address":       {`hostAliases: [{ip: 10.0.0.1}, {ip: 10.0.0.1}]`, `podTemplate: spec.hostAliases has "10.0.0.1" twice; to fix: remove one of the two`},
		"a constraint":     {`topologySpreadConstraints: [{topologyKey: a, whenUnsatisfiable: DoNotSchedule}, {topologyKey: a, whenUnsatisfiable: DoNotSchedule}]`, `podTemplate: spec.topologySpreadConstraints has "a/DoNotSchedule" twice; to fix: remove one of the two`},
		"two protocols":    {overlay: `containers: [{name: proxy, image: p, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]}]`},
		"two containers":   {overlay: `containers: [{name: orders, env: [{name: A}]}, {name: proxy, image: p, env: [{name: A}]}]`},
		"one that removes": {overlay: `volumes: [{name: tmp, $patch: delete}, {name: tmp, emptyDir: {}}]`},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := yaml.YAMLToJSON([]byte("spec: {" + tc.overlay + "}"))
			if err != nil {
				t.Fatal(err)
			}
			ms := inputstest.Orders(func(ms *v1alpha1.Microservice) { ms.Spec.PodTemplate = &runtime.RawExtension{Raw: raw} })
			got := ""
			if _, problem := podTemplate(database.Of(&inputs.Inputs{Microservice: ms})); problem != nil {
				got = problem.Message.String()
				if problem.Reason != v1alpha1.ReasonInvalidSpec || !problem.Stalled {
					t.Errorf("the problem is %+v, want InvalidSpec and Stalled", problem)
				}
			}
			if got != tc.want {
				t.Errorf("podTemplate reported %q, want %q", got, tc.want)
			}
		})
	}
}
