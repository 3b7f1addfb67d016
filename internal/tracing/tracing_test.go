// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

var users = reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "shop", Name: "users"}}

// TestSpansOfAReconcile checks the names, parents, attributes and errors of spans.
func TestSpansOfAReconcile(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	refused := errors.New("refused")
	r := Reconciler(provider, "Microservice", reconcile.Func(func(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
		_, span := Start(ctx, "Gather")
		span.End(nil)
		_, span = StartObject(ctx, "Apply", "Deployment", "users")
		span.EndChanged(true, refused)
		return reconcile.Result{}, refused
	}))
	if _, err := r.Reconcile(context.Background(), users); !errors.Is(err, refused) {
		t.Errorf("the error is %v, want %v", err, refused)
	}
	type span struct {
		Name       string
		Attributes map[string]string
		Failed     bool
		Errors     int
		IsRoot     bool
	}
	want := []span{
		{Name: "Gather", Attributes: map[string]string{}},
		{Name: "Apply", Attributes: map[string]string{"atoll.object.kind": "Deployment", "atoll.object.name": "users", "atoll.changed": "true"}, Failed: true, Errors: 1},
		{Name: "Reconcile Microservice", Attributes: map[string]string{"atoll.object.kind": "Microservice", "atoll.object.name": "users", "k8s.namespace.name": "shop"}, Failed: true, Errors: 1, IsRoot: true},
	}
	var got []span
	for _, made := range exporter.GetSpans() {
		attributes := map[string]string{}
		for _, a := range made.Attributes {
			attributes[string(a.Key)] = a.Value.String()
		}
		got = append(got, span{made.Name, attributes, made.Status.Code == codes.Error, len(made.Events), !made.Parent.IsValid()})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the spans (-want +got):\n%s", diff)
	}
}

// TestOffCostsNothing checks that a reconcile without a provider allocates nothing for spans.
func TestOffCostsNothing(t *testing.T) {
	inner := &counter{}
	if r := Reconciler(nil, "Microservice", inner); r != reconcile.Reconciler(inner) {
		t.Error("without a provider, the reconciler is wrapped")
	}
	ctx := context.Background()
	allocations := testing.AllocsPerRun(100, func() {
		ctx, span := StartObject(ctx, "Apply", "Deployment", "users")
		_, inner := Start(ctx, "Write")
		inner.End(nil)
		span.EndChanged(true, nil)
	})
	if allocations > 0 {
		t.Errorf("spans that are off make %v allocations", allocations)
	}
}

type counter struct{ reconciles int }

func (c *counter) Reconcile(context.Context, reconcile.Request) (reconcile.Result, error) {
	c.reconciles++
	return reconcile.Result{}, nil
}

func TestProviderFollowsTheEnvironment(t *testing.T) {
	const collector = "http://127.0.0.1:4317"
	for name, tc := range map[string]struct {
		environment map[string]string
		want        bool
		wantErr     string
	}{
		"no endpoint":            {},
		"an endpoint":            {environment: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector}, want: true},
		"an endpoint for traces": {environment: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, want: true},
		"the SDK is disabled":    {environment: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_SDK_DISABLED": "True"}},
		"no exporter":            {environment: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_TRACES_EXPORTER": "none"}},
		"an exporter that the manager lacks": {environment: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_TRACES_EXPORTER": "zipkin"},
			wantErr: `OTEL_TRACES_EXPORTER is "zipkin": traces are exported by otlp only`},
		"the protocol of traces comes first": {environment: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, want: true},
		"a protocol that the manager does not speak": {environment: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
			wantErr: `OTEL_EXPORTER_OTLP_PROTOCOL is "http/protobuf": traces are exported by grpc only`},
	} {
		t.Run(name, func(t *testing.T) {
			provider, err := NewProvider(context.Background(), func(variable string) string { return tc.environment[variable] })
			if text := errorText(err); text != tc.wantErr {
				t.Fatalf("the error is %q, want %q", text, tc.wantErr)
			}
			if (provider != nil) != tc.want {
				t.Fatalf("there is a provider: %t, want %t", provider != nil, tc.want)
			}
			if provider != nil {
				if err := provider.Shutdown(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
