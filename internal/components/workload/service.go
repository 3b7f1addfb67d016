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

// Services builds the Service of a Microservice that has ports.
func Services(db *database.Database) ([]kube.Object, error) {
	if db.Err != nil {
		return nil, db.Err
	}
	if s := service(db.Inputs); s != nil {
		return kube.One(s)
	}
	return nil, nil
}

func service(in *inputs.Inputs) *corev1.Service {
	ms := in.Microservice
	ports := graph.Ports(ms)
	if len(ports) == 0 {
		return nil
	}
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: ms.Name, Namespace: ms.Namespace, Labels: names.Labels(ms, v1alpha1.ComponentService)},
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
