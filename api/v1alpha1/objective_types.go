// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ServiceLevelObjective says how many requests must succeed, and how fast.
// +kubebuilder:validation:XValidation:rule="has(self.availability) || has(self.latencyP99)",message="an objective is missing: set availability, latencyP99 or both"
// +kubebuilder:validation:MinProperties=1
type ServiceLevelObjective struct {
	// availability is the percentage of requests that must not fail, such as
	// "99.9". Unset means no objective for failed requests.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=7
	// +kubebuilder:validation:XValidation:rule="self.matches('^[5-9][0-9]([.][0-9]{1,4})?$')",message="availability must be a percentage from 50 to below 100, such as \"99.9\""
	Availability string `json:"availability,omitempty"`

	// latencyP99 is the time in which 99 of 100 requests must be answered, such
	// as 300ms. The histogram needs a finite bucket that ends above it. Unset
	// means no objective for slow requests.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,5}(m|s|ms)){1,3}$') && self.matches('[1-9]')",message="latencyP99 must be a duration such as 300ms or 1s500ms"
	LatencyP99 *metav1.Duration `json:"latencyP99,omitempty"`

	// window is the time for which the objectives hold, in days from 7d to 90d.
	// Prometheus must keep its data for that long. Unset means 30d.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=3
	// +kubebuilder:validation:XValidation:rule="self.matches('^([7-9]|[1-8][0-9]|90)d$')",message="window must be a number of days from 7d to 90d, such as 30d"
	Window string `json:"window,omitempty"`

	// requests names the metric that counts the requests. Unset means requests
	// in the monitoring of the Topology.
	// +optional
	Requests *RequestMetrics `json:"requests,omitempty"`
}

// RequestMetrics names the histogram that measures requests in Prometheus, and the
// series that belong to one service.
// +kubebuilder:validation:MinProperties=1
type RequestMetrics struct {
	// histogram is the name of the histogram of request durations, without
	// _bucket and _count. Unset means http_server_request_duration_seconds, the
	// name that OpenTelemetry defines.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z_:][a-zA-Z0-9_:]*$')",message="histogram must be the name of a metric in Prometheus, such as http_request_duration_seconds"
	Histogram string `json:"histogram,omitempty"`

	// unit is the unit of the durations: Seconds or Milliseconds. Unset means
	// Seconds.
	// +optional
	Unit DurationUnit `json:"unit,omitempty"`

	// codeLabel is the label with the status code of the response. Unset means
	// http_response_status_code, the name that OpenTelemetry defines.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z_][a-zA-Z0-9_]*$')",message="codeLabel must be the name of a label in Prometheus, such as code"
	CodeLabel string `json:"codeLabel,omitempty"`

	// failedCodes is a regular expression of the codes of failed requests. It
	// must match a whole code. Unset means 5.. .
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	FailedCodes string `json:"failedCodes,omitempty"`

	// series selects the series of the service by their labels, for a histogram
	// that a gateway or a mesh exports. Unset means the series that Prometheus
	// scrapes from the service's pods, as the PodMonitor names them.
	// +optional
	// +listType=map
	// +listMapKey=label
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Series []LabelPattern `json:"series,omitempty"`
}

// LabelPattern selects series by the value of a label.
type LabelPattern struct {
	// label is the name of the label.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z_][a-zA-Z0-9_]*$')",message="label must be the name of a label in Prometheus, such as service"
	Label string `json:"label,omitempty"`

	// pattern is a regular expression that matches a whole value. $(namespace)
	// and $(name) stand for those of the Microservice.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Pattern string `json:"pattern,omitempty"`
}

// DurationUnit is the unit of a metric.
// +kubebuilder:validation:Enum=Seconds;Milliseconds
type DurationUnit string

const (
	// UnitSeconds is the unit of metrics that follow the conventions of Prometheus.
	UnitSeconds DurationUnit = "Seconds"
	// UnitMilliseconds is the unit of Istio's histogram of request durations.
	UnitMilliseconds DurationUnit = "Milliseconds"
)

// RecordedRequests are requests about which Prometheus records how many there are, how
// many fail, and how long they take.
// +kubebuilder:validation:Enum=Requests;Calls;GatewayRequests
type RecordedRequests string

