// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Mesh is the service mesh of the members of a Topology. Atoll does not add
// pods to a mesh; the labels of the mesh on the namespace or podTemplate do.
// +kubebuilder:validation:XValidation:rule="!has(self.__namespace__) || self.type != 'IstioAmbient'",message="namespace and type: IstioAmbient are mutually exclusive: pods of an ambient mesh do not call its control plane; remove namespace",fieldPath=".namespace"
type Mesh struct {
	// type is the mesh. IstioAmbient permits its tunnel (port 15008) to and from
	// the peers that are permitted anyway, and probes from 169.254.7.127 and
	// fd16:9254:7127:1337:ffff:ffff:ffff:ffff.
	// IstioSidecar permits istiod (port 15012). Linkerd permits its control
	// plane (ports 8080, 8086 and 8090), and the port of its proxies (4143) to
	// and from the peers that are permitted anyway. With a tunnel, such a peer
	// can reach each port of a pod; only the policies of the mesh restrict that.
	// +required
	Type MeshType `json:"type,omitempty"`

	// namespace is the namespace of the mesh's control plane. Unset means
	// istio-system with IstioSidecar, and linkerd with Linkerd.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="namespace must be the name of a namespace"
	Namespace string `json:"namespace,omitempty"`
}

// MeshType is a service mesh.
// +kubebuilder:validation:Enum=IstioAmbient;IstioSidecar;Linkerd
type MeshType string

const (
	// MeshIstioAmbient is Istio without sidecars.
	MeshIstioAmbient MeshType = "IstioAmbient"
	// MeshIstioSidecar is Istio with a sidecar in each pod.
	MeshIstioSidecar MeshType = "IstioSidecar"
	// MeshLinkerd is Linkerd.
	MeshLinkerd MeshType = "Linkerd"
)
