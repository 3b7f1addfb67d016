// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// TestEarlierNumbers changes the ports of a service, whose live Service has port http with
// number 80, and whose pods listen on port http, 8080.
func TestEarlierNumbers(t *testing.T) {
	numbers := func(numbers ...v1alpha1.PortNumber) []v1alpha1.PortNumber { return numbers }
	http80 := v1alpha1.PortNumber{Port: "http", Number: 80}
	for name, tc := range map[string]struct {
		ports  []v1alpha1.Port
		called []v1alpha1.PortNumber
		behind bool
		// want are the targets of the Service's ports, by number.
		want map[int32]string
	}{
		"no caller":                   {[]v1alpha1.Port{{Name: "http", Port: 81, TargetPort: 8080}}, nil, false, map[int32]string{81: "http"}},
		"a caller uses it":            {[]v1alpha1.Port{{Name: "http", Port: 81, TargetPort: 8080}}, numbers(http80), false, map[int32]string{81: "http", 80: "http"}},
		"callers use the present one": {[]v1alpha1.Port{{Name: "http", Port: 81, TargetPort: 8080}}, numbers(v1alpha1.PortNumber{Port: "http", Number: 81}), false, map[int32]string{81: "http"}},
		"a gateway uses it":           {[]v1alpha1.Port{{Name: "http", Port: 81, TargetPort: 8080}}, nil, true, map[int32]string{81: "http", 80: "http"}},
		"renamed too":                 {[]v1alpha1.Port{{Name: "web", Port: 81, TargetPort: 8080}}, numbers(http80), false, map[int32]string{81: "8080", 80: "8080"}},
		"another container port too":  {[]v1alpha1.Port{{Name: "http", Port: 81}}, numbers(http80), false, map[int32]string{81: "http", 80: "http"}},
		"removed":                     {[]v1alpha1.Port{{Name: "web", Port: 81}}, numbers(http80), false, map[int32]string{81: "web", 80: "http"}},
		"never there":                 {[]v1alpha1.Port{{Name: "web", Port: 81}}, numbers(v1alpha1.PortNumber{Port: "admin", Number: 90}), false, map[int32]string{81: "web"}},
		"given to another port": {[]v1alpha1.Port{{Name: "http", Port: 81, TargetPort: 8080}, {Name: "web", Port: 80, TargetPort: 9090}}, numbers(http80), false,
			map[int32]string{81: "http", 80: "http"}},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders(func(ms *v1alpha1.Microservice) { ms.Spec.Ports = tc.ports })
			in := &inputs.Inputs{Microservice: ms, CalledNumbers: tc.called, RoutesBehind: tc.behind,
				Service: &corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}}}},
				Pods: []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentService}}, Spec: corev1.PodSpec{
					Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}}}}}},
			}
			s := service(in, ms.Name, graph.Ports(ms))
			addEarlierNumbers(in, s)
			got, names := map[int32]string{}, map[string]bool{}
			for _, port := range s.Spec.Ports {
				got[port.Port] = port.TargetPort.String()
				names[port.Name] = true
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("the ports (-want +got):\n%s", diff)
			}
			if len(names) != len(s.Spec.Ports) || len(got) != len(s.Spec.Ports) {
				t.Errorf("two ports have the same name or number: %v", s.Spec.Ports)
			}
		})
	}
}