const (
	// RecordRequests are the requests that a member receives, as its pods report them.
	RecordRequests RecordedRequests = "Requests"
	// RecordCalls are the requests that a member sends to its dependencies.
	RecordCalls RecordedRequests = "Calls"
	// RecordGatewayRequests are the requests to a member that pass the gateway.
	RecordGatewayRequests RecordedRequests = "GatewayRequests"
)

// CallMetrics names the histogram that measures in Prometheus what pods call.
// +kubebuilder:validation:MinProperties=1
type CallMetrics struct {
	// histogram is the name of the histogram of the durations, without _bucket
	// and _count. Unset means http_client_request_duration_seconds, the name that
	// OpenTelemetry defines.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z_:][a-zA-Z0-9_:]*$')",message="histogram must be the name of a metric in Prometheus, such as http_client_request_duration_seconds"
	Histogram string `json:"histogram,omitempty"`

	// unit is the unit of the durations: Seconds or Milliseconds. Unset means
	// Seconds.
	// +optional
	Unit DurationUnit `json:"unit,omitempty"`

	// codeLabel is the label with the status code of the response. Unset means
	// http_response_status_code, the name that OpenTelemetry defines.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z_][a-zA-Z0-9_]*$')",message="codeLabel must be the name of a label in Prometheus, such as code"
	CodeLabel string `json:"codeLabel,omitempty"`

	// failedCodes is a regular expression of the codes of failed calls. It must
	// match a whole code. Unset means 5..| : codes from 500, and no code, which a
	// call without a response has.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	FailedCodes string `json:"failedCodes,omitempty"`

	// hostLabel is the label with the host name that is called, which is the
	// name of a Service with or without its namespace. Unset means
	// server_address, the name that OpenTelemetry defines.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z_][a-zA-Z0-9_]*$')",message="hostLabel must be the name of a label in Prometheus, such as server_address"
	HostLabel string `json:"hostLabel,omitempty"`
}

// Monitoring says who scrapes the members of a Topology, and what is measured.
// +kubebuilder:validation:XValidation:rule="!has(self.calls) || has(self.record) && 'Calls' in self.record",message="calls without a record of them: add Calls to record",fieldPath=".calls"
// +kubebuilder:validation:XValidation:rule="!has(self.gatewayRequests) || has(self.record) && 'GatewayRequests' in self.record",message="gatewayRequests without a record of them: add GatewayRequests to record",fieldPath=".gatewayRequests"
// +kubebuilder:validation:XValidation:rule="!has(self.record) || !('GatewayRequests' in self.record) || has(self.gatewayRequests) && has(self.gatewayRequests.series)",message="record of GatewayRequests without metrics: set gatewayRequests, with the histogram of your gateway and the series of a member",fieldPath=".record"
// +kubebuilder:validation:MinProperties=1
type Monitoring struct {
	PodPeer `json:",inline"`

	// labels are added to the PodMonitors and PrometheusRules of members. Set
	// what your Prometheus selects them by, such as release:
	// kube-prometheus-stack. Unset means none.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('atoll.dev/') && !k.startsWith('app.kubernetes.io/'))",message="labels must not have the keys that Atoll sets: atoll.dev/... and app.kubernetes.io/..."
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue())",message="labels must have names of at most 63 letters, digits, '-', '_' and '.', such as release"
	Labels map[string]LabelValue `json:"labels,omitempty"`

	// requests names the metric by which the objectives of members are measured.
	// A member can name another one in slo.requests. Unset means the histogram
	// that OpenTelemetry defines, exported by the pods.
	// +optional
	Requests *RequestMetrics `json:"requests,omitempty"`

	// record lists requests whose number, failures and durations Prometheus
	// records for each member: Requests that it receives, Calls to its
	// dependencies, and GatewayRequests. A PrometheusRule of the member has the
	// rules. Unset means Requests of the members with an slo only.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	Record []RecordedRequests `json:"record,omitempty"`

	// calls names the metric with which members measure what they call. Unset
	// means the histogram that OpenTelemetry defines.
	// +optional
	Calls *CallMetrics `json:"calls,omitempty"`

	// gatewayRequests names the metric with which your gateway measures the
	// requests that it passes to members, and the series of a member. record
	// needs it for GatewayRequests.
	// +optional
	GatewayRequests *RequestMetrics `json:"gatewayRequests,omitempty"`
}
