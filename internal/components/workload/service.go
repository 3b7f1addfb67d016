// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// Services builds the Service of a Microservice that has ports, and a headless one if it
// serves gRPC.
func Services(db *database.Database) ([]kube.Object, error) {
	if db.Err != nil {
		return nil, db.Err
	}
	ms := db.Microservice
	var services []kube.Object
	if ports := graph.Ports(ms); len(ports) > 0 {
		s := service(db.Inputs, ms.Name, ports)
		addEarlierNumbers(db.Inputs, s)
		services = append(services, s)
	}
	if ports := graph.GRPCPorts(ms); len(ports) > 0 {
		services = append(services, headless(db.Inputs, ports))
	}
	return services, nil
}

func service(in *inputs.Inputs, name string, ports []v1alpha1.Port) *corev1.Service {
	ms := in.Microservice
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ms.Namespace, Labels: names.Labels(ms, v1alpha1.ComponentService)},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: names.Selector(ms, v1alpha1.ComponentService),
			Ports:    make([]corev1.ServicePort, len(ports)),
		},
	}
	for i := range ports {
		s.Spec.Ports[i] = corev1.ServicePort{
			Name:        ports[i].Name,
			Port:        ports[i].Port,
			TargetPort:  targetOf(in, &ports[i]),
			Protocol:    corev1.ProtocolTCP,
			AppProtocol: appProtocol(ports[i].Protocol),
		}
	}
	return s
}

// headless returns the Service whose DNS name has the addresses of all ready pods. A gRPC
// client keeps one connection, so it can balance its calls only over addresses that it
// knows.
func headless(in *inputs.Inputs, ports []v1alpha1.Port) *corev1.Service {
	s := service(in, names.Headless(in.Microservice.Name), ports)
	s.Spec.ClusterIP = corev1.ClusterIPNone
	return s
}

// appProtocol returns the protocol of a port for gateways and meshes
// (https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol).
func appProtocol(protocol v1alpha1.PortProtocol) *string {
	switch protocol {
	case v1alpha1.ProtocolTCP:
		return nil
	case v1alpha1.ProtocolGRPC:
		return ptr.To("kubernetes.io/h2c")
	}
	return ptr.To("http")
}
