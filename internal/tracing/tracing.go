// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tracing makes OpenTelemetry spans of reconciles. A span begins only inside another one
// that is recorded, so without a provider nothing is made, and nothing is allocated.
package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// scope names the instrumentation in each span.
const scope = "github.com/atoll-dev/atoll"

// The attributes of spans. Those of Kubernetes are named as OpenTelemetry names its own.
const (
	attributeKind      = attribute.Key("atoll.object.kind")
	attributeName      = attribute.Key("atoll.object.name")
	attributeNamespace = attribute.Key("k8s.namespace.name")
	attributeChanged   = attribute.Key("atoll.changed")
)

// Reconciler returns a reconciler that makes a span of each reconcile of a kind. Without a
// provider, it returns the reconciler itself.
func Reconciler(provider trace.TracerProvider, kind string, of reconcile.Reconciler) reconcile.Reconciler {
	if provider == nil {
		return of
	}
	tracer := provider.Tracer(scope)
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		ctx, span := tracer.Start(ctx, "Reconcile "+kind, trace.WithAttributes(
			attributeKind.String(kind), attributeName.String(request.Name), attributeNamespace.String(request.Namespace)))
		result, err := of.Reconcile(ctx, request)
		Span{span}.End(err)
		return result, err
	})
}

// Span is a step of a reconcile. The zero value records nothing.
type Span struct{ span trace.Span }

// Start begins a step of the reconcile that a context belongs to.
func Start(ctx context.Context, step string) (context.Context, Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, step)
	return ctx, Span{span}
}

// StartObject begins a step that is about an object.
func StartObject(ctx context.Context, step, kind, name string) (context.Context, Span) {
	ctx, s := Start(ctx, step)
	if s.span != nil {
		s.span.SetAttributes(attributeKind.String(kind), attributeName.String(name))
	}
	return ctx, s
}

// EndChanged ends a step, and says whether it wrote.
func (s Span) EndChanged(changed bool, err error) {
	if s.span != nil {
		s.span.SetAttributes(attributeChanged.Bool(changed))
	}
	s.End(err)
}

// End ends a step, with its error if it failed.
func (s Span) End(err error) {
	if s.span == nil {
		return
	}
	if err != nil {
		s.span.RecordError(err)
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}
