// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The environment variables of OpenTelemetry that the manager reads itself. The exporter and the
// SDK read the others.
const (
	endpointVariable       = "OTEL_EXPORTER_OTLP_ENDPOINT"
	tracesEndpointVariable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	protocolVariable       = "OTEL_EXPORTER_OTLP_PROTOCOL"
	tracesProtocolVariable = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	disabledVariable       = "OTEL_SDK_DISABLED"
	exporterVariable       = "OTEL_TRACES_EXPORTER"
)

// protocol is the one that the manager exports with.
const protocol = "grpc"

// NewProvider returns a provider that exports spans to the endpoint that the environment names.
// It returns nil if it names none. The caller shuts it down, which exports the last spans.
func NewProvider(ctx context.Context, environment func(string) string) (*sdktrace.TracerProvider, error) {
	if strings.EqualFold(environment(disabledVariable), "true") || environment(exporterVariable) == "none" || environment(endpointVariable) == "" && environment(tracesEndpointVariable) == "" {
		return nil, nil
	}
	if exporter := environment(exporterVariable); exporter != "" && exporter != "otlp" {
		return nil, fmt.Errorf("%s is %q: traces are exported by otlp only", exporterVariable, exporter)
	}
	for _, variable := range []string{tracesProtocolVariable, protocolVariable} {
		if value := environment(variable); value != "" {
			if value != protocol {
				return nil, fmt.Errorf("%s is %q: traces are exported by %s only", variable, value, protocol)
			}
			break
		}
	}
	exporter, err := otlptracegrpc.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("creating the exporter of traces: %w", err)
	}
	// What the environment says comes last, so that it counts.
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "atoll")), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describing the manager for traces: %w", err)
	}
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about)), nil
}
